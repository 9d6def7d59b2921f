import type { Grant, Post } from './grants.ts'

/** How uneven a time is: the fullest of its slots over their mean. */
export function peakOverMean(
  posts: readonly Pick<Post, 'at'>[],
  span: { readonly from: number; readonly to: number; readonly slotMs: number },
): number {
  const slots = new Array<number>(Math.ceil((span.to - span.from) / span.slotMs)).fill(0)
  for (const { at } of posts) {
    const slot = Math.floor((at - span.from) / span.slotMs)
    if (slot >= 0 && slot < slots.length) slots[slot]!++
  }
  const sum = slots.reduce((total, count) => total + count, 0)
  return sum === 0 ? Number.POSITIVE_INFINITY : Math.max(...slots) / (sum / slots.length)
}

/** A grant whose access token ended while nobody came, a version that was sent twice, and one that nobody keeps alive. */
export function judgePosts(posts: readonly Post[], grants: Iterable<Grant>, now: number): readonly string[] {
  const late = posts.filter(({ at, expiredAt }) => at >= expiredAt)
  const sent = new Set(posts.map(({ id, version }) => `${id} ${version}`))
  const over = [...grants].filter(({ expiresAt }) => expiresAt <= now)
  return [
    ...(late.length === 0 ? [] : [`${late.length} access tokens had ended before they were refreshed`]),
    ...(over.length === 0 ? [] : [`${over.length} access tokens have ended and nobody refreshed them`]),
    ...(sent.size === posts.length ? [] : [`${posts.length - sent.size} token requests for a version that was sent before`]),
  ]
}

/** The plans as they are stored, revisions included, and the number of token requests. */
export interface Untouched {
  readonly plans: ReadonlyMap<string, string>
  readonly posts: number
}

/** What a lie has changed. */
export function judgeUntouched(before: Untouched, after: Untouched): readonly string[] {
  const ids = new Set([...before.plans.keys(), ...after.plans.keys()])
  const changed = [...ids].filter((id) => before.plans.get(id) !== after.plans.get(id)).length
  return [
    ...(changed === 0 ? [] : [`${changed} plans were changed`]),
    ...(after.posts === before.posts ? [] : [`${after.posts - before.posts} token requests that nobody was due`]),
  ]
}
