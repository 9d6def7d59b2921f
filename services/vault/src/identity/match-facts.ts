import { CodedError, isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { wipe } from '@credence/secret'
import type { CapabilityDoc } from '../capability/capability.ts'
import { auditBase } from '../credential/record-change.ts'
import { sameBytes } from '../credential/same-bytes.ts'
import type { VaultContext } from '../credential/vault-context.ts'
import type { Answered } from './answered.ts'
import { lookUp } from './look-up.ts'

/** As many digests per fact as are compared at least: how long it takes does not tell that there is no record. */
const LEAST_COMPARED = 4

/**
 * Whether every answer is right. All of them are compared, in constant time, and wiped. Throws CONFLICT where something else is
 * asked by now, INVALID_REQUEST for answers of another way than the team takes, RECORDS_UNAVAILABLE.
 */
export async function matchFacts(vault: VaultContext, principal: Principal, answered: Answered): Promise<boolean> {
  try {
    const capability = await vault.capabilities.records.read(answered.capabilityId)
    const { gate } = capability ?? {}
    if (capability === undefined || gate === undefined || capability.project !== principal.project || capability.state !== 'active')
      throw new CodedError('NOT_FOUND', 'There is no such capability in this project.')
    if (gate.asked === undefined || gate.level === 'none' || gate.asked.version !== answered.version)
      throw new CodedError('CONFLICT', 'Something else is asked by now.')
    if (gate.asked.pageOnly && answered.how !== 'page') throw pageOnly()
    const base = { ...auditBase(vault, principal), action: 'identity' as const, user: answered.user }
    const credential = gate.asked.lookup?.credentialId ?? ''
    await vault.audit.append({ ...base, credential, phase: 'began' })
    const end = (outcome: string): void => vault.audit.note({ ...base, credential, at: vault.clock.now(), phase: 'ended', outcome })
    try {
      const matched = await (gate.asked.lookup === undefined ? matchPushed : matchLookedUp)(vault, capability, answered)
      end(matched ? 'ok' : 'IDENTITY_MISMATCH')
      return matched
    } catch (error) {
      end(isCoded(error) ? error.code : 'INTERNAL')
      throw error
    }
  } finally {
    wipe(...answered.answers.values())
  }
}

function pageOnly(): CodedError {
  return new CodedError('INVALID_REQUEST', 'Answers are taken at the page of the challenge alone: show `page_url` to the customer.')
}

async function matchPushed(vault: VaultContext, { project, gate }: CapabilityDoc, answered: Answered): Promise<boolean> {
  const { user, answers } = answered
  const record = await vault.factRecords.read(project, user)
  let matched = true
  for (const [i, name] of gate.facts.entries()) {
    const kind = gate.asked?.kinds[i] ?? 'text'
    const given = vault.factRecords.answers({ project, user, name }, kind, answers.get(name) ?? new Uint8Array())
    const known = (record?.facts.find((fact) => fact.name === name)?.values ?? []).flatMap((value) => value[kind] ?? [])
    matched = isAmong(vault, given, known) && matched
  }
  return matched
}

/** Not `some`, and no `&&`: everything is compared whatever the one before said. */
function isAmong(vault: VaultContext, given: readonly Uint8Array[], known: readonly Uint8Array[]): boolean {
  const decoys = Array.from({ length: Math.max(LEAST_COMPARED - known.length, 0) }, () => vault.random.bytes(32))
  let found = false
  for (const digest of [...known, ...decoys]) for (const one of given) found = sameBytes(one, digest) || found
  return found
}

/** One record has to have all of them: the zip of one order and the number of another are no proof. */
async function matchLookedUp(vault: VaultContext, capability: CapabilityDoc, answered: Answered): Promise<boolean> {
  const { project, gate } = capability
  const { user, answers } = answered
  const records = await lookUp(vault, capability, answered)
  let matched = false
  try {
    for (const record of records) {
      let all = true
      for (const [i, name] of gate.facts.entries()) {
        const kind = gate.asked?.kinds[i] ?? 'text'
        const of = { project, user, name }
        const value = record[i]
        const given = vault.factRecords.answers(of, kind, answers.get(name) ?? new Uint8Array())
        const known = value === undefined ? [] : vault.factRecords.records(of, value).flatMap((one) => one[kind] ?? [])
        all = isAmong(vault, given, known) && all
      }
      matched = all || matched
    }
    return matched
  } finally {
    for (const record of records) wipe(...record)
  }
}
