/** Words that stand for a value. Not as a part of others: `myself`, `themes` and `latest` are names of an API's own. */
const FILLED_IN =
  /(?:your|example|insert|replace|paste)[-_ ]?|(?<![a-z])(?:my|the)(?:[-_ ]|api|access|auth|secret|key|token|company|name|id)|(?<![a-z])(?:demo|test)(?:(?![a-z])|key|token)|(?:api|access|auth|secret)[-_ ]?(?:key|token)|^(?:api)?(?:key|token)$/i

/** `YOUR_API_KEY`, `<token>`, `{api_key}`, `$TOKEN`, `xxxx…`: what stands in samples where a reader puts his own value. */
export function isPlaceholder(text: string): boolean {
  const value = text.trim().replace(/^["'`]|["'`]$/g, '')
  if (
    /^(?:<[^<>]{1,60}>|\{{1,2}[^{}]{1,60}\}{1,2}|\$\{?[A-Za-z_]\w*\}?|\$\{[^{}]{1,60}\}|\[[^[\]]{1,60}\]|%[A-Za-z_]\w*%|:[a-z_]+)$/.test(
      value,
    )
  )
    return true
  // `IHR_SCHLUESSEL`: written as a constant is, in whatever language.
  if (/^[A-Z]{2,}(?:_[A-Z]{2,}){1,5}$/.test(value)) return true
  if (/^(?:x{3,}|\*{3,}|\.{3,}|…)/i.test(value)) return true
  return FILLED_IN.test(value)
}

/** In a host, only what cannot be somebody's real name there: `{shop}`, `<domain>`, `yourcompany`, `your-domain`. */
const HOST_PLACE =
  /^(?:<[\w -]{1,40}>|\{{1,2}[\w -]{1,40}\}{1,2}|\$\{?\w+\}?|\[[\w -]{1,40}\]|:[a-z_]+|%[A-Z_]+%|(?:your|my)[-_]?(?:sub)?-?(?:domain|company|account|team|store|shop|workspace|instance|org|organization|site|tenant|name|helpdesk)(?:[-_]?name)?|subdomain|firmenname|ihre-?(?:firma|domain)|(?:tu|su)-?empresa|(?:votre|mon)-?(?:domaine|entreprise))$/i

/**
 * A URL of a sample as a template of ours, its host lower-cased, without query; undefined when the place for a value is
 * anywhere but in one label of the host or in whole path segments.
 */
export function templateOf(
  url: string,
): { readonly template: string; readonly origin: string; readonly path: string; readonly field?: string } | undefined {
  const [, scheme = '', authority = '', path = ''] = /^(https?):\/\/([^/?#]+)([^?#]*)/i.exec(url) ?? []
  const [host = '', port] = splitPort(authority)
  const labels = host.split('.')
  const places = labels.filter((label) => HOST_PLACE.test(label))
  if (scheme === '' || places.length > 1) return undefined
  if (places.length === 1 && (!HOST_PLACE.test(labels[0] ?? '') || labels.length < 3)) return undefined
  const field = places[0] === undefined ? undefined : fieldNameOf(places[0])
  const plain = labels.map((label) => (HOST_PLACE.test(label) ? `{{${field}}}` : label.toLowerCase())).join('.')
  if (!URL.canParse(`https://${plain.replaceAll(/\{\{\w+\}\}/g, 'x')}`)) return undefined
  const origin = `${scheme.toLowerCase()}://${plain}${port === undefined ? '' : `:${port}`}`
  return { template: `${origin}${path}`, origin, path, ...(field === undefined ? {} : { field }) }
}

function splitPort(authority: string): [string, string | undefined] {
  const [, host = authority, port] = /^(.*?)(?::(\d{1,5}))?$/.exec(authority) ?? []
  return [host, port]
}

/** `{{domain}}` for everything that is somebody's own place at the provider, except where the sample has a better word. */
function fieldNameOf(place: string): string {
  const word = place.toLowerCase().replace(/[^a-z]/g, '')
  return ['shop', 'store', 'workspace', 'instance', 'tenant', 'account', 'region'].find((known) => word.endsWith(known)) ?? 'domain'
}

/** The template with a name in the place of each field, to see whose host it is. */
export function withoutFields(template: string): string {
  return template.replaceAll(/\{\{\w+\}\}/g, 'x')
}
