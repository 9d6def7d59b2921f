import { probeRank } from './probe-rank.ts'
import { isObject, type Json, listIn, memberOf, resolved, textIn } from './read-document.ts'

const MAX_PROBES = 3

/** Paths that can be read with nothing but the credential, those that say whose account it is first. */
export function openApiProbes(document: Json): readonly string[] {
  const paths = memberOf(document, 'paths')
  if (!isObject(paths)) return []
  const candidates = Object.entries(paths).flatMap(([path, given]) => {
    const item = resolved(document, given)
    const operation = memberOf(item, 'get')
    if (!path.startsWith('/') || path.includes('{') || !isObject(operation)) return []
    if (memberOf(operation, 'deprecated') === true || !provesSomething(document, operation)) return []
    if ([...listIn(item, 'parameters'), ...listIn(operation, 'parameters')].some((given) => isRequired(resolved(document, given))))
      return []
    const rank = probeRank(path)
    return rank === undefined ? [] : [{ path, rank }]
  })
  return candidates
    .sort((a, b) => b.rank - a.rank || a.path.length - b.path.length)
    .slice(0, MAX_PROBES)
    .map(({ path }) => path)
}

/** An operation that anybody may call says nothing about a key. */
function provesSomething(document: Json, operation: Json): boolean {
  const own = memberOf(operation, 'security')
  const requirements = Array.isArray(own) ? own : listIn(document, 'security')
  return requirements.length > 0 && !requirements.some((one) => isObject(one) && Object.keys(one).length === 0)
}

function isRequired(parameter: Json | undefined): boolean {
  return memberOf(parameter, 'required') === true && textIn(parameter, 'in') !== 'header'
}
