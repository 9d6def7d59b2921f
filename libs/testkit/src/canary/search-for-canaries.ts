import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { canaryForms } from './canary-forms.ts'
import { NeedleSet } from './needle-set.ts'

/** Where a secret was found: the file or the name of the text, which secret by its name, and how it was written. Never its value. */
export interface CanaryHit {
  readonly where: string
  readonly secret: string
  readonly form: string
}

export interface CanarySearch {
  /** Every file below them is read, whatever it is. */
  readonly folders?: readonly string[]
  /** By a name for the report: answers, output, logs. */
  readonly texts?: Readonly<Record<string, string | Uint8Array>>
  /** By a name for the report. */
  readonly secrets: Readonly<Record<string, string | Uint8Array>>
}

const CHUNK_BYTES = 1 << 20

/**
 * Searches files and texts for secrets in every form of `canaryForms`; no hit is an empty list. Throws TypeError when there
 * is nothing to look for or nothing to look in, because such a search would prove nothing.
 */
export async function searchForCanaries({ folders = [], texts = {}, secrets }: CanarySearch): Promise<CanaryHit[]> {
  const needles = Object.entries(secrets).flatMap(([secret, value]) =>
    canaryForms(value).map(({ form, needle }) => ({ bytes: needle, tag: { secret, form } })),
  )
  const set = new NeedleSet(needles)
  const files = (await Promise.all(folders.map(filesBelow))).flat()
  if (needles.length === 0 || files.length + Object.keys(texts).length === 0)
    throw new TypeError('a canary search needs secrets and places')
  const hits = new Map<string, CanaryHit>()
  const note = (where: string, { secret, form }: { secret: string; form: string }): void => {
    hits.set(`${where}\n${secret}\n${form}`, { where, secret, form })
  }
  for (const [where, text] of Object.entries(texts)) set.search(Buffer.from(text), (tag) => note(where, tag))
  for (const file of files) await searchFile(set, file, (tag) => note(file, tag))
  return [...hits.values()]
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Reads in pieces that overlap by the longest needle, so that no border hides one. */
async function searchFile<T>(set: NeedleSet<T>, file: string, onHit: (tag: T) => void): Promise<void> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    // A journal that a database removed between listing and reading holds nothing any more.
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (handle === undefined) return
  const buffer = Buffer.alloc(CHUNK_BYTES + set.longest)
  try {
    for (let kept = 0; ; ) {
      const { bytesRead } = await handle.read(buffer, kept, CHUNK_BYTES)
      if (bytesRead === 0) return
      const filled = kept + bytesRead
      set.search(buffer.subarray(0, filled), onHit)
      kept = Math.min(set.longest - 1, filled)
      buffer.copyWithin(0, filled - kept, filled)
    }
  } finally {
    await handle.close()
  }
}
