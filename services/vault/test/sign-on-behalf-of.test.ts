import { CredenceSignatureError, verifyCredence } from '@credence/sdk/verify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inject } from '../src/credential/inject.ts'
import { prepareFor } from '../src/credential/prepare.ts'
import { type OnBehalfOf, signOnBehalfOf } from '../src/signing/sign-on-behalf-of.ts'
import { recipeWith } from './connecting.ts'
import { openParts, type Parts, PROJECT } from './parts.ts'
import { onWire, signOf } from './sign-support.ts'

let parts: Parts
beforeAll(async () => {
  parts = await openParts()
})
afterAll(() => parts.close())

const CLAIM: OnBehalfOf = {
  user: `usr_${'1'.repeat(26)}`,
  names: ['id:ann', 'email:änne@example.com'],
  capability: `cap_${'2'.repeat(26)}`,
  traceId: 'ab12',
}

interface Call {
  readonly method?: string
  readonly body?: string
  readonly claim?: OnBehalfOf
  readonly project?: string
  readonly headers?: readonly (readonly [string, string])[]
}

/** The call as it leaves, as a WHATWG request. */
async function signedRequest({ method = 'POST', body, claim = CLAIM, project = PROJECT, headers = [] }: Call = {}): Promise<Request> {
  const url = 'https://backend.team.example/orders?id=7&x=%2F'
  const placement = { in: 'query', name: 'k', value: [{ field: 'api_key' }] } as const
  const fields = new Map([['api_key', Buffer.from('a key/of the team')]])
  const request = inject({ url: new URL(url), headers }, [placement], { fields, plain: {}, random: parts.random })
  const bytes = body === undefined ? undefined : Buffer.from(body)
  const wire = onWire(await signOnBehalfOf(parts, request, { project, method, body: bytes, claim }))
  const sent = wire.names.map((name) => [name, wire.header(name) ?? ''] as [string, string])
  return new Request(wire.url, { method, headers: sent, ...(body === undefined ? {} : { body }) })
}

async function verifierOf(project = PROJECT) {
  const keys = (await parts.signingKeys.list('proxy', project)).map(({ kid, publicKey }) => ({
    kty: 'OKP',
    crv: 'Ed25519',
    kid,
    x: publicKey.toString('base64url'),
  }))
  return verifyCredence({ jwks: { keys }, audience: 'https://backend.team.example', now: () => parts.clock.now() })
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'taken',
    (error: unknown) => (error instanceof CredenceSignatureError ? error.code : String(error)),
  )

describe('a call that the vault signs for the team’s own backend', () => {
  test('[S0-8] [C-5] is taken by the verifier of the SDK, which learns for whom it is', async () => {
    const request = await signedRequest({ body: '{"refund":1}' })
    const { onBehalfOf } = await (await verifierOf()).verify(request)
    const { traceId, ...claim } = CLAIM
    expect(onBehalfOf).toEqual({ ...claim, project: PROJECT, traceId })
  })

  test('[S0-8] covers the digest of nothing too, and what was placed in the query', async () => {
    const request = await signedRequest({ method: 'GET' })
    expect(new URL(request.url).searchParams.get('k')).toBe('a key/of the team')
    expect(await codeOf((await verifierOf()).verify(request))).toBe('taken')
    const forged = new Request(request.url.replace('id=7', 'id=8'), { headers: request.headers })
    expect(await codeOf((await verifierOf()).verify(forged))).toBe('SIGNATURE_INVALID')
  })

  test('[S0-8] cannot be told apart by a caller who sends the headers himself', async () => {
    const headers = [
      ['signature', 'credence=:AAAA:'],
      ['Signature-Input', 'credence=()'],
      ['Credence-On-Behalf-Of', 'user="usr_9"'],
    ] as const
    const request = await signedRequest({ headers })
    expect((await (await verifierOf()).verify(request)).onBehalfOf.user).toBe(CLAIM.user)
  })

  test('[S0-8] has a time and a nonce of its own each time, so that a second one is no replay', async () => {
    const verifier = await verifierOf()
    const [one, two] = [await signedRequest(), await signedRequest()]
    expect([await codeOf(verifier.verify(one)), await codeOf(verifier.verify(two)), await codeOf(verifier.verify(one))]).toEqual([
      'taken',
      'taken',
      'SIGNATURE_REPLAYED',
    ])
  })

  test('[S0-8] of one project is a stranger to the verifier of another', async () => {
    const other = `proj_${'9'.repeat(26)}`
    await signedRequest({ project: other })
    expect(await codeOf((await verifierOf(other)).verify(await signedRequest()))).toBe('KEY_UNKNOWN')
  })

  test('[S0-8] of a text that is not ASCII arrives as it was, and cannot end its header', async () => {
    const names = ['id:"; user="usr_0', 'id:%41\\', 'id:名前', 'id:a\r\nb']
    const request = await signedRequest({ claim: { ...CLAIM, names } })
    expect((await (await verifierOf()).verify(request)).onBehalfOf).toMatchObject({ names, user: CLAIM.user })
  })

  test('[S0-8] is signed over the signature of its provider too, where the recipe makes one', async () => {
    const sign = signOf({ hmac: { hash: 'sha256', key: '{{key}}', message: '{{@body}}', query: [{ name: 's', value: '{{@signature}}' }] } })
    const recipe = { ...recipeWith({ type: 'NONE' }), sign }
    const hosts = { use: [], token: [], revoke: [], verify: [] }
    const secret = { recipe, hosts, plain: {}, fields: new Map([['key', Buffer.from('k')]]), [Symbol.dispose]: () => undefined }
    const bare = { url: new URL('https://backend.team.example/x'), headers: [], method: 'PUT', body: Buffer.from('b') }
    const wire = onWire(await prepareFor(parts, { secret, project: PROJECT, onBehalfOf: CLAIM }, bare))
    expect(wire.url).toMatch(/\?s=[0-9a-f]{64}$/)
    const headers = wire.names.map((name) => [name, wire.header(name) ?? ''] as [string, string])
    const request = new Request(wire.url, { method: 'PUT', headers, body: 'b' })
    expect((await (await verifierOf()).verify(request)).onBehalfOf.user).toBe(CLAIM.user)
    expect(onWire(await prepareFor(parts, { secret, project: PROJECT }, bare)).header('signature')).toBeUndefined()
  })
})
