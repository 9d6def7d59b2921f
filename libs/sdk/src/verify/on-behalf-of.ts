import { parseDictionary } from './structured-fields.ts'

/** For whom the platform makes a call, as it signed it. */
export interface OnBehalfOf {
  /** `usr_…`, the platform's own id of the person; undefined where the call is for nobody in particular. */
  readonly user: string | undefined
  /** The names by which the person is known to you: `id:…`, `email:…`. */
  readonly names: readonly string[]
  /** `cap_…` */
  readonly capability: string | undefined
  /** `proj_…` */
  readonly project: string
  /** Finds the call in the platform's traces. */
  readonly traceId: string | undefined
}

/** Reads `Credence-On-Behalf-Of`; undefined when it is not what the platform writes. */
export function parseOnBehalfOf(header: string): OnBehalfOf | undefined {
  const members = parseDictionary(header)
  const text = (name: string): string | undefined => {
    const value = members?.get(name)?.value
    return typeof value === 'string' ? value : undefined
  }
  const project = text('project')
  if (project === undefined) return undefined
  const list = members?.get('names')?.value
  const names = Array.isArray(list) ? list.flatMap(({ value }) => (typeof value === 'string' ? [value] : [])) : []
  return { user: text('user'), names, capability: text('capability'), project, traceId: text('trace') }
}
