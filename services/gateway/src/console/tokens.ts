import { isCoded } from '@credence/errors'
import type { Clock, Random } from '@credence/service'
import type { Collection, CollectionSpec, Doc, DocumentStore, Stored } from '@credence/store'
import { newToken, sha256 } from '../connect/digest.ts'

/**
 * What a token of ours stands for: `link` signs a person in once, `console` is a signed-in browser, `oidc` a sign-in under
 * way, `ticket` carries a console user over to a connect session.
 */
export type TokenKind = 'link' | 'console' | 'oidc' | 'ticket'

/** `gateway_tokens`, under the SHA-256 of the token. */
interface TokenDoc extends Doc {
  readonly kind: TokenKind
  readonly project: string
  /** A name of the user; empty while nobody has signed in. */
  readonly user: string
  readonly data: Readonly<Record<string, string>>
  readonly until: Date
}

export type TokenContent = Pick<TokenDoc, 'project' | 'user' | 'data'>

export interface Tokens {
  issue(kind: TokenKind, content: TokenContent, lifeMs: number): Promise<string>
  /** What the token stands for; undefined when it is unknown, of another kind or too old. */
  read(kind: TokenKind, token: string): Promise<TokenContent | undefined>
  /** Reads and removes it: of two who present it one gets it. */
  take(kind: TokenKind, token: string): Promise<TokenContent | undefined>
  sweep(): Promise<void>
}

interface Parts {
  readonly store: DocumentStore
  readonly clock: Clock
  readonly random: Random
}

const PAGE = 200

export const TOKEN_COLLECTION: CollectionSpec = { name: 'gateway_tokens', indexes: [{ name: 'until', members: ['until'] }] }

export async function openTokens({ store, clock, random }: Parts): Promise<Tokens> {
  const tokens: Collection<TokenDoc> = await store.collection<TokenDoc>(TOKEN_COLLECTION)
  const find = async (kind: TokenKind, token: string): Promise<Stored<TokenDoc> | undefined> => {
    const doc = await tokens.get(sha256(token), { fresh: true })
    return doc?.kind === kind && doc.until.getTime() > clock.now() ? doc : undefined
  }
  return {
    async issue(kind, content, lifeMs) {
      const token = newToken(random)
      await tokens.insert({ ...content, id: sha256(token), v: 1, kind, until: new Date(clock.now() + lifeMs) })
      return token
    },
    read: find,
    async take(kind, token) {
      const doc = await find(kind, token)
      if (doc === undefined) return undefined
      return tokens.remove(doc.id, doc.rev).then(
        () => doc,
        (error: unknown) => {
          if (isCoded(error, 'CONFLICT')) return undefined
          throw error
        },
      )
    },
    async sweep() {
      const { docs } = await tokens.find('until', { prefix: [], to: new Date(clock.now()), limit: PAGE })
      for (const doc of docs) await tokens.remove(doc.id, doc.rev).catch(() => undefined)
    },
  }
}
