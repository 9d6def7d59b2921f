import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LedgerEntry, startProcess, startUpstream } from '@credence/testkit'
import { request } from 'undici'
import type { ServerClass } from './plan-kills.ts'

/** An authorization server of one class and the API that takes its tokens. Both outlive every kill: what they saw is the evidence. */
export interface Witness {
  readonly serverClass: ServerClass
  /** The payload of a provider that signs in here. */
  readonly payload: Readonly<Record<string, unknown>>
  readonly client: { readonly clientId: string; readonly clientSecret: string }
  /** `host:port` of both, for EGRESS_ALLOW. */
  readonly addresses: readonly string[]
  /** Every entry so far. */
  ledger(): readonly LedgerEntry[]
  allowRedirect(redirectUri: string): Promise<void>
  /** Who signs in from now on, and for how long the next access token lives. */
  welcome(account: string, expiresInS: number): Promise<void>
  /** Ends every access token of a family, at the API and everywhere; the grant lives on. */
  dropAccessTokens(family: string): Promise<void>
  /** Bends the token endpoint until it is told otherwise; `{}` makes it well again. */
  behave(behaviour: Bent): Promise<void>
  /** How many token requests were carried out and wait for `release` with their answers. */
  held(): Promise<number>
  release(): Promise<void>
  /** What arrived at the API, refused calls too. */
  received(): readonly { readonly path: string; readonly authorization: string | undefined }[]
  close(): Promise<void>
}

/** How the token endpoint may be bent: its answers wait, or come late, or grant a short life. */
export interface Bent {
  readonly hold?: boolean
  readonly delayMs?: number
  readonly expiresInS?: number
}

const FAKE = fileURLToPath(import.meta.resolve('../../libs/testkit/src/fake-as-main.ts'))
/** So long that nothing of a former kill comes due while others happen. */
export const LONG_LIFE_S = 86_400

/** The ledger lies in `folder`, which must be outside of every home: it holds the tokens themselves. */
export async function startWitness(serverClass: ServerClass, folder: string): Promise<Witness> {
  const ledgerFile = join(folder, `${serverClass}.ledger`)
  const fake = await startProcess([FAKE, '--class', serverClass, '--ledger', ledgerFile, '--expires-in', String(LONG_LIFE_S)])
  const { url, clientId, clientSecret, port } = fake.ready as { url: string; clientId: string; clientSecret: string; port: number }
  const control = async (verb: string, argument: unknown): Promise<unknown> => {
    const answer = await request(`${url}/control/${verb}`, {
      method: 'POST',
      ...(argument === undefined ? {} : { body: JSON.stringify(argument) }),
    })
    return answer.body.json()
  }
  const api = await startUpstream({
    accept: async ({ token }) => token !== undefined && ((await control('account-of', token)) as { account: unknown }).account !== null,
  })
  const ledger = ledgerReader(ledgerFile)
  const dropped = new Set<string>()
  return {
    serverClass,
    payload: payloadOf(serverClass, { authorizationServer: url, api: api.url }),
    client: { clientId, clientSecret },
    addresses: [`127.0.0.1:${port}`, `127.0.0.1:${api.port}`],
    ledger,
    async allowRedirect(redirectUri) {
      await control('redirect', redirectUri)
    },
    async welcome(account, expiresInS) {
      await control('sign-in', { sub: account, name: account })
      await control('behave', { endpoint: 'token', times: 1, expiresInS })
    },
    async dropAccessTokens(family) {
      const tokens = ledger().flatMap((entry) => (entry.family === family && entry.issued !== undefined ? [entry.issued.accessToken] : []))
      for (const token of tokens.filter((one) => !dropped.has(one))) {
        dropped.add(token)
        const body = new URLSearchParams({ token, client_id: clientId, client_secret: clientSecret }).toString()
        const headers = { 'content-type': 'application/x-www-form-urlencoded' }
        await (await request(`${url}/revoke`, { method: 'POST', headers, body })).body.dump()
      }
    },
    async behave(behaviour) {
      await control('behave', { endpoint: 'token', ...behaviour })
    },
    held: async () => ((await control('held', undefined)) as { held: number }).held,
    async release() {
      await control('release', undefined)
    },
    received: () => api.requests.map(({ path, headers: { authorization } }) => ({ path, authorization })),
    async close() {
      await Promise.all([api.close(), fake.stop()])
    },
  }
}

/** The file grows while it is read: a line without its end is not there yet, and the others are read once. */
function ledgerReader(file: string): () => readonly LedgerEntry[] {
  const entries: LedgerEntry[] = []
  let end = 0
  return () => {
    const text = readFileSync(file, 'utf8')
    const whole = text.lastIndexOf('\n') + 1
    for (const line of text.slice(end, whole).split('\n')) if (line !== '') entries.push(JSON.parse(line) as LedgerEntry)
    end = whole
    return [...entries]
  }
}

function payloadOf(
  serverClass: ServerClass,
  urls: { readonly authorizationServer: string; readonly api: string },
): Record<string, unknown> {
  return {
    display_name: `Witness ${serverClass}`,
    description: 'An authorization server that writes down what it sees',
    auth_patterns: [
      {
        type: 'OAUTH',
        display_name: 'Sign in',
        oauth_config: {
          authorize_uri: `${urls.authorizationServer}/authorize`,
          token_uri: `${urls.authorizationServer}/token`,
          user_info_uri: `${urls.authorizationServer}/userinfo`,
          issuer: urls.authorizationServer,
          available_scopes: [{ scope: 'read', display_name: 'Read', required: true }],
        },
      },
    ],
    refresh: { class: serverClass },
    proxy_url: urls.api,
    proxy_enabled: true,
  }
}
