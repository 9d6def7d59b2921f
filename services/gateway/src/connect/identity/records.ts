import { foldUserName } from '@credence/credential'
import { CodedError, type Fault, isCoded } from '@credence/errors'
import { callAs, type Principal } from '@credence/rpc'
import { type Services, userOf } from '../../services.ts'
import { requireScope } from '../create-session.ts'

/** What the team knows of a customer; the values are bytes that are wiped by whoever read them. */
export interface GivenRecord {
  /** `usr_…`, `id:…` or `email:…`. */
  readonly user: string
  readonly facts: Readonly<Record<string, readonly Buffer[]>>
}

const MOST_RECORDS = 500
const AT_ONCE = 16

/** Pushes records of many customers; answers their ids in the same order. Every name is looked at before anything is stored. */
export async function putRecords(
  services: Services,
  principal: Principal,
  { records, merge }: { readonly records: readonly GivenRecord[]; readonly merge: boolean },
): Promise<string[]> {
  requireScope(principal, 'providers')
  refuseUsers(records)
  const users: string[] = []
  for (let from = 0; from < records.length; from += AT_ONCE) {
    const some = records.slice(from, from + AT_ONCE)
    users.push(
      ...(await Promise.all(some.map(({ user }, i) => idOfCustomer(services, principal, { user, pointer: `/records/${from + i}/user` })))),
    )
  }
  const messages = records.map(({ facts }, i) => ({
    user: users[i] ?? '',
    facts: Object.fromEntries(Object.entries(facts).map(([name, values]) => [name, { values: [...values] }])),
  }))
  await services.vault.putFacts({ records: messages, merge }, callAs(principal))
  return users
}

/** Which facts are known of whom, never what they are. */
export async function listRecords(
  services: Services,
  principal: Principal,
  { user, ...page }: { readonly user: string; readonly pageSize: number; readonly pageToken: string },
): ReturnType<Services['vault']['listFacts']> {
  requireScope(principal, 'providers')
  const known = user === '' ? '' : await idOfCustomer(services, principal, { user, pointer: '/user' })
  return services.vault.listFacts({ ...page, user: known }, callAs(principal))
}

export async function deleteRecord(
  services: Services,
  principal: Principal,
  { user, facts }: { readonly user: string; readonly facts: readonly string[] },
): Promise<boolean> {
  requireScope(principal, 'providers')
  const known = await idOfCustomer(services, principal, { user, pointer: '/user' })
  return (await services.vault.deleteFacts({ user: known, facts: [...facts] }, callAs(principal))).deleted
}

/** `usr_…` of a customer by any name; made on first mention. */
export async function idOfCustomer(
  services: Services,
  { project }: Principal,
  { user, pointer }: { readonly user: string; readonly pointer: string },
): Promise<string> {
  try {
    return (await userOf(services, { project, via: 'identity' }, [user])).user
  } catch (error) {
    if (!isCoded(error, 'NOT_FOUND') && !isCoded(error, 'INVALID_REQUEST')) throw error
    throw new CodedError('INVALID_REQUEST', undefined, { faults: [userFault(pointer)] })
  }
}

function refuseUsers(records: readonly GivenRecord[]): void {
  const faults: Fault[] = []
  if (records.length === 0 || records.length > MOST_RECORDS) {
    faults.push({ pointer: '/records', code: 'WRONG_NUMBER', detail: `Send 1 to ${MOST_RECORDS} records at a time.` })
  }
  const names = records.map(({ user }) => foldUserName(user))
  for (const [i, name] of names.entries()) {
    const pointer = `/records/${i}/user`
    if (name === undefined) faults.push(userFault(pointer))
    else if (names.indexOf(name) < i) faults.push({ pointer, code: 'DUPLICATE', detail: 'Send each customer once.' })
  }
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
}

function userFault(pointer: string): Fault {
  return { pointer, code: 'INVALID_USER', detail: 'Write `usr_…`, `id:<id in your system>` or `email:<address>` of a customer.' }
}
