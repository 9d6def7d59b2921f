import { CodedError, isCoded } from '@credence/errors'
import type { IdentityContext } from './identity-context.ts'
import { type Before, firstStanding, type Standing, standingId } from './standing.ts'

/** So many writers of one standing in one moment mean a fault, not contention. */
const MAX_TRIES = 100

/** Reads, decides and writes until nobody came between; what `decide` throws leaves it as it is. */
export async function changeStanding(
  { standings }: Pick<IdentityContext, 'standings'>,
  of: Before,
  decide: (doc: Standing) => Standing,
): Promise<Standing> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const stored = await standings.get(standingId(of), { fresh: true })
    const next = decide(stored ?? firstStanding(of))
    try {
      return await (stored === undefined ? standings.insert(next) : standings.replace(next, stored.rev))
    } catch (error) {
      if (!isCoded(error, 'CONFLICT') && !isCoded(error, 'ALREADY_EXISTS')) throw error
    }
  }
  throw new CodedError('CONFLICT')
}
