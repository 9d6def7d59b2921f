import type { HasOutbox } from '@credence/events'
import type { Doc } from '@credence/store'

/**
 * A provider with its newest version (`registry_providers`). An older version is moved to `registry_provider_versions`
 * before the next one takes its place, so that one write makes a version and none is ever half there.
 */
export interface ProviderDoc extends HasOutbox {
  readonly project: string
  readonly version: number
  /** The bytes as they were received. */
  readonly payload: Uint8Array
  readonly displayName: string
  /** `own` or the slug of the catalogue entry. */
  readonly origin: string
  readonly createdAt: Date
  /** When the newest version was made. */
  readonly versionAt: Date
  /** Present while it is not deleted: the first member of the list indexes. */
  readonly listedIn?: string | undefined
  readonly foldedName: string
  /** Since when live credentials are on their way to the newest version. */
  readonly movingSince?: Date | undefined
}

/** A former version (`registry_provider_versions`, id `<provider>.<version>`); never changed. */
export interface ProviderVersionDoc extends Doc {
  readonly project: string
  readonly provider: string
  readonly version: number
  readonly payload: Uint8Array
  readonly displayName: string
  readonly versionAt: Date
}

/** The registration of an OAuth client (`registry_clients`); its secret is in the vault. */
export interface ClientDoc extends Doc {
  readonly project: string
  readonly provider: string
  /** The identifier that the provider gave (RFC 6749 section 2.2). */
  readonly oauthClientId: string
  /** What the provider's `client_fields` ask for beside it. */
  readonly fields?: Readonly<Record<string, string>> | undefined
  readonly createdAt: Date
}

/**
 * Names are compared as people read them: neither case nor Unicode form tells two apart. By way of upper case, so that `ß` and
 * `SS`, and both forms of the Greek sigma, are one (Unicode §3.13). Two providers may have one name, and the second is warned of.
 */
export function foldName(name: string): string {
  return name.trim().normalize('NFC').toUpperCase().toLowerCase().normalize('NFC')
}

/** Every form in which a name may have been stored: providers that were saved before keep the form of their time. */
export function foldedForms(name: string): readonly string[] {
  return [...new Set([foldName(name), name.trim().normalize('NFC').toLowerCase()])]
}
