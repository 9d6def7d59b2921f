import { headerAuthOf, type ProviderPayload, patternMoves } from '@credence/provider'
import type { Parent } from '../credential/parent.ts'

/**
 * What a newer provider version means for a live credential: it moves at once, keeps its version until it is reconnected, or
 * expires because a backend has to give it anew.
 */
export type Fate =
  | { readonly do: 'move'; readonly pattern: number }
  | { readonly do: 'keep'; readonly because: 'host_changed' | 'pattern_removed' | 'field_added' }
  | { readonly do: 'expire' }

/** `was`: the version that it is on. Pure. */
export function fateOf(doc: Pick<Parent, 'provider' | 'minted'>, was: ProviderPayload, is: ProviderPayload): Fate {
  const { to, stays } = patternMoves(was, is).find(({ pattern }) => pattern === doc.provider.pattern) ?? { stays: 'pattern_removed' }
  if (doc.minted === true && stays !== 'host_changed') return fateOfMinted(doc, was, is)
  return stays !== undefined || to === undefined ? { do: 'keep', because: stays ?? 'pattern_removed' } : { do: 'move', pattern: to }
}

/** A prefix may change and a header go; another header, type or level needs values that only the backend has. */
function fateOfMinted(doc: Pick<Parent, 'provider'>, was: ProviderPayload, is: ProviderPayload): Fate {
  const [before, after] = [was, is].map(headerAuthOf)
  if (after === undefined || after.level !== 'user' || before?.pattern !== doc.provider.pattern) return { do: 'expire' }
  if (was.auth_patterns[before.pattern]?.type !== is.auth_patterns[after.pattern]?.type) return { do: 'expire' }
  const isKnown = after.headers.every((header) =>
    before.headers.some(
      (known) => known.header.toLowerCase() === header.header.toLowerCase() && known.field === header.field && known.form === header.form,
    ),
  )
  return isKnown ? { do: 'move', pattern: after.pattern } : { do: 'expire' }
}
