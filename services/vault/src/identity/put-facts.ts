import { CodedError, type Fault } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { wipe } from '@credence/secret'
import { change } from '../credential/record-change.ts'
import type { VaultContext } from '../credential/vault-context.ts'
import type { KnownFact } from './fact-records.ts'

export interface PushedRecord {
  readonly user: string
  readonly facts: ReadonlyMap<string, readonly Uint8Array[]>
}

const FACT_NAME = /^[a-z][a-z0-9_]{0,39}$/
const MOST = { records: 500, facts: 20, values: 20, bytes: 400 } as const
const AT_ONCE = 16

/**
 * Keeps digests of what is pushed and wipes it. Throws INVALID_REQUEST with every fault at once, which names customers and facts
 * by their place, before anything is stored.
 */
export async function putFacts(
  vault: VaultContext,
  principal: Principal,
  { records, merge }: { readonly records: readonly PushedRecord[]; readonly merge: boolean },
): Promise<void> {
  const { project } = principal
  try {
    const digested = digestAll(vault, project, records)
    for (let from = 0; from < digested.length; from += AT_ONCE) {
      await Promise.all(
        digested.slice(from, from + AT_ONCE).map(({ user, facts }) =>
          vault.factRecords.write(project, user, (before) => {
            const kept = merge ? before.filter(({ name }) => !facts.some((fact) => fact.name === name)) : []
            return [...kept, ...facts]
          }),
        ),
      )
    }
  } finally {
    for (const { facts } of records) for (const values of facts.values()) wipe(...values)
  }
  await change(vault, principal, { action: 'identity', credential: '' })
}

/** Forgets what is known of a customer, or some of it; false when there was nothing. */
export async function deleteFacts(
  vault: VaultContext,
  principal: Principal,
  { user, names }: { readonly user: string; readonly names: readonly string[] },
): Promise<boolean> {
  let deleted = false
  await vault.factRecords.write(principal.project, user, (before) => {
    const kept = names.length === 0 ? [] : before.filter(({ name }) => !names.includes(name))
    deleted = kept.length < before.length
    return kept
  })
  await change(vault, principal, { action: 'identity', credential: '' })
  return deleted
}

interface Digested {
  readonly user: string
  readonly facts: readonly KnownFact[]
}

function digestAll(vault: VaultContext, project: string, records: readonly PushedRecord[]): Digested[] {
  const faults: Fault[] = []
  const refuse = (pointer: string, code: string, detail: string): void => void faults.push({ pointer, code, detail })
  if (records.length > MOST.records) refuse('/records', 'TOO_MANY', `Send at most ${MOST.records} records at a time.`)
  const digested = records.map(({ user, facts }, i) => {
    if (facts.size > MOST.facts) refuse(`/records/${i}/facts`, 'TOO_MANY', `Send at most ${MOST.facts} facts of a customer.`)
    return {
      user,
      facts: [...facts].map(([name, values]) => {
        const pointer = `/records/${i}/facts/${name.slice(0, 40).replaceAll('~', '~0').replaceAll('/', '~1')}`
        if (!FACT_NAME.test(name)) refuse(pointer, 'INVALID_VALUE', 'Write a name such as email, order_number or zip.')
        if (values.length === 0 || values.length > MOST.values) refuse(pointer, 'WRONG_NUMBER', `Send 1 to ${MOST.values} values.`)
        return { name, values: values.flatMap((value) => digestOne(vault, { project, user, name }, { value, pointer, refuse })) }
      }),
    }
  })
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
  return digested
}

interface Value {
  readonly value: Uint8Array
  readonly pointer: string
  readonly refuse: (pointer: string, code: string, detail: string) => void
}

function digestOne(
  vault: VaultContext,
  of: { readonly project: string; readonly user: string; readonly name: string },
  { value, pointer, refuse }: Value,
): KnownFact['values'] {
  if (value.byteLength > MOST.bytes) {
    refuse(pointer, 'TOO_LONG', `Use at most ${MOST.bytes} bytes.`)
    return []
  }
  const digests = vault.factRecords.records(of, value)
  // It would match nothing, whatever a customer answers.
  if (digests.length === 0) refuse(pointer, 'INVALID_VALUE', 'Send a value with letters or digits.')
  return digests
}
