import type { Exchange, RenewalPorts, Renewed } from './renewed.ts'
import { runSteps } from './run-steps.ts'
import { requestToken } from './token-grant.ts'

/** Obtains a fresh access for the fields, in whichever way the recipe says. Throws FIELD_REFUSED for a field that cannot be used. */
export function renewFromFields(ports: RenewalPorts, exchange: Exchange): Promise<Renewed> {
  const { renewal } = exchange
  return renewal.kind === 'steps' ? runSteps(ports, { ...exchange, renewal }) : requestToken(ports, { ...exchange, renewal })
}
