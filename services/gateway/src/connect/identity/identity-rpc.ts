import type { GatewayServiceImplementation } from '@credence/proto/gateway'
import type { Peer, Principal } from '@credence/rpc'
import type { Gateway } from '../../gateway.ts'
import { answerChallenge } from './answer-challenge.ts'
import { listPasses, revokePass } from './passes.ts'
import { deleteRecord, listRecords, putRecords } from './records.ts'

type IdentityMethods = Pick<
  GatewayServiceImplementation<{ principal: Principal; from: Peer }>,
  'answerIdentity' | 'listPasses' | 'revokePass' | 'putIdentityRecords' | 'listIdentityRecords' | 'deleteIdentityRecord'
>

/** The same as `/v1/identity`, in the words of the proto; what customers know is wiped where it came in. */
export function identityRpc({ flow, settings }: Gateway): IdentityMethods {
  const { services } = flow
  const { publicUrl } = settings
  return {
    async answerIdentity({ challenge, answers }, { principal }) {
      try {
        return { pass: await answerChallenge({ services, publicUrl }, principal, { challenge, answers }) }
      } finally {
        for (const answer of Object.values(answers)) answer.fill(0)
      }
    },
    listPasses: (query, { principal }) => listPasses(services, principal, query),
    async revokePass({ passId }, { principal }) {
      await revokePass(services, principal, passId)
      return {}
    },
    async putIdentityRecords({ records: given, merge }, { principal }) {
      const records = given.map(({ user, facts }) => ({
        user,
        facts: Object.fromEntries(Object.entries(facts).map(([name, { values }]) => [name, values])),
      }))
      try {
        return { users: await putRecords(services, principal, { records, merge }) }
      } finally {
        for (const { facts } of records) for (const values of Object.values(facts)) for (const value of values) value.fill(0)
      }
    },
    listIdentityRecords: (query, { principal }) => listRecords(services, principal, query),
    async deleteIdentityRecord({ user, facts }, { principal }) {
      return { deleted: await deleteRecord(services, principal, { user, facts }) }
    },
  }
}
