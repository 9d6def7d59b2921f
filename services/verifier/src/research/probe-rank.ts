/** A GET that does something, or costs something, whatever the standard says of GET. */
const UNSAFE =
  /delete|remove|destroy|logout|log_out|signout|revoke|reset|cancel|send|create|update|export|download|trigger|execute|run\b|start|stop|purge|unsubscribe|verify_email|callback|webhook|stream|events\b/i

/** Orders that are a word of an address by themselves; as part of a longer word they name things: `charges`, `transfers`. */
const ORDER =
  /(?:^|[/_.-])(?:de)?(?:activate|approve|archive|block|charge|close|confirm|disable|enable|erase|flush|invite|lock|pay|publish|refund|regenerate|reject|rotate|subscribe|submit|suspend|sync|terminate|transfer|unlock|withdraw|wipe)(?:$|[/_.-])/i

/** Endpoints that say whose account it is, the most telling first. */
const TELLING: readonly RegExp[] = [
  /\/(?:me|@me|myself|whoami|self)(?:\.json)?$/i,
  /\/(?:users?|agents?|accounts?|profile)\/(?:me|self|current)(?:\.json)?$/i,
  /\/(?:user|account|profile|viewer|current[_-]user|userinfo|tokeninfo|auth[._-]test)(?:\.json)?$/i,
]

/** Often answered to anybody: then it would prove nothing. */
const OPEN = /\/(?:ping|health|status|version|check|time)(?:\.json)?$/i

/** How good a path is as the one call that proves a credential; undefined for one that is better not called. */
export function probeRank(path: string): number | undefined {
  if (UNSAFE.test(path) || ORDER.test(path)) return undefined
  const place = TELLING.findIndex((pattern) => pattern.test(path))
  if (place >= 0) return 100 - place * 10
  if (OPEN.test(path)) return 10
  // A short list is cheaper than a deep one.
  return 50 - Math.min(path.split('/').length, 10)
}
