import type { KeyHeader, Scheme } from './findings.ts'
import { isPlaceholder } from './placeholders.ts'
import { keyHeadersOf, type Sample } from './samples.ts'

/** The ways to authenticate that one sample shows: what it sends that stands for a reader's own key. */
export function schemesOfSample(sample: Sample): readonly Scheme[] {
  const authorization = sample.headers.find(({ name }) => name.toLowerCase() === 'authorization')?.value
  const keys = keyHeadersOf(sample).map(({ name, value }): KeyHeader => withPrefix(name, value))
  const own = authorization === undefined ? [] : authorizationScheme(authorization, keys)
  const basic = sample.basic === undefined ? [] : [basicScheme(sample.basic)]
  const others = own.length === 0 && basic.length === 0 && keys.length > 0 ? [{ kind: 'headers' as const, headers: keys }] : []
  const inQuery = own.length + basic.length + others.length === 0 ? querySchemes(sample.urls) : []
  return [...own, ...basic, ...others, ...inQuery]
}

const WORDS = /^(?:token|key|apikey|api-key|oauth|ssws|genie-?key)$/i

function authorizationScheme(value: string, keys: readonly KeyHeader[]): readonly Scheme[] {
  const [, word = '', rest = ''] = /^([A-Za-z][\w-]{0,30})[ =]\s*(.*)$/.exec(value) ?? []
  if (/^bearer$/i.test(word))
    return keys.length === 0
      ? [{ kind: 'bearer' }]
      : [{ kind: 'headers', headers: [{ name: 'Authorization', prefix: 'Bearer ' }, ...keys] }]
  if (/^basic$/i.test(word)) return [encodedScheme(rest)]
  // Whatever the word is: what stands behind it is the key.
  if (word !== '' && (WORDS.test(word) ? rest !== '' : isPlaceholder(rest))) {
    // `Token token=…` is one word longer.
    const inner = /^(token=|key=)/i.exec(rest)?.[1] ?? ''
    return [{ kind: 'headers', headers: [{ name: 'Authorization', prefix: `${word} ${inner}` }, ...keys] }]
  }
  return isPlaceholder(value) ? [{ kind: 'headers', headers: [{ name: 'Authorization' }, ...keys] }] : []
}

/** `Basic base64(id:secret)`, `Basic {email:token}`: the halves are named where they are put together. */
function encodedScheme(text: string): Scheme {
  const [, left, right = ''] = /[({<"']\s?([\w./ -]{2,60}):([\w./ -]{0,60})[)}>"']/.exec(text) ?? []
  if (left === undefined) return { kind: 'basic', username: { holds: 'user' }, password: { holds: 'password' } }
  return basicScheme({ left, right })
}

function withPrefix(name: string, value: string): KeyHeader {
  const word = /^(Bearer|Token|Key|Basic)\s+\S/i.exec(value)?.[1]
  return word === undefined ? { name } : { name, prefix: `${word} ` }
}

/** Freshdesk's `key:X`, Stripe's `key:`, Zendesk's `user/token:key`: which half is the key is in the words of the sample. */
function basicScheme({ left, right }: Sample['basic'] & object): Scheme {
  const pair = right === undefined ? undefined : pairOfKeys(left, right)
  if (pair !== undefined) return pair
  const isKey = (text: string): boolean => KEY_LIKE.test(text) && (isPlaceholder(text) || /\d/.test(text))
  if (right === undefined) return { kind: 'basic', username: { holds: isKey(left) ? 'key' : 'user' }, password: { holds: 'password' } }
  if (isKey(left)) {
    if (right === '') return { kind: 'basic', username: { holds: 'key' }, password: { holds: 'nothing' } }
    const isFixed = /^[Xx]+$|^(?:x|api_?token|unused|dummy|none)$/i.test(right)
    return { kind: 'basic', username: { holds: 'key' }, password: isFixed ? { holds: 'fixed', text: right } : { holds: 'password' } }
  }
  if (isKey(right) && /^(?:api|apikey|api_key|key|token|x|user|any ?string|anything|any)$/i.test(left)) {
    return { kind: 'basic', username: { holds: 'fixed', text: left }, password: { holds: 'key' } }
  }
  const suffix = /^.{2,80}?(\/[a-z]{2,20})$/.exec(left)?.[1]
  const username = { holds: 'user' as const, ...(suffix === undefined || !isKey(right) ? {} : { suffix }) }
  return { kind: 'basic', username, password: { holds: isKey(right) ? 'key' : 'password' } }
}

/** `public_key:private_key`, `account_sid:auth_token`: two halves that the account's settings show, neither of them a sign-in. */
const FIRST_OF_TWO =
  /^(?:public|access|app|application|api|consumer)[-_ ]?key(?:[-_ ]?id)?$|^(?:account|client|app|key|api[-_ ]?key|token)[-_ ]?s?id$/i
const SECOND_OF_TWO =
  /^(?:(?:private|secret|api|access|app)[-_ ]?key|(?:api|auth|access)[-_ ]?token|(?:(?:client|api|app|key|consumer|token)[-_ ]?)?secret)$/i

function pairOfKeys(left: string, right: string): Scheme | undefined {
  const [first, second] = [left, right].map((half) => half.replace(/^[<{[$"']+|[>}\]"']+$/g, '').replace(/^your[-_ ]?/i, ''))
  if (first === undefined || second === undefined || !FIRST_OF_TWO.test(first) || !SECOND_OF_TWO.test(second)) return undefined
  return { kind: 'basic', username: { holds: 'key', label: labelOf(first) }, password: { holds: 'key', label: labelOf(second) } }
}

/** `ACCOUNT_SID` → `Account SID`. */
function labelOf(name: string): string {
  const words = name
    .toLowerCase()
    .split(/[-_ ]+/)
    .join(' ')
    .replace(/\b(?:api|id|sid)\b/g, (word) => word.toUpperCase())
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`
}

const KEY_LIKE = /key|token|secret|sk_|pat\b/i

const KEY_PARAMETER =
  /^(?:(?:api|access|auth|user|client|private|secret|license|account|app|subscription|hapi)?[-_]?key|(?:api|access|auth|user|secret)?[-_]?token|appid)$/i

function querySchemes(urls: readonly string[]): readonly Scheme[] {
  return urls.flatMap((url): readonly Scheme[] => {
    const [name, ...further] = queryPairs(url).flatMap(([key = '', value = '']) => (isKeyParameter(key) && isPlaceholder(value) ? key : []))
    // One of two keys would be half a way.
    return name === undefined || further.length > 0 ? [] : [{ kind: 'query', name }]
  })
}

export function isKeyParameter(name: string): boolean {
  return KEY_PARAMETER.test(name)
}

export function queryPairs(url: string): readonly (readonly string[])[] {
  const query = url.split('?')[1] ?? ''
  return query === '' ? [] : query.split(/&(?:amp;)?/).map((pair) => pair.split('='))
}
