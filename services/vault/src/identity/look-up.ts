import { type FactKind, spokenForm } from '@credence/credential/facts'
import { CodedError, isCoded } from '@credence/errors'
import { span } from '@credence/service'
import type { CapabilityDoc, GateLookup } from '../capability/capability.ts'
import { authorize } from '../credential/authorize.ts'
import type { Access, Child } from '../credential/child.ts'
import { quarantined } from '../credential/floors.ts'
import { openForCall } from '../credential/open.ts'
import { prepare } from '../credential/prepare.ts'
import { createScrubber } from '../credential/scrub.ts'
import { targetOf } from '../credential/target.ts'
import type { VaultContext } from '../credential/vault-context.ts'
import { scanJson } from '../grant/json-scan.ts'
import { readAll } from '../grant/token-endpoint.ts'
import type { Answered } from './answered.ts'

/** The values of one record in the order of the facts; undefined where it has none. Wiped by whoever asked. */
export type FoundRecord = readonly (Uint8Array | undefined)[]

/** A person waits in a conversation. */
const DEADLINE_MS = 5_000
const MOST_ANSWER_BYTES = 1024 * 1024
const MOST_RECORDS = 50
/** What an API answers about what it was asked for, rather than about itself: there is no such record. */
const NO_RECORD: readonly number[] = [400, 404, 410, 422]
const HOLE = /\{\{([a-z0-9_.]+)\}\}/g

/**
 * The records that the team's own API has. Throws RECORDS_UNAVAILABLE, which may be retried, for whatever is no answer to the
 * question: a deadline that passed, a refusal of the credential, a fault of the API, what is no JSON.
 */
export async function lookUp(vault: VaultContext, { project, gate }: CapabilityDoc, answered: Answered): Promise<readonly FoundRecord[]> {
  const lookup = gate.asked?.lookup
  if (lookup === undefined) return []
  const values = valuesOf(gate.facts, gate.asked?.kinds ?? [], answered)
  const path = fill(lookup.path, (name) => segmentOf(values.get(name)))
  const body = lookup.body === '' ? undefined : bodyOf(lookup.body, values)
  // What cannot be asked for is not there.
  if (path === undefined) return []
  try {
    const child = await permittedChild(vault, project, lookup.credentialId)
    return await callOut(vault, { child, lookup, path, ...(body === undefined ? {} : { body }) })
  } catch (error) {
    if (!isCoded(error)) throw error
    if (error.code === 'RECORDS_UNAVAILABLE') throw error
    throw unavailable(error.code.toLowerCase())
  }
}

function unavailable(cause: string): CodedError {
  return new CodedError('RECORDS_UNAVAILABLE', undefined, { facts: { cause } })
}

/** By the fence that every call goes by: a lookup is the team's own use of a credential that its whole project shares. */
async function permittedChild(vault: VaultContext, project: string, id: string): Promise<Child & { access: Access }> {
  const { child, isPast } = await vault.children.look(id)
  const team = { project, subject: 'service:vault', user: '', userNames: [], roles: [], scopes: ['use'], via: 'service' }
  authorize(team, child, { consumer: '', reconnectUrl: vault.reconnectUrl })
  if (isPast) throw quarantined(child.id)
  return child
}

interface Call {
  readonly child: Child & { access: Access }
  readonly lookup: GateLookup
  readonly path: string
  readonly body?: Buffer
}

async function callOut(vault: VaultContext, { child, lookup, path, body }: Call): Promise<readonly FoundRecord[]> {
  const { method } = lookup
  using secret = await openForCall(vault, child)
  const headers: [string, string][] = [
    ['accept', 'application/json'],
    ['accept-encoding', 'identity'],
    ['user-agent', 'credence'],
    ...(body === undefined ? [] : [['content-type', 'application/json'] as [string, string]]),
  ]
  using request = prepare(vault, secret, { url: targetOf(secret.hosts, path), headers, method, body })
  const answer = await span('vault.lookup', { credential_id: child.id, method }, () =>
    vault.egress.send({
      project: child.project,
      method,
      url: request.url,
      hosts: secret.hosts.use,
      headers: request.headers,
      secrets: request.secrets,
      ...(body === undefined ? {} : { body }),
      deadlineMs: DEADLINE_MS,
      maxResponseBytes: MOST_ANSWER_BYTES,
      beforeWrite: () => {
        const { generation } = child.access
        if (vault.floors.generation(child.id) > generation) throw unavailable('credential_changed')
      },
    }),
  )
  const encoding = answer.headers.find(([name]) => name.toLowerCase() === 'content-encoding')?.[1]
  const json = await readAll(createScrubber(request.needles).body(encoding, answer.body))
  try {
    if (NO_RECORD.includes(answer.status)) return []
    if (answer.status < 200 || answer.status > 299) throw unavailable(`status_${answer.status}`)
    return recordsIn(json, lookup)
  } finally {
    json.fill(0)
  }
}

function recordsIn(json: Buffer, { records, pointers }: GateLookup): readonly FoundRecord[] {
  // Where a list stands each of its items is a record, else what stands there is the one.
  const bases = [records, ...Array.from({ length: MOST_RECORDS }, (_, i) => `${records}/${i}`)]
  const found = scanJson(json, [...bases, ...bases.flatMap((base) => pointers.map((pointer) => base + pointer))])
  if (found === undefined) throw unavailable('no_json')
  return bases
    .filter((base) => found.get(base)?.kind === 'container')
    .map((base) =>
      pointers.map((pointer) => {
        const value = found.get(base + pointer)
        if (value?.kind === 'string') return value.bytes
        return value?.kind === 'number' ? Buffer.from(value.text) : undefined
      }),
    )
}

/** What the holes of the declared call are filled with: the answers, and the customer as the team knows him. */
function valuesOf(facts: readonly string[], kinds: readonly FactKind[], { answers, names }: Answered): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const kind of ['id', 'email']) {
    const name = names.find((one) => one.startsWith(`${kind}:`))
    if (name !== undefined) values.set(`user.${kind}`, name.slice(kind.length + 1))
  }
  for (const [i, name] of facts.entries()) {
    const bytes = answers.get(name)
    if (bytes !== undefined) values.set(name, spokenForm(kinds[i] ?? 'text', Buffer.from(bytes).toString('utf8')))
  }
  return values
}

/** Undefined when a hole has nothing to be filled with. */
function fill(template: string, valueFor: (name: string) => string | undefined): string | undefined {
  let whole = true
  const filled = template.replace(HOLE, (_, name: string) => {
    const value = valueFor(name)
    whole &&= value !== undefined
    return value ?? ''
  })
  return whole ? filled : undefined
}

/** One segment, whatever a customer says; `.` and `..` would be another path (RFC 3986 §5.2.4). */
function segmentOf(value: string | undefined): string | undefined {
  return value === undefined || /^\.{0,2}$/.test(value) ? undefined : encodeURIComponent(value)
}

/** The texts of the declared JSON are filled as texts: an answer is never read as JSON. */
function bodyOf(template: string, values: ReadonlyMap<string, string>): Buffer {
  const filled = JSON.stringify(JSON.parse(template), (_, value: unknown) =>
    typeof value === 'string' ? value.replace(HOLE, (_hole, name: string) => values.get(name) ?? '') : value,
  )
  return Buffer.from(filled)
}
