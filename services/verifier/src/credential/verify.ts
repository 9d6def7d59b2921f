import type { Account } from '@credence/proto/credential'
import type { ProbeCall, ProbeResponse } from '@credence/proto/vault'
import type { Principal } from '@credence/rpc'
import { chooseProbe } from './choose-probe.ts'
import { judgeProbe } from './judge-probe.ts'

/** What the verifier asks of the other services. */
export interface VerifyPeers {
  /** The payload that a credential, or the session of a candidate, goes by. */
  payload(principal: Principal, order: VerifyOrder): Promise<{ payloadJson: Uint8Array; pattern: number; project: string }>
  probe(principal: Principal, order: VerifyOrder, call: ProbeCall): Promise<ProbeResponse>
}

export interface VerifyOrder {
  readonly credentialId: string
  /** Empty: the secret in force. */
  readonly candidateId: string
  readonly providerId: string
  readonly providerVersion: number
  readonly pattern: number
}

export interface Verification {
  readonly verdict: 'ok' | 'failed' | 'undecided' | 'no_probe'
  readonly cause: string
  readonly sentence: string
  readonly httpStatus: number
  readonly account?: Account
  /** Of the secret that was tried; 0 for a first candidate. */
  readonly version: number
  readonly project: string
}

/** One call in all, and what its answer means. Changes nothing. */
export async function verify(peers: VerifyPeers, principal: Principal, order: VerifyOrder): Promise<Verification> {
  const { payloadJson, pattern, project } = await peers.payload(principal, order)
  const call = chooseProbe(payloadJson, pattern)
  if (call === undefined) return { verdict: 'no_probe', cause: '', sentence: '', httpStatus: 0, version: 0, project }
  const answer = await peers.probe(principal, order, call)
  const verdict = judgeProbe(answer)
  const { httpStatus, version, account } = answer
  const common = { httpStatus, version, project, ...(account === undefined ? {} : { account }) }
  if (verdict.verdict === 'ok') return { verdict: 'ok', cause: '', sentence: '', ...common }
  return { ...verdict, ...common }
}
