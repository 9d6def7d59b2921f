import { systemRandom } from '@credence/service'
import { describe, expect, test } from 'vitest'
import { credential, PROJECT } from '../../test/setting.ts'
import { FACTS, type FactType, factOf, type NewFact } from './facts.ts'
import { MEMBERS } from './member.ts'

const OWNERS: Readonly<Record<string, string>> = {
  registry:
    'credential.created credential.connected credential.disabled credential.enabled credential.shared credential.unshared ' +
    'credential.owner_changed credential.deleted provider.created provider.updated provider.deleted ' +
    'capability.created capability.updated capability.deleted ' +
    'consent.given consent.withdrawn consumer.bound consumer.unbound consumer.orphaned setup.started setup.moved',
  vault:
    'credential.secret_replaced credential.refreshed credential.refresh_failed credential.revoked credential.refused ' +
    'credential.used credential.denied',
  'token-refresher': 'credential.expiring credential.expired credential.recovered',
  verifier: 'credential.verified credential.verification_failed identity.passed identity.failed identity.locked identity.revoked',
  gateway: 'session.started session.completed session.failed',
}

/** Written out here a second time: a new member name has to be looked at by a person. */
const NAMES_SEEN_HARMLESS =
  'account_changed actor attempts caller_id candidate_id capability_id client_id coalesced confirm consumers count credential_id ' +
  'expired_at expires_at family generation grantee issued_at kind level outcome owner previous_owner previous_version provider_id ' +
  'provider_version reason reconnect_url retry_at scope session_id since status until upstream_error upstream_status version'

const CANARY = 'crd_Canary0/Secret+Value=='

function made(draft: { readonly type: FactType; readonly data?: Readonly<Record<string, unknown>> }): Readonly<Record<string, unknown>> {
  const source = FACTS[draft.type].owner
  const context = { source, project: PROJECT, subject: credential(1), now: 0, random: systemRandom, seq: 1 }
  return factOf(draft as NewFact, context).data
}

describe('the table of facts', () => {
  test('names every fact of every service once and no other', () => {
    const listed = Object.entries(OWNERS).flatMap(([owner, types]) => types.split(' ').map((type) => `${owner} ${type}`))
    const table = Object.entries(FACTS).map(([type, { owner }]) => `${owner} ${type}`)
    expect(table.sort()).toEqual(listed.sort())
  })

  test('[S2-19] no data member has a name that could hold a secret', () => {
    expect(Object.keys(MEMBERS).sort()).toEqual(NAMES_SEEN_HARMLESS.split(' '))
    const used = Object.values(FACTS).flatMap(({ data }) => data)
    for (const name of [...used, ...Object.keys(MEMBERS)]) {
      expect(MEMBERS).toHaveProperty(name)
      expect(name).not.toMatch(/token|secret|password|key|value|header|body|cookie|code|text|message|detail|label|name|email/)
    }
  })

  test('a service cannot state a fact that it does not own', () => {
    const context = { project: PROJECT, subject: credential(1), now: 0, random: systemRandom, seq: 1 }
    for (const [type, { owner }] of Object.entries(FACTS)) {
      for (const source of [...Object.keys(OWNERS), 'stranger']) {
        const state = (): unknown => factOf({ type } as NewFact, { ...context, source })
        if (source === owner) expect(state()).toMatchObject({ type, source })
        else expect(state).toThrow(TypeError)
      }
    }
    expect(() => factOf({ type: 'toString' } as unknown as NewFact, { ...context, source: 'registry' })).toThrow(TypeError)
  })
})

describe('the data of a fact', () => {
  test('[S2-19] a secret given as any member of any fact does not get into it', () => {
    const given = Object.fromEntries([...Object.keys(MEMBERS), 'access_token', 'note'].map((name) => [name, CANARY]))
    for (const type of Object.keys(FACTS) as FactType[]) expect(JSON.stringify(made({ type, data: given }))).not.toContain('Canary')
  })

  test('keeps what its row allows, with times as text', () => {
    const at = new Date('2026-03-01T10:00:00Z')
    expect(made({ type: 'credential.refreshed', data: { version: 3, expires_at: at, issued_at: undefined, reason: 'x' } })).toEqual({
      version: 3,
      expires_at: '2026-03-01T10:00:00.000Z',
    })
  })

  test('keeps reason codes and turns what a provider says otherwise into `other`', () => {
    const data = (upstream_error: string): unknown => made({ type: 'credential.expired', data: { upstream_error } })
    for (const code of ['invalid_grant', 'AADSTS70008', 'token-expired']) expect(data(code)).toEqual({ upstream_error: code })
    for (const text of ['Bad Request: no', '', 'a'.repeat(49), '1st', 'a\nb']) expect(data(text)).toEqual({ upstream_error: 'other' })
  })

  test('leaves out what does not fit its kind and never throws', () => {
    const misfits: Record<string, readonly unknown[]> = {
      version: [1.5, Number.NaN, '1', null, {}],
      expires_at: [new Date(Number.NaN), 'soon', 5, null],
      reconnect_url: [
        '/r/x',
        'javascript:alert(1)',
        'https://u:p@host/r',
        'https://host/r?t=1',
        'https://host/r#t',
        `https://host/${'r'.repeat(512)}`,
      ],
    }
    for (const [name, values] of Object.entries(misfits)) {
      for (const value of values) expect(made({ type: 'credential.expired', data: { [name]: value } }), `${name} ${value}`).toEqual({})
    }
    const reconnect_url = `https://credence.example/r/${credential(1)}`
    expect(made({ type: 'credential.expired', data: { reconnect_url } })).toEqual({ reconnect_url })
  })

  test('takes ids of ours and words of ours as ids', () => {
    const actor = (value: unknown): unknown => made({ type: 'credential.deleted', data: { actor: value } })
    for (const id of [credential(7), 'service:token-refresher', 'role:admin', 'project']) expect(actor(id)).toEqual({ actor: id })
    for (const other of ['ann@example.com', 'cred_short', 'Service:X', 7]) expect(actor(other)).toEqual({})
  })
})
