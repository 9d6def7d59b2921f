import { CodedError } from '@credence/errors'
import type { Stored } from '@credence/store'
import { told } from './answer-identity.ts'
import { changeStanding } from './change-standing.ts'
import type { IdentityContext } from './identity-context.ts'
import type { GrantedPass, Standing } from './standing.ts'

export interface StandingWithPass extends Standing {
  readonly pass: GrantedPass
}

export interface PassQuery {
  readonly project: string
  readonly capability: string
  readonly user: string
  readonly limit: number
  readonly after: string
}

/** Passes in force, those that end first before the others. */
export async function listPasses(
  { standings, clock }: IdentityContext,
  { project, capability, user, limit, after }: PassQuery,
): Promise<{ found: StandingWithPass[]; next: string }> {
  const from = new Date(clock.now() + 1)
  const page = await standings.find('in_force', { prefix: [project], from, limit, ...(after === '' ? {} : { after }) })
  const found = page.docs.filter(
    (doc): doc is Stored<StandingWithPass> =>
      doc.pass !== undefined && (capability === '' || doc.capability === capability) && (user === '' || doc.user === user),
  )
  return { found, next: page.next ?? '' }
}

/** No use begins under it when this resolves. One that the vault was not told about stays in the list, and is revoked again. */
export async function revokePass(
  context: IdentityContext,
  { project, actor, id }: { readonly project: string; readonly actor: string; readonly id: string },
): Promise<void> {
  const [found] = (await context.standings.find('by_pass', { prefix: [id], limit: 1 })).docs
  if (found?.project !== project) throw new CodedError('NOT_FOUND', 'There is no such pass in this project.')
  const raised = await changeStanding(context, found, (doc) => (doc.pass?.id === id ? { ...doc, generation: doc.generation + 1 } : doc))
  const { pass, capability, user, names, generation } = raised
  // Another one took its place, or it is gone: then it opens nothing any more.
  if (pass?.id !== id) return
  await context.peers.setPass(project, { pass, capability, names: [user, ...names], state: 'revoked', generation })
  await changeStanding(context, found, (doc) => {
    if (doc.pass?.id !== id) return doc
    const data = { actor, owner: user, capability_id: capability }
    return told(context, { ...doc, pass: undefined, passIn: undefined }, [{ type: 'identity.revoked', data }])
  })
  context.nudge()
  await context.peers.report(project, { capability, user, outcome: 'pass_revoked', actor })
}
