import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv, type ValidateFunction } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { allowedData, FACTS, type FactType } from '../src/fact/facts.ts'
import { MEMBERS, type MemberName, memberText } from '../src/fact/member.ts'
import { messageOf } from '../src/jetstream/message.ts'
import { factsConfig, namesOf } from '../src/jetstream/stream-config.ts'
import { credential, fact, PROJECT } from './setting.ts'

interface Ref {
  readonly $ref: string
}

interface Document {
  readonly servers: { readonly nats: { readonly 'x-nats-stream': object; readonly 'x-nats-consumer': object } }
  readonly channels: Record<string, { address: string; parameters: Record<string, Ref>; messages: { event: Ref } }>
  readonly operations: Record<string, { action: string; channel: Ref }>
  readonly components: {
    readonly parameters: Record<string, object>
    readonly messages: Record<string, { readonly name: string; readonly payload: Ref }>
    readonly schemas: Record<string, { properties?: Record<string, Ref>; required?: string[] }>
  }
}

const document: Document = parse(readFileSync(fileURLToPath(new URL('../asyncapi.yaml', import.meta.url)), 'utf8'))
const TYPES = Object.keys(FACTS) as FactType[]
const TRACE = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`

const ajv = new Ajv({ strict: false, validateFormats: false }).addSchema(document, 'asyncapi')

function schemaAt(pointer: string): ValidateFunction {
  const found = ajv.getSchema(`asyncapi#${pointer}`)
  if (found === undefined) throw new TypeError(`the document has nothing at ${pointer}`)
  return found
}

/** A value that each kind of member takes. */
const GOOD: Readonly<Record<(typeof MEMBERS)[MemberName], unknown>> = {
  code: 'invalid_grant',
  count: 3,
  flag: true,
  id: credential(3),
  time: new Date('2026-03-01T10:00:00Z'),
  url: `https://credence.example/r/${credential(3)}`,
}

/** What a subscriber gets when this fact is published with all that it may tell. */
function published(type: FactType): { subject: string; headers: Record<string, string>; data: object } {
  const given = Object.fromEntries(FACTS[type].data.map((name) => [name, GOOD[MEMBERS[name]]]))
  const data = allowedData(type, { ...given, coalesced: 2 })
  const { subject, headers, payload } = messageOf(fact(credential(1), 7, { type, source: FACTS[type].owner, data, traceparent: TRACE }))
  return { subject, headers: Object.fromEntries([...headers].map(([name, values]) => [name, values.join()])), data: JSON.parse(payload) }
}

describe('the AsyncAPI document', () => {
  test('[C-2] names each fact with a channel, an operation and a message, and no other', () => {
    for (const listed of [document.channels, document.operations, document.components.messages]) {
      expect(Object.keys(listed)).toEqual(TYPES)
    }
    for (const type of TYPES) {
      expect(document.operations[type]).toEqual({ action: 'send', channel: { $ref: `#/channels/${type}` } })
      expect(document.channels[type]?.messages.event.$ref).toBe(`#/components/messages/${type}`)
      expect(document.components.messages[type]).toMatchObject({ name: `dev.credence.${type}` })
    }
  })

  test('[C-2] gives each fact the subject under which it is published', () => {
    for (const type of TYPES) {
      const { address, parameters } = document.channels[type]!
      const [noun = ''] = type.split('.')
      expect(Object.keys(parameters)).toEqual(['project', noun])
      for (const name of ['project', noun]) {
        expect(parameters[name]).toEqual({ $ref: `#/components/parameters/${name}` })
        expect(document.components.parameters).toHaveProperty(name)
      }
      expect(address.replace('{project}', PROJECT).replace(`{${noun}}`, credential(1))).toBe(published(type).subject)
    }
  })

  test('has every member that the data of a fact may have, and no other', () => {
    for (const type of TYPES) {
      const { properties = {}, required = [] } = document.components.schemas[type]!
      expect(Object.keys(properties), type).toEqual([...FACTS[type].data, 'coalesced'])
      for (const [name, { $ref }] of Object.entries(properties)) expect($ref).toBe(`#/components/schemas/${name}`)
      expect(required).toEqual([])
    }
    const used = new Set([...TYPES.flatMap((type) => FACTS[type].data), 'coalesced'])
    const known = new Set(Object.keys(document.components.schemas))
    expect([...used].filter((name) => !known.has(name))).toEqual([])
    expect(Object.keys(MEMBERS).filter((name) => known.has(name) && !used.has(name as MemberName))).toEqual([])
  })

  test('says of its stream what the platform makes it', () => {
    const { name, subjects, retention, storage, discard, max_age, duplicate_window } = factsConfig(namesOf({}))
    expect(document.servers.nats['x-nats-stream']).toEqual({ name, subjects, retention, storage, discard, max_age, duplicate_window })
  })
})

describe('a message as it is published', () => {
  test.each(TYPES)('%s fits its headers and payload, whatever it tells', (type) => {
    const { headers, data } = published(type)
    expect(Object.keys(data)).toEqual([...FACTS[type].data, 'coalesced'])
    const [ofHeaders, ofPayload] = [schemaAt(`/components/messages/${type}/headers`), schemaAt(`/components/messages/${type}/payload`)]
    expect([ofHeaders(headers), ofHeaders.errors]).toEqual([true, null])
    expect([ofPayload(data), ofPayload.errors]).toEqual([true, null])
    expect(ofPayload({ ...data, member_of_tomorrow: 'x' })).toBe(true)
    const other = TYPES.find((one) => one !== type)!
    expect(schemaAt(`/components/messages/${other}/headers`)(headers)).toBe(false)
  })

  test('has the headers that the document lists, and none is required that may be absent', () => {
    const { properties = {}, required = [] } = document.components.schemas.attributes!
    const { headers } = published('credential.expired')
    expect([...Object.keys(headers), 'Nats-Msg-Id'].sort()).toEqual(Object.keys(properties).sort())
    const untraced = messageOf(fact(credential(1), 1)).headers
    expect([...untraced].map(([name]) => name).sort()).toEqual([...required].sort())
    const fits = schemaAt('/components/messages/credential.expired/headers')
    for (const name of required) expect(fits({ ...headers, [name]: undefined }), name).toBe(false)
    for (const name of required) expect(fits({ ...headers, [name]: 'a b' }), name).toBe(false)
  })
})

describe('the schema of a member', () => {
  const VALUES: readonly unknown[] = [
    ...[3, 0, -1, 1.5, true, false, null, '', 'x', 'project', 'role:member', 'service:token-refresher', 'usr_short', 'a.b-c', '1st', 'a b'],
    ...[credential(3), `https://c.example/r/${credential(3)}`, 'https://u:p@c.example/r', 'https://c.example/r?t=1', 'ftp://c.example/r'],
    ...[
      'https://c.example/r#t',
      `https://c.example/${'r'.repeat(512)}`,
      'a'.repeat(48),
      'a'.repeat(49),
      'AADSTS70008',
      {},
      [],
      ['project'],
    ],
    ...['2026-03-01T10:00:00.000Z', '2026-03-01', 'soon', 'crd_Canary0/Secret+Value=='],
  ]
  const described = (Object.keys(MEMBERS) as MemberName[]).filter((name) => Object.hasOwn(document.components.schemas, name))

  test.each(described)('%s takes exactly the values that a fact can carry', (name) => {
    const fits = schemaAt(`/components/schemas/${name}`)
    for (const value of VALUES) expect(fits(value), JSON.stringify(value)).toBe(memberText(name, value) === value)
  })
})
