import { matchesPath } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { CapabilityDoc } from './capability.ts'

/** What of a call the rules of a capability look at. */
export interface RuledCall {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers?: readonly (readonly [string, string])[] | undefined
}

/** Headers by which frameworks let a request be another one than its first line says. */
const OTHER_METHOD: readonly string[] = ['x-http-method-override', 'x-http-method', 'x-method-override']
const OTHER_PATH: readonly string[] = ['x-original-url', 'x-rewrite-url', 'x-original-uri']

/** Throws METHOD_REFUSED or PATH_REFUSED for a call that the capability does not name. */
export function checkRules(capability: CapabilityDoc, call: RuledCall): void {
  const { methods, paths } = capability
  const headers = call.headers ?? []
  const mark = call.path.indexOf('?')
  if (methods.length > 0) {
    const said = headers.filter(([name]) => OTHER_METHOD.includes(folded(name))).map(([, value]) => value)
    const meant = [call.method, ...said, ...(mark < 0 ? [] : methodsAsked(call.path.slice(mark + 1)))]
    if (meant.some((method) => !methods.includes(method.trim().toUpperCase()))) {
      throw refused('METHOD_REFUSED', capability, `This capability allows ${methods.join(', ')}.`)
    }
  }
  if (paths.length === 0) return
  const isRewritten = headers.some(([name]) => OTHER_PATH.includes(folded(name)))
  if (isRewritten || !matchesPath(paths, mark < 0 ? call.path : call.path.slice(0, mark))) {
    throw refused('PATH_REFUSED', capability, `This capability allows ${paths.join(', ')}.`)
  }
}

/**
 * Every method that a query asks for: which of several counts is the framework's choice. They are read as broadly as any
 * framework does: percent-encoded, with semicolons between, and with what PHP makes an underscore of.
 */
function methodsAsked(query: string): string[] {
  return [...new URLSearchParams(query.replaceAll(';', '&'))].flatMap(([name, method]) =>
    name.trim().replaceAll(/[ .[]/g, '_').toLowerCase() === '_method' ? [method] : [],
  )
}

/** Gateways of the CGI kind read `X_Name` as `X-Name`. */
function folded(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

function refused(code: 'METHOD_REFUSED' | 'PATH_REFUSED', capability: CapabilityDoc, detail: string): CodedError {
  return new CodedError(code, detail, { facts: { capability_id: capability.id } })
}
