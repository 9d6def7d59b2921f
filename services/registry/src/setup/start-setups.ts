import { createHash } from 'node:crypto'
import { idOf } from '@credence/credential'
import { CodedError, isCoded } from '@credence/errors'
import { looksLikeSecret } from '@credence/secret'
import { type Actor, actorName, needScope } from '../caller/actor.ts'
import { foldedName, resolveUser } from '../caller/resolve-user.ts'
import type { UserRef } from '../credential/parent.ts'
import { insertOnce } from '../documents/change.ts'
import { claimRequest } from '../documents/request-claim.ts'
import { freshId, withFacts } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import type { SetupDoc } from './setup.ts'

export interface NewSetup {
  readonly text: string
  readonly label: string
  readonly level: string
}

export type StartedSetup = { readonly doc: SetupDoc } | { readonly refusal: CodedError }

const MOST_ITEMS = 50
const MAX_TEXT = 2_000
const MAX_LABEL = 200

/**
 * One setup for each item, in their order; an item that is refused stops no other. Idempotent by request id. Throws
 * SCOPE_REQUIRED, USER_REQUIRED, and INVALID_REQUEST for a list that is empty or too long.
 */
export async function startSetups(
  registry: Registry,
  actor: Actor,
  wanted: { readonly items: readonly NewSetup[]; readonly user: string; readonly requestId: string },
): Promise<{ results: readonly StartedSetup[]; batchId: string }> {
  needScope(actor, 'sessions')
  const { items } = wanted
  if (items.length === 0 || items.length > MOST_ITEMS) throw invalid('/items', `Give 1 to ${MOST_ITEMS} items.`)
  const owner = await ownerOf(registry, actor, wanted.user)
  const first = await claimRequest(registry, actor, {
    method: 'StartSetups',
    requestId: wanted.requestId,
    body: [JSON.stringify(items), owner.id],
    fresh: freshId(registry, 'set'),
  })
  const batchId = items.length === 1 ? '' : first
  const results = await Promise.all(
    items.map(async (item, i): Promise<StartedSetup> => {
      try {
        return { doc: await startOne(registry, actor, { item, owner, batchId, id: items.length === 1 ? first : itemId(first, i) }) }
      } catch (error) {
        if (isCoded(error)) return { refusal: error }
        throw error
      }
    }),
  )
  registry.nudge()
  registry.researchSoon()
  const [only] = results
  if (items.length === 1 && only !== undefined && 'refusal' in only) throw only.refusal
  return { results, batchId }
}

/** Follows from the batch, so that a repeated request finds its items. */
function itemId(batch: string, index: number): `set_${string}` {
  return idOf('set', createHash('sha256').update(`${batch} ${index}`).digest())
}

async function startOne(
  registry: Registry,
  actor: Actor,
  { item, owner, batchId, id }: { item: NewSetup; owner: UserRef; batchId: string; id: string },
): Promise<SetupDoc> {
  checkText(item.text, '/service')
  if (looksLikeSecret(item.label)) throw new CodedError('SECRET_REFUSED')
  if (item.label.length > MAX_LABEL) throw invalid('/label', `Use at most ${MAX_LABEL} characters.`)
  if (!['', 'user', 'project'].includes(item.level)) throw invalid('/level', 'Write `user` or `project`.')
  if (item.level === 'project') needScope(actor, 'project')
  const now = registry.now()
  const blank: SetupDoc = {
    id,
    v: 1,
    project: actor.project,
    owner,
    startedBy: actor.subject,
    visibleTo: [...new Set([owner.id, actor.subject])],
    ...(batchId === '' ? {} : { batch: batchId }),
    text: item.text.trim(),
    label: item.label,
    level: item.level,
    state: 'research',
    researchDueAt: now,
    researchFailures: 0,
    pattern: 0,
    tries: 0,
    createdAt: now,
    movedAt: now,
    outbox: [],
    factSeq: 0,
  }
  const told = withFacts(registry, blank, [{ type: 'setup.started', data: { actor: actorName(actor) } }])
  return (await insertOnce(registry.docs.setups, told)).doc
}

/** Throws SECRET_REFUSED before anything of it is stored or sent on, and INVALID_REQUEST. */
export function checkText(text: string, pointer: string): void {
  if (looksLikeSecret(text)) throw new CodedError('SECRET_REFUSED')
  const trimmed = text.trim()
  const isText = trimmed !== '' && trimmed.length <= MAX_TEXT && !/[\u0000-\u001f\u007f]/.test(trimmed)
  if (!isText) throw invalid(pointer, `Write the name of the service or the address of its site, ${MAX_TEXT} characters at most.`)
}

async function ownerOf(registry: Registry, actor: Actor, named: string): Promise<UserRef> {
  if (named === '') {
    if (actor.user === undefined) throw new CodedError('USER_REQUIRED')
    return actor.user
  }
  const name = foldedName(named, '/user')
  if (actor.user !== undefined && (name === actor.user.id || actor.user.names.includes(name))) return actor.user
  needScope(actor, 'act_for')
  return resolveUser(registry, actor.project, { names: [name], create: true })
}

function invalid(pointer: string, detail: string): CodedError {
  return new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer, code: 'INVALID_VALUE', detail }] })
}
