import { pointerTo } from './pointer.ts'

/** One member that differs between two versions; values as JSON. */
export interface PayloadChange {
  readonly pointer: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly before?: string
  readonly after?: string
}

/** What differs between two JSON values, member by member; a part that only one of them has is one change. */
export function diffPayload(before: unknown, after: unknown, pointer = ''): readonly PayloadChange[] {
  if (isNode(before) && isNode(after) && Array.isArray(before) === Array.isArray(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return names.flatMap((name) => diffPayload(memberOf(before, name), memberOf(after, name), pointerTo(pointer, name)))
  }
  const [was, is] = [JSON.stringify(before), JSON.stringify(after)]
  if (was === is) return []
  if (was === undefined) return [{ pointer, change: 'added', after: is }]
  if (is === undefined) return [{ pointer, change: 'removed', before: was }]
  return [{ pointer, change: 'changed', before: was, after: is }]
}

type Node = Readonly<Record<string, unknown>>

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null
}

function memberOf(node: Node, name: string): unknown {
  return Object.hasOwn(node, name) ? node[name] : undefined
}
