/** How sure a finding is: `high` a standard document or several samples agree, `medium` one clear sample, `low` a guess to look at. */
export type Confidence = 'high' | 'medium' | 'low'

/** What kind of document said it. */
export type Source = 'metadata' | 'openapi' | 'docs' | 'model'

/** Something that one public page said. */
export interface Seen<T> {
  readonly value: T
  /** Where it stood. */
  readonly url: string
  readonly source: Source
  /** Samples and official documents weigh more than prose; see `confidenceOf`. */
  readonly weight: number
}

export interface KeyHeader {
  readonly name: string
  /** As it stands before the value, with its space: `Token `. */
  readonly prefix?: string
}

/** What a part of a Basic pair holds: the key itself, something the person chooses, a fixed text, or nothing. */
export type BasicPart =
  /** `label`: what a pair of two keys calls this one. */
  | { readonly holds: 'key'; readonly label?: string }
  | { readonly holds: 'password' | 'nothing' }
  /** `suffix` is what the API wants behind it: `/token`. */
  | { readonly holds: 'user'; readonly suffix?: string }
  | { readonly holds: 'fixed'; readonly text: string }

/** An access that a program fetches by itself, with an id and a secret of the account's own (RFC 6749 §4.4). */
export interface MachineFacts {
  readonly tokenUri: string
  readonly scopes: readonly string[]
  readonly clientAuth?: 'client_secret_basic' | 'client_secret_post'
}

export interface OAuthFacts {
  readonly authorizeUri: string
  readonly tokenUri: string
  readonly issuer?: string
  readonly userInfoUri?: string
  readonly revokeUri?: string
  /** Where a client can register itself (RFC 7591). */
  readonly registrationUri?: string
  readonly scopes: readonly string[]
  readonly clientAuth?: 'client_secret_basic' | 'client_secret_post' | 'none'
}

/** One way to authenticate, before it becomes a pattern of a payload. */
export type Scheme =
  | { readonly kind: 'bearer' }
  | { readonly kind: 'headers'; readonly headers: readonly KeyHeader[] }
  | { readonly kind: 'query' | 'cookie'; readonly name: string }
  | { readonly kind: 'basic'; readonly username: BasicPart; readonly password: BasicPart }
  | ({ readonly kind: 'oauth' } & OAuthFacts)
  | ({ readonly kind: 'machine' } & MachineFacts)
  | { readonly kind: 'none' }

/** The words on the way to the key: `['Settings', 'API keys']`, and the button to press there. */
export interface ClickPath {
  readonly labels: readonly string[]
  readonly button?: string
  /** A page of the provider's own where the way ends. */
  readonly page?: string
}

/** Everything that the sources said, not yet weighed against each other. */
export interface Findings {
  readonly names: Seen<string>[]
  readonly descriptions: Seen<string>[]
  /** URL templates: `https://{{domain}}.desk.example/api/v2`. */
  readonly baseUrls: Seen<string>[]
  readonly schemes: Seen<Scheme>[]
  /** Absolute URL templates of safe GETs without parameters. */
  readonly probes: Seen<string>[]
  readonly clickPaths: Seen<ClickPath>[]
  /** What every request has to say beside its key, the same for everybody: the version of the API. */
  readonly fixedHeaders: Seen<{ readonly name: string; readonly value: string }>[]
}

export function noFindings(): Findings {
  return { names: [], descriptions: [], baseUrls: [], schemes: [], probes: [], clickPaths: [], fixedHeaders: [] }
}

/** The same thing said several times is one finding with more weight; the heaviest first. */
export function ranked<T>(seen: readonly Seen<T>[]): readonly Seen<T>[] {
  const groups = new Map<string, Seen<T>>()
  for (const one of seen) {
    const key = JSON.stringify(one.value)
    const before = groups.get(key)
    const heavier = before === undefined || one.weight > before.weight ? one : before
    groups.set(key, { ...heavier, weight: Math.min((before?.weight ?? 0) + one.weight, MOST_WEIGHT[heavier.source]) })
  }
  return [...groups.values()].sort((a, b) => b.weight - a.weight)
}

/** Weights of one saying: two samples, or a sample on a page about authentication, are sure. */
export const WEIGHT = { official: 10, sampleOnAuthPage: 5, sample: 3, prose: 2, guess: 1 } as const

/** However often pages repeat something, a document made for programs weighs more; a model never weighs as much as a sample. */
const MOST_WEIGHT: Readonly<Record<Source, number>> = { metadata: 100, openapi: 100, docs: 9, model: 2 }

export function confidenceOf({ weight, source }: Pick<Seen<unknown>, 'weight' | 'source'>): Confidence {
  if (source === 'model') return 'low'
  if (weight >= WEIGHT.sampleOnAuthPage) return 'high'
  return weight >= WEIGHT.sample ? 'medium' : 'low'
}
