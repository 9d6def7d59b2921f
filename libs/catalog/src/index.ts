import { readdirSync, readFileSync } from 'node:fs'

/** The catalogue of well-known providers: payloads in the format that anybody writes, as files beside this package. */

/** One provider of the catalogue. `slug` is its file name without `.json`; `bytes` is a payload as `parseProvider` takes it. */
export interface CatalogEntry {
  readonly slug: string
  readonly bytes: Uint8Array
}

const FOLDER = new URL('../providers/', import.meta.url)
const SUFFIX = '.json'

/** All entries, sorted by slug. Read at each call: the catalogue is looked at when a provider is added, never on a call. */
export function catalogEntries(): CatalogEntry[] {
  return slugs().map(readEntry)
}

/** The payload of this slug, or undefined. A slug is looked up among the known ones and never becomes a path by itself. */
export function catalogEntry(slug: string): Uint8Array | undefined {
  const known = slugs().find((candidate) => candidate === slug)
  return known === undefined ? undefined : readEntry(known).bytes
}

function slugs(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .sort()
}

function readEntry(slug: string): CatalogEntry {
  return { slug, bytes: readFileSync(new URL(`${slug}${SUFFIX}`, FOLDER)) }
}
