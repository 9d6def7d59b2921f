import type { Scheme } from './findings.ts'
import { templateOf, withoutFields } from './placeholders.ts'
import type { Block, ReadablePage } from './readable-page.ts'

const ADDRESS = /https?:\/\/[^\s"'`\\|)<>,]+/g
const AUTHORIZE =
  /\/(?:oauth2?|oauth2?\/v\d|v\d\/oauth2?|connect|login\/oauth|auth|-)\/(?:[\w-]+\/)*(?:authorize|authorise|auth|oauth_authorize|dialog)\/?$|\/(?:oauth2?[/_-])?authori[sz]e\/?$/i
const TOKEN =
  /\/(?:oauth2?|oauth2?\/v\d|v\d\/oauth2?|connect|login\/oauth|auth|-)\/(?:[\w-]+\/)*(?:token|access_token|oauth_token)\/?$|\/(?:oauth2?[/_-])(?:access_)?token\/?$/i
/** Beside the address of a sign-in it is the one that goes with it. */
const TOKEN_ALONE = /\/(?:access[_-]?)?tokens?\/?$/i
const REVOKE = /\/(?:[\w/-]*\/)?(?:oauth[\w/]*\/)?revoke\/?$/i
/** An address that is opened with a client's id is where the person signs in, whatever its path. */
const ASKS_FOR_CODE = /[?&]response_type=code\b|[?&]client_id=[^&]*&(?:.*&)?redirect_uri=/i
const CODE_EXCHANGE = /grant_type["']?\s*[=:,]\s*["']?authorization_code/i
const MACHINE_EXCHANGE = /grant_type["']?\s*[=:,]\s*["']?client_credentials/i
const SCOPE = /[?&]scope=([^&\s"'`]+)/i
const MAX_SCOPES = 60
/** The patterns above look at every slash: a long address of nothing else would take them long. */
const MAX_ADDRESS_LENGTH = 1_000

/** The OAuth endpoints that a page names by their addresses, all on the provider's own hosts; undefined without both. */
export function oauthFromPage(page: ReadablePage, isOwn: (url: string) => boolean): Scheme | undefined {
  const text = page.blocks.map((block) => block.text).join('\n')
  const tokenUri = exchangedAt(page.blocks, CODE_EXCHANGE, isOwn)
  if (!/oauth|authorization code|client[_ -]?(?:id|secret)/i.test(text)) return undefined
  const addresses = (text.match(ADDRESS) ?? []).map((address) => address.replace(/[.;:]+$/, ''))
  const own = addresses.flatMap((address) => {
    const read = address.length > MAX_ADDRESS_LENGTH ? undefined : templateOf(address)
    return read !== undefined && isOwn(withoutFields(read.template)) ? [{ url: read.template, address }] : []
  })
  const authorize = own.find(({ url }) => AUTHORIZE.test(url)) ?? own.find(({ address }) => ASKS_FOR_CODE.test(address))
  const token =
    own.find(({ url }) => TOKEN.test(url)) ?? own.find(({ url }) => url === tokenUri) ?? own.find(({ url }) => TOKEN_ALONE.test(url))
  if (authorize === undefined || token === undefined) return undefined
  const revoke = own.find(({ url }) => REVOKE.test(url))
  const scopes = own.flatMap(({ address }) => (SCOPE.exec(address)?.[1] ?? '').split(/\+|%20|,/)).map(decoded)
  return {
    kind: 'oauth',
    authorizeUri: authorize.url,
    tokenUri: token.url,
    scopes: [...new Set(scopes)].filter((scope) => /^[\w.:/-]{2,100}$/.test(scope)).slice(0, MAX_SCOPES),
    ...(revoke === undefined ? {} : { revokeUri: revoke.url }),
  }
}

/** The one way of a page where a program fetches its access with an id and a secret alone; undefined where none is shown. */
export function machineFromPage(page: ReadablePage, isOwn: (url: string) => boolean): Scheme | undefined {
  const tokenUri = exchangedAt(page.blocks, MACHINE_EXCHANGE, isOwn)
  if (tokenUri === undefined) return undefined
  const sample = page.blocks.find(({ text }) => MACHINE_EXCHANGE.test(text))?.text ?? ''
  const scopes = (/[?&"'\s]scope["']?\s*[=:]\s*["']?([\w.:/ +-]{2,300})/.exec(sample)?.[1] ?? '').split(/[ +]/)
  const isInHeader = /authorization["']?\s*:\s*["']?basic|(?:^|\s)(?:-u|--user)\s/i.test(sample)
  return {
    kind: 'machine',
    tokenUri,
    scopes: scopes.filter((scope) => scope !== '').slice(0, MAX_SCOPES),
    clientAuth: isInHeader ? 'client_secret_basic' : 'client_secret_post',
  }
}

/** Where a sample sends such a grant: the only address of the provider that stands in it. */
function exchangedAt(blocks: readonly Block[], grant: RegExp, isOwn: (url: string) => boolean): string | undefined {
  for (const { text } of blocks) {
    if (!grant.test(text)) continue
    const [address] = (text.match(ADDRESS) ?? []).filter((one) => one.length <= MAX_ADDRESS_LENGTH)
    const read = address === undefined ? undefined : templateOf(address)
    if (read !== undefined && isOwn(withoutFields(read.template))) return read.template
  }
  return undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
