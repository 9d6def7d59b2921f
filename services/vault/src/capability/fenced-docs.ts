import { createHmac } from 'node:crypto'
import { CodedError, isCoded } from '@credence/errors'
import type { Collection, Doc, DocumentStore, Stored } from '@credence/store'
import type { Floors } from '../credential/floors.ts'
import { sameBytes } from '../credential/same-bytes.ts'

/** What the registry pushed, with a MAC so that a storage writer cannot let himself in, and a generation that never falls. */
export interface FencedDoc extends Doc {
  readonly project: string
  readonly generation: number
  readonly mac: Uint8Array
}

/** Documents under the rule of the access fence: read fresh at each use, held against MAC and floor. */
export interface FencedDocs<D extends FencedDoc> {
  /** Throws CREDENTIAL_QUARANTINED for one that was altered or brought back from the past. */
  read(id: string): Promise<Stored<D> | undefined>
  /** Stores it, unless it is there already. `replaced`: what other replicas have read of the one before may still be in use. */
  set(doc: Omit<D, 'mac'>): Promise<{ readonly replaced: boolean }>
}

const MAX_TRIES = 50

export async function openFencedDocs<D extends FencedDoc>(options: {
  readonly store: DocumentStore
  readonly collection: string
  readonly macKey: Uint8Array
  readonly floors: Floors
  /** Every member but the MAC, in one order for ever. */
  readonly canonical: (doc: Omit<D, 'mac'>) => readonly unknown[]
}): Promise<FencedDocs<D>> {
  const { collection: name, macKey, floors, canonical } = options
  const docs: Collection<D> = await options.store.collection<D>({ name, indexes: [] })
  const signed = (doc: Omit<D, 'mac'>): D => Object.assign({}, doc, { mac: macOf(doc) }) as unknown as D
  const macOf = (doc: Omit<D, 'mac'>): Buffer =>
    createHmac('sha256', macKey)
      .update(JSON.stringify([name, ...canonical(doc)]))
      .digest()
  async function read(id: string): Promise<Stored<D> | undefined> {
    for (;;) {
      const floor = floors.generation(id)
      const doc = await docs.get(id, { fresh: true })
      if (doc === undefined) return undefined
      if (!sameBytes(macOf(doc), doc.mac)) throw quarantined()
      if (doc.generation < floor) throw quarantined()
      // It changed while the answer was on its way: what counts is what is there now.
      if (doc.generation >= floors.generation(id)) return doc
    }
  }
  return {
    read,
    async set(wanted) {
      const doc = signed(wanted)
      for (let tries = 1; ; tries++) {
        const stored = await docs.get(doc.id, { fresh: true })
        if (stored !== undefined && stored.generation > doc.generation) throw new CodedError('CONFLICT', 'A newer one is in force.')
        if (stored?.generation === doc.generation && sameBytes(stored.mac, doc.mac)) return { replaced: true }
        try {
          await (stored === undefined ? docs.insert(doc) : docs.replace(doc, stored.rev))
          floors.raise(doc.id, { version: 0, generation: doc.generation })
          return { replaced: stored !== undefined }
        } catch (error) {
          const isRace = isCoded(error, 'CONFLICT') || isCoded(error, 'ALREADY_EXISTS')
          if (!isRace || tries === MAX_TRIES) throw error
        }
      }
    },
  }
}

function quarantined(): CodedError {
  return new CodedError('CREDENTIAL_QUARANTINED', 'What was stored of this capability was altered, or is older than what was last seen.')
}
