import type { Clock, Random } from '@credence/service'

/** People, businesses and what they own, as the simulator knows them. Ids are decimal strings, as all Graph API ids are. */
export interface GraphPerson {
  readonly id: string
  readonly name: string
  readonly whatsappAccounts: readonly { readonly id: string; readonly numbers: readonly GraphNumber[] }[]
  readonly pages: readonly GraphPage[]
}

export interface GraphNumber {
  readonly id: string
  readonly display: string
  readonly verifiedName: string
}

export interface GraphPage {
  readonly id: string
  readonly name: string
  readonly instagram?: { readonly id: string; readonly username: string }
}

export interface GraphApp {
  readonly appId: string
  readonly appSecret: string
  readonly name: string
  /** Strict mode: a redirect address must be one of these, letter by letter. */
  readonly redirectUris: string[]
  /** Facebook Login for Business configurations; each says which kind of token it gives. */
  readonly configs: Readonly<Record<string, { readonly tokenType: 'user' | 'system_user'; readonly scopes: readonly string[] }>>
}

/** A message that a business sent, as the API took it. */
export interface SentMessage {
  readonly channel: 'whatsapp' | 'instagram' | 'messenger'
  /** Phone number id, Instagram account id or Page id. */
  readonly from: string
  readonly to: string
  readonly text: string
  readonly token: string
}

export interface GraphCode {
  readonly person: GraphPerson
  readonly redirectUri: string
  readonly configId: string
  readonly challenge: string | undefined
  readonly expiresAt: number
  used: boolean
}

/** Why a token is not in force any more. */
export interface Invalidation {
  readonly subcode: number
  readonly message: string
}

export interface GraphToken {
  readonly value: string
  readonly type: 'USER' | 'SYSTEM_USER' | 'PAGE'
  readonly person: GraphPerson
  readonly page?: GraphPage
  readonly scopes: readonly string[]
  readonly issuedAt: number
  /** Absent: it does not end by time. */
  readonly expiresAt?: number
  readonly dataAccessExpiresAt: number
  invalid?: Invalidation
}

export interface GraphWorld {
  readonly version: string
  readonly app: GraphApp
  readonly clock: Clock
  readonly random: Random
  readonly shortLivedS: number
  longLivedS: number
  readonly codeLifeMs: number
  /** "Require app secret" of the app's advanced settings. */
  readonly requireProof: boolean
  readonly people: GraphPerson[]
  readonly codes: Map<string, GraphCode>
  readonly tokens: Map<string, GraphToken>
  readonly sent: SentMessage[]
  /** Who is signed in at the dialog. */
  visitor: GraphPerson
  /** The dialog shows a page with buttons, as a browser meets it; without, it consents at once. */
  dialogPage: boolean
  readonly coop: boolean
  /** How many further answers of a node are the error of an overloaded or rate-limited API. */
  readonly trouble: { kind: 'down' | 'throttled'; times: number }
}

const WORD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Letters and digits, without bias that a test could meet. */
export function randomWord(world: Pick<GraphWorld, 'random'>, length: number): string {
  return [...world.random.bytes(length)].map((byte) => WORD[byte % WORD.length]).join('')
}
