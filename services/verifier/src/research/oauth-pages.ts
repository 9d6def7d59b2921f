import type { Scheme } from './findings.ts'
import { templateOf, withoutFields } from './placeholders.ts'
import type { ReadablePage } from './readable-page.ts'

const ADDRESS = /https?:\/\/[^\s"'`\\|)<>,]+/g
const AUTHORIZE =
  /\/(?:oauth2?|oauth2?\/v\d|v\d\/oauth2?|connect|login\/oauth|auth|-)\/(?:[\w-]+\/)*(?:authorize|authorise|auth|oauth_authorize|dialog)\/?$|\/(?:oauth2?[/_-])?authori[sz]e\/?$/i
const TOKEN =
  /\/(?:oauth2?|oauth2?\/v\d|v\d\/oauth2?|connect|login\/oauth|auth|-)\/(?:[\w-]+\/)*(?:token|access_token|oauth_token)\/?$|\/(?:oauth2?[/_-])(?:access_)?token\/?$/i
const REVOKE = /\/(?:[\w/-]*\/)?(?:oauth[\w/]*\/)?revoke\/?$/i
const SCOPE = /[?&]scope=([^&\s"'`]+)/i
const MAX_SCOPES = 60
/** The patterns above look at every slash: a long address of nothing else would take them long. */
const MAX_ADDRESS_LENGTH = 1_000

/** The OAuth endpoints that a page names by their addresses, all on the provider's own hosts; undefined without both. */
export function oauthFromPage(page: ReadablePage, isOwn: (url: string) => boolean): Scheme | undefined {
  const text = page.blocks.map((block) => block.text).join('\n')
  if (!/oauth|authorization code|client[_ -]?(?:id|secret)/i.test(text)) return undefined
  const addresses = (text.match(ADDRESS) ?? []).map((address) => address.replace(/[.;:]+$/, ''))
  const own = addresses.flatMap((address) => {
    const read = address.length > MAX_ADDRESS_LENGTH ? undefined : templateOf(address)
    return read !== undefined && isOwn(withoutFields(read.template)) ? [{ url: read.template, address }] : []
  })
  const authorize = own.find(({ url }) => AUTHORIZE.test(url))
  const token = own.find(({ url }) => TOKEN.test(url))
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

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
