import type { RefreshResponse } from '@credence/proto/refresh'
import type { Recipe } from '@credence/provider'
import { callAs } from '@credence/rpc'
import { TestClock } from '@credence/testkit'
import { CLIENT, granted, grantRecipe, newClient, registerClient } from './connecting.ts'
import { Harness, type HarnessOptions, putKey } from './harness.ts'
import { type Outside, startOutside } from './outside.ts'

type ServerOptions = NonNullable<Parameters<typeof startOutside>[0]>
type ServerClass = NonNullable<ServerOptions['serverClass']>

/** A vault, an authorization server of one class on the same clock, and an API that takes its live access tokens only. */
export interface GrantWorld {
  readonly harness: Harness
  readonly outside: Outside
  readonly key: string
  readonly clientId: string
  /** A fresh grant in force; answers the credential's id. */
  grant(members?: Readonly<Record<string, unknown>>): Promise<string>
  recipe(members?: Readonly<Record<string, unknown>>): Recipe
  refresh(credentialId: string, expectedVersion?: number): Promise<RefreshResponse>
  /** Requests to the token endpoint so far. */
  posts(): number
  close(): Promise<void>
}

export async function startGrantWorld(
  serverClass: ServerClass,
  options: { readonly server?: ServerOptions; readonly vault?: HarnessOptions; readonly refresh?: Readonly<Record<string, unknown>> } = {},
): Promise<GrantWorld> {
  const clock = new TestClock()
  const clients = [{ clientId: CLIENT.oauthClientId, clientSecret: CLIENT.secret, redirectUris: [] }]
  const outside = await startOutside({ serverClass, clock, clients, ...options.server })
  const harness = await Harness.start({ clock, egress: outside.egress, ...options.vault })
  const { key } = await putKey(harness)
  const clientId = newClient()
  await registerClient(harness, clientId)
  outside.api.accept(({ token }) => token !== undefined && outside.as.accountOf(token) !== undefined)
  const recipe = (members: Readonly<Record<string, unknown>> = {}): Recipe =>
    grantRecipe(clientId, { refresh: { class: serverClass, ...options.refresh }, ...members })
  return {
    harness,
    outside,
    key,
    clientId,
    recipe,
    grant: (members) => granted(harness, outside.as, { recipe: recipe(members) }),
    refresh: (credentialId, expectedVersion = 0) =>
      harness.as('token-refresher').refresh({ credentialId, expectedVersion, cause: 'schedule' }, callAs(harness.order('token-refresher'))),
    posts: () => outside.as.ledger().filter(({ grantType }) => grantType === 'refresh_token').length,
    async close() {
      await harness.stop()
      await outside.close()
    },
  }
}
