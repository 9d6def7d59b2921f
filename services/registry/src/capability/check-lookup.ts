import { isId } from '@credence/credential'
import type { Lookup } from '@credence/proto/capability'
import type { LookupCall } from './capability.ts'

type Refuse = (pointer: string, code: string, detail: string) => void

const MOST = { path: 1000, body: 4000, pointer: 200 } as const
const METHODS: readonly string[] = ['GET', 'POST']
/** RFC 6901. */
const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/
const HOLE = /\{\{([^{}]*)\}\}/g
const OF_USER: readonly string[] = ['user.id', 'user.email']

/** The declared call, with every fault of it that can be seen without looking anything up. */
export function readLookup(given: Lookup, { facts, refuse }: { readonly facts: readonly string[]; readonly refuse: Refuse }): LookupCall {
  const at = '/security/lookup'
  const method = given.method.trim().toUpperCase() || 'GET'
  const { credentialId, path, body, records } = given
  const known = [...OF_USER, ...facts]
  if (credentialId !== '' && !isId('cred', credentialId))
    refuse(`${at}/credential_id`, 'INVALID_VALUE', 'Name a credential by its id, `cred_…`.')
  if (!METHODS.includes(method)) refuse(`${at}/method`, 'NOT_ALLOWED', `Write one of ${METHODS.join(', ')}.`)
  if (method === 'GET' && body !== '') refuse(`${at}/body`, 'NOT_ALLOWED', 'Leave it out: a GET has none.')
  if (!isPath(path)) refuse(`${at}/path`, 'INVALID_VALUE', 'Write a path below `proxy_url`, such as /orders/{{order_number}}.')
  if (body !== '' && !isBody(body)) refuse(`${at}/body`, 'INVALID_VALUE', `Write JSON of at most ${MOST.body} characters.`)
  for (const [place, text] of [
    ['path', path],
    ['body', body],
  ] as const) {
    const strange = namesIn(text).filter((name) => !known.includes(name))
    if (strange.length > 0) refuse(`${at}/${place}`, 'UNKNOWN_FIELD', `Between {{ and }} stands one of ${known.join(', ')}.`)
  }
  if (namesIn(`${path}${body}`).length === 0) refuse(`${at}/path`, 'MISSING', 'Say for whom: put a fact, {{user.id}} or {{user.email}} in.')
  if (!isPointer(records)) refuse(`${at}/records`, 'INVALID_VALUE', 'Write a JSON pointer such as /orders.')
  const match = given.match.map(({ fact, pointer }) => ({ fact, pointer }))
  for (const [i, { fact, pointer }] of match.entries()) {
    if (!facts.includes(fact)) refuse(`${at}/match/${i}/fact`, 'UNKNOWN_FIELD', 'Name a fact that is asked.')
    if (!isPointer(pointer)) refuse(`${at}/match/${i}/pointer`, 'INVALID_VALUE', 'Write a JSON pointer such as /shipping/zip.')
  }
  for (const name of facts) {
    const pointers = match.filter(({ fact }) => fact === name).length
    if (pointers !== 1) refuse(`${at}/match`, pointers === 0 ? 'MISSING' : 'DUPLICATE', `Say once where ${name} stands in a record.`)
  }
  return { credentialId, method, path, body, records, match }
}

function namesIn(text: string): string[] {
  return [...text.matchAll(HOLE)].map(([, name = '']) => name)
}

/** What fills a hole is one segment or one value: a path that is whole without it stays below the address that it is put after. */
function isPath(path: string): boolean {
  const whole = path.replace(HOLE, 'x')
  return path.length <= MOST.path && /^\/[!$&-;=?-Z_a-z~%]*$/.test(whole) && !/(?:^|\/)(?:\.|%2e){1,2}(?:[/?]|$)/i.test(whole)
}

function isBody(body: string): boolean {
  try {
    JSON.parse(body)
    return body.length <= MOST.body
  } catch {
    return false
  }
}

function isPointer(pointer: string): boolean {
  return pointer.length <= MOST.pointer && POINTER.test(pointer)
}
