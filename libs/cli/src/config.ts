import { Secret } from '@credence/secret'

type Variables = Readonly<Record<string, string | undefined>>

/** What the command line takes from the environment beside its flags, each of which has a variable of its own. */
export interface Environment {
  /** CREDENCE_KEY: there is no flag for it, because flags are seen by every user of the machine. */
  readonly key?: string
}

/** What the environment of a service says of the distributed profile; there are no flags, because the addresses hold passwords. */
export interface Installation {
  readonly storeUrl?: Secret
  /** Set where a service does not use the database of its own name. */
  readonly storeDatabase?: string
  readonly natsUrl?: Secret
  /** A file. */
  readonly natsCreds?: string
  readonly redisUrl?: Secret
  /** The file of the root key. */
  readonly keyUri?: string
  /** By service: `host:port`, several with commas between them. */
  readonly addresses: Readonly<Record<string, string>>
}

const ADDRESSES = {
  registry: 'CREDENCE_REGISTRY_ADDRESS',
  vault: 'CREDENCE_VAULT_ADDRESS',
  'token-refresher': 'CREDENCE_REFRESHER_ADDRESS',
  verifier: 'CREDENCE_VERIFIER_ADDRESS',
  gateway: 'CREDENCE_GATEWAY_ADDRESS',
} as const

/** True when the variable of a switch says no: that a variable is there must not be taken for a yes. */
export function isSwitchedOff(variable: string, env: Variables = process.env): boolean {
  return ['', '0', 'false', 'no'].includes((env[variable] ?? '').toLowerCase())
}

export function readEnvironment(env: Variables = process.env): Environment {
  const { CREDENCE_KEY: key } = env
  return key === undefined || key === '' ? {} : { key }
}

export function readInstallation(env: Variables = process.env): Installation {
  const of = (variable: string): string | undefined => env[variable]?.trim() || undefined
  const secret = (variable: string): Secret | undefined => {
    const text = of(variable)
    return text === undefined ? undefined : Secret.fromString(text)
  }
  const addresses = Object.entries(ADDRESSES).flatMap(([service, variable]) => {
    const address = of(variable)
    return address === undefined ? [] : [[service, address]]
  })
  const given = {
    storeUrl: secret('CREDENCE_STORE_URL'),
    storeDatabase: of('CREDENCE_STORE_DATABASE'),
    natsUrl: secret('CREDENCE_NATS_URL'),
    natsCreds: of('CREDENCE_NATS_CREDS'),
    redisUrl: secret('CREDENCE_REDIS_URL'),
    keyUri: of('CREDENCE_KEY_URI'),
  }
  return {
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<Installation>),
    addresses: Object.fromEntries(addresses) as Record<string, string>,
  }
}

/** The database of a service. */
export function databaseOf({ storeDatabase }: Pick<Installation, 'storeDatabase'>, service: string): string {
  return storeDatabase ?? `credence_${service.replaceAll('-', '_')}`
}
