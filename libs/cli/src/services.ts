import { CodedError } from '@credence/errors'
import type { ListedSetting } from './print/settings.ts'

export const SERVICES = ['registry', 'vault', 'token-refresher', 'verifier', 'gateway'] as const
export type Service = (typeof SERVICES)[number]

/** A collection with the indexes that are made for it. */
export interface ListedCollection {
  readonly name: string
  readonly indexes: readonly { readonly name: string; readonly members: readonly string[] }[]
}

/** What a service package says of itself at `@credence/<service>/main`. */
interface ServiceModule {
  readonly main: {
    readonly settings: Readonly<Record<string, ListedSetting>>
    readonly collections: readonly ListedCollection[]
    /** Ends with a signal. Throws INVALID_SETTING, PORT_IN_USE, STORE_UNAVAILABLE, KEY_MISMATCH. */
    run(args: readonly string[]): Promise<void>
    /** Throws INVALID_SETTING, STORE_UNAVAILABLE. */
    migrate(args: readonly string[], ready: (spec: ListedCollection) => void): Promise<void>
  }
}

/** The service of that name. Throws INVALID_SETTING when there is none. */
export function serviceOf(name: string): Service {
  const service = SERVICES.find((known) => known === name)
  if (service !== undefined) return service
  const detail = `Name one of ${SERVICES.join(', ')}.`
  throw new CodedError('INVALID_SETTING', detail, { faults: [{ pointer: '/service', code: 'UNKNOWN_SERVICE', detail }] })
}

/** By name, because no library knows a service: this one only starts them. */
export async function loadService(service: Service): Promise<ServiceModule['main']> {
  return ((await import(`@credence/${service}/main`)) as ServiceModule).main
}
