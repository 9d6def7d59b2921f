import { isCoded } from '@credence/errors'
import { describe, expect, test } from 'vitest'
import { decodeRecipe, encodeRecipe, parseProvider, reviewProvider } from '../src/index.ts'
import { fieldsOfSign, needsBody, type RecipeSign } from '../src/sign/index.ts'
import { oauthPattern, payloadWith, recipeWith, refusalOf, refusalOfPattern, toBytes } from './payload.ts'

const at = '/auth_patterns/0'
type Json = Readonly<Record<string, unknown>>

const fields = (...names: readonly string[]): Json[] => names.map((field_name) => ({ field_name }))
const HMAC: Json = { hash: 'sha256', key: '{{secret}}', message: '{{@body}}', headers: [{ name: 'X-Signature', value: '{{@signature}}' }] }
const custom = (sign: Json, ...names: readonly string[]): Json => ({ type: 'CUSTOM', fields: fields('secret', ...names), sign })
const hmac = (members: Json = {}, ...names: readonly string[]): Json => custom({ hmac: { ...HMAC, ...members } }, ...names)
const SIGV4: Json = { region: 'r', service: 's', access_key_id: '{{id}}', secret_access_key: '{{secret}}' }
const sigV4 = (members: Json = {}): Json => custom({ aws_sigv4: { ...SIGV4, ...members } }, 'id', 'session')
const JWT: Json = { alg: 'RS256', key: '{{secret}}', claims: {}, lifetime_seconds: 60 }
const jwt = (members: Json = {}): Json => custom({ jwt: { ...JWT, ...members } }, 'app')
const message = (members: Json = {}): Json => custom({ http_message: { alg: 'ed25519', key: '{{secret}}', ...members } }, 'key_id')

const detailsOf = (pattern: Json): string => (refusalOf(payloadWith({ auth_patterns: [pattern] }))?.details ?? []).join('\n')

describe('what a signature may be', () => {
  test.each<[string, Json]>([
    ['hmac', hmac()],
    ['hmac in the query', hmac({ headers: undefined, query: [{ name: 'signature', value: '{{@signature}}' }] })],
    [
      'hmac with lines',
      hmac({ message: '{{@method}}\n{{@target}}\n{{@header:Date}}\n{{@timestamp:rfc3339}}\n{"a":{{tenant}}}' }, 'tenant'),
    ],
    ['aws_sigv4', sigV4()],
    ['aws_sigv4 with everything', sigV4({ session_token: '{{session}}', in: 'query', expires_seconds: 60, signed_headers: ['Range'] })],
    ['jwt', jwt()],
    [
      'jwt with everything',
      jwt({ header: { kid: '{{app}}' }, claims: { iss: '{{app}}', aud: ['a', '{{app}}'], n: 1.5, ok: true }, jti: true }),
    ],
    ['http_message', message()],
    [
      'http_message with everything',
      message({ components: ['@method', 'Content-Digest', 'date'], keyid: '{{key_id}}', tag: 'a', nonce: true }),
    ],
  ])('[S0-10] [S1-12] %s is accepted, and the vault reads what is made of it', (_name, pattern) => {
    const recipe = recipeWith(pattern)
    expect(decodeRecipe(encodeRecipe(recipe).bytes)).toEqual(recipe)
    expect(recipe).toMatchObject({ family: 'custom', placements: [] })
  })

  test.each(['API_KEY', 'BEARER', 'BASIC', 'CUSTOM_HEADER'])('[S0-10] a %s may sign beside what it sends', (type) => {
    const headers = type === 'CUSTOM_HEADER' ? { headers: [{ name: 'X-Key', value: '{{token}}' }] } : {}
    const recipe = recipeWith({ type, fields: fields('secret', 'api_key', 'token', 'username'), ...headers, sign: { hmac: HMAC } })
    expect([recipe.sign?.kind, recipe.placements.length]).toEqual(['hmac', 1])
  })

  test('[S1-10] a pattern that signs nothing has the recipe that it always had', () => {
    const { id } = encodeRecipe(recipeWith({ type: 'BEARER', fields: fields('token') }))
    expect(id).toBe('rcp_a6fd0e81a399285903c0e9485e21eca53bbb4f6630c9aa4032c148c1e0bce761')
  })
})

describe('what is wrong in a signature', () => {
  test('[S0-10] [S1-9] all of it is told at once, each with what to write', () => {
    const pattern = custom(
      {
        hmac: {
          ...HMAC,
          hash: 'md5',
          key: '{{secrett}}',
          message: '{{@timestmp}}{{bdy}}{{method}}{{@header}}{{@timestamp:hours}}{{@signature}}',
          headers: [
            { name: 'Host', value: '{{@body}}' },
            { name: 'X-A', value: 'nothing' },
            { name: 'x-a', value: '{{nobody_at_all}}' },
          ],
        },
      },
      'body',
    )
    expect(refusalOf(payloadWith({ auth_patterns: [pattern] }))?.faults).toEqual([
      `${at}/sign/hmac/hash NOT_ALLOWED`,
      `${at}/sign/hmac/headers MISSING`,
      `${at}/sign/hmac/headers/0/name RESERVED_NAME`,
      `${at}/sign/hmac/headers/0/value NOT_ALLOWED`,
      `${at}/sign/hmac/headers/2/name DUPLICATE`,
      `${at}/sign/hmac/headers/2/value UNDECLARED_FIELD`,
      `${at}/sign/hmac/key UNDECLARED_FIELD`,
      `${at}/sign/hmac/message NOT_ALLOWED`,
      `${at}/sign/hmac/message UNDECLARED_FIELD`,
      `${at}/sign/hmac/message UNDECLARED_FIELD`,
      `${at}/sign/hmac/message INVALID_VALUE`,
      `${at}/sign/hmac/message NOT_ALLOWED`,
      `${at}/sign/hmac/message NOT_ALLOWED`,
    ])
    const details = detailsOf(pattern)
    for (const words of ['Write `{{@timestamp}}`', 'Write `{{body}}`', 'Write `{{@method}}`', 'Write `{{secret}}`', '`{{@header:date}}`']) {
      expect(details).toContain(words)
    }
  })

  test.each<[string, Json, string[]]>([
    ['a template that refers to an unknown field', hmac({ message: '{{tenant}}' }), ['/sign/hmac/message UNDECLARED_FIELD']],
    ['a region of an unknown field', sigV4({ region: '{{region}}' }), ['/sign/aws_sigv4/region UNDECLARED_FIELD']],
    ['a claim of an unknown field', jwt({ claims: { iss: '{{apt}}' } }), ['/sign/jwt/claims/iss UNDECLARED_FIELD']],
    ['an item of an unknown field', jwt({ claims: { aud: ['a', '{{nobody}}'] } }), ['/sign/jwt/claims/aud/1 UNDECLARED_FIELD']],
    ['a broken template', hmac({ message: '{{body' }), ['/sign/hmac/message INVALID_VALUE']],
    ['a key that is written in the payload', hmac({ key: 'hunter2' }), ['/sign/hmac/key SECRET_SHOWN']],
    ['a key of the request', hmac({ key: '{{@nonce}}' }), ['/sign/hmac/key NOT_ALLOWED', '/sign/hmac/key SECRET_SHOWN']],
    ['no kind', custom({}), ['/sign MISSING']],
    ['two kinds', custom({ hmac: HMAC, aws_sigv4: SIGV4 }, 'id'), ['/sign/aws_sigv4 NOT_ALLOWED']],
    ['an unknown kind', custom({ hamc: HMAC }), ['/sign MISSING', '/sign/hamc UNKNOWN_MEMBER']],
    [
      'a claim that is the platform’s',
      jwt({ claims: { exp: 1 }, header: { alg: 'none' } }),
      ['/sign/jwt/claims/exp RESERVED_NAME', '/sign/jwt/header/alg RESERVED_NAME'],
    ],
    ['a claim of another kind', jwt({ claims: { a: null } }), ['/sign/jwt/claims/a WRONG_TYPE']],
    ['a header without the token', jwt({ headers: [{ name: 'X-A', value: '{{app}}' }] }), ['/sign/jwt/headers MISSING']],
    [
      'a component that does not exist',
      message({ components: ['@methd', '@method', '@METHOD'] }),
      ['/sign/http_message/components/0 NOT_ALLOWED', '/sign/http_message/components/2 DUPLICATE'],
    ],
    ['an expiry without a query', sigV4({ expires_seconds: 60 }), ['/sign/aws_sigv4/expires_seconds NOT_ALLOWED']],
  ])('[S0-10] [S1-9] %s is refused', (_name, pattern, faults) => {
    expect(refusalOfPattern(pattern)).toEqual(faults.map((fault) => `${at}${fault}`))
  })

  test('[S0-10] no sentence repeats what was written as a key', () => {
    expect(JSON.stringify(refusalOf(payloadWith({ auth_patterns: [hmac({ key: 'hunter2', hash: 'hunter2' })] })))).not.toContain('hunter2')
  })

  test('[S0-10] a key in a readable place is refused: an account field, a URL, a header that is shown', () => {
    const account = { ...hmac(), fields: [], account_fields: fields('secret') }
    expect(refusalOfPattern(account)).toEqual([`${at}/account_fields/0/field_name SECRET_SHOWN`])
    expect(refusalOfPattern(hmac(), { proxy_url: 'https://api.example.com/{{secret}}' })).toEqual(['/proxy_url SECRET_SHOWN'])
    const shown = { ...hmac(), headers: [{ name: 'X-Shown', value: '{{secret}}', secret: false }] }
    expect(refusalOfPattern(shown)).toEqual([`${at}/headers/0/secret SECRET_SHOWN`])
  })

  test('[S0-10] two writers of one header are refused', () => {
    const output = { headers: [{ name: 'authorization', value: '{{@signature}}' }] }
    const bearer = { type: 'BEARER', fields: fields('secret', 'token'), sign: { hmac: { ...HMAC, ...output } } }
    expect(refusalOfPattern(bearer)).toEqual([`${at}/sign/hmac/headers/0/name DUPLICATE`])
    expect(refusalOfPattern({ ...bearer, auth_header_key_override: 'X-Token' })).toEqual([])
    expect(refusalOfPattern({ ...hmac(), headers: [{ name: 'x-signature', value: 'a' }] })).toEqual([
      `${at}/sign/hmac/headers/0/name DUPLICATE`,
    ])
    const basic = { type: 'BASIC', fields: fields('secret', 'username'), sign: { jwt: JWT } }
    expect(refusalOfPattern(basic)).toEqual([`${at}/sign/jwt/headers DUPLICATE`])
  })

  test('[S0-10] types that sign nothing are told so, and CUSTOM without steps or a signature too', () => {
    expect(refusalOfPattern({ type: 'NONE', fields: fields('secret'), sign: { hmac: HMAC } })).toEqual([`${at}/sign NOT_ALLOWED`])
    expect(refusalOfPattern(oauthPattern({}, { fields: fields('secret'), sign: { hmac: HMAC } }))).toEqual([`${at}/sign NOT_ALLOWED`])
    expect(refusalOfPattern({ type: 'CUSTOM', fields: fields('secret') })).toEqual([`${at}/steps MISSING`])
    expect(refusalOf(payloadWith({ sign: { hmac: HMAC } }))?.faults).toEqual(['/sign NOT_ALLOWED'])
  })
})

describe('what a signature asks for', () => {
  const namesOf = (pattern: Json, is: 'required' | 'plain'): string[] =>
    recipeWith(pattern)
      .fields.filter((field) => field[is])
      .map(({ name }) => name)

  test('[S1-4] keys are required, whatever the payload says, and a session token is not', () => {
    expect(namesOf(hmac({ message: '{{tenant}}' }, 'tenant'), 'required')).toEqual(['secret'])
    expect(namesOf(sigV4({ session_token: '{{session}}' }), 'required')).toEqual(['secret', 'id'])
  })

  test('[S1-4] nothing that is signed with becomes readable by it', () => {
    expect(namesOf(sigV4({ region: '{{session}}' }), 'plain')).toEqual([])
  })

  test('[S0-10] the body is needed where the signature covers it, and nowhere else', () => {
    const needs = (pattern: Json): boolean => needsBody(recipeWith(pattern).sign as RecipeSign)
    expect(
      [
        hmac(),
        hmac({ message: '{{@path}}' }),
        sigV4(),
        sigV4({ unsigned_payload: true }),
        jwt(),
        message(),
        message({ components: ['@method'] }),
      ].map(needs),
    ).toEqual([true, false, true, false, false, true, false])
  })

  test('fields are told once each', () => {
    expect(fieldsOfSign(recipeWith(hmac({ message: '{{secret}}{{tenant}}{{tenant}}' }, 'tenant')).sign as RecipeSign)).toEqual([
      'secret',
      'tenant',
    ])
  })
})

describe('the review of a signature', () => {
  const reviewOf = (pattern: Json) => {
    try {
      return reviewProvider(toBytes(payloadWith({ auth_patterns: [pattern], verify: { path: '/me' } })), {})
    } catch (error) {
      throw isCoded(error) ? new TypeError(JSON.stringify(error.details)) : error
    }
  }

  test.each<[Json, string[]]>([
    [hmac({ message: '{{@timestamp}}.{{@body}}' }), ['X-Signature: <hmac-sha256 of {timestamp:s}.{body}>']],
    [sigV4(), ['Authorization: <AWS4-HMAC-SHA256 <id> r/s>']],
    [jwt(), ['Authorization: Bearer <RS256 token of 60 s>']],
    [message({ components: ['@method', 'date'] }), ['Signature: <ed25519 of @method date>']],
  ])('[S1-11] says what is sent', (pattern, sends) => {
    expect(reviewOf(pattern).patterns[0]?.sends).toEqual(sends)
  })

  test('[S1-11] warns of a key that is sent too, and of no field that is only signed', () => {
    const sent = { ...hmac(), headers: [{ name: 'X-Key', value: '{{secret}}' }] }
    expect(reviewOf(sent).warnings.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([`${at}/sign KEY_SENT`])
    expect(reviewOf(hmac({ message: '{{tenant}}' }, 'tenant')).warnings).toEqual([])
    expect(reviewOf(hmac({}, 'tenant')).warnings.map(({ code }) => code)).toEqual(['UNUSED_FIELD'])
  })

  test('[S1-9] the schema names each member, and a nearly right one is answered with the right one', () => {
    expect(detailsOf(hmac({ mesage: 'x' }))).toMatch(/Write `message`, or begin/)
    expect(() => parseProvider(toBytes(payloadWith({ auth_patterns: [hmac()] })))).not.toThrow()
  })
})
