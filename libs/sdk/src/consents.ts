import type { Consent } from './messages.ts'
import { type ListOptions, listAll } from './pages.ts'
import { path, type Rest } from './rest.ts'

/** As it was shown to the customer; what is given is compared with what the capability asks for. */
export interface GivenConsent {
  readonly purpose?: string | undefined
  readonly scopes?: readonly string[] | undefined
  /** `conversation` unless given. */
  readonly how?: 'conversation' | 'page' | 'api' | undefined
}

export interface Consents {
  /** Records that the user of this client consents to what the capability asks for. The same again changes nothing. */
  give(capabilityId: string, shown?: GivenConsent): Promise<Consent>
  get(consentId: string): Promise<Consent>
  /** Of the user of this client; without one, everybody's. */
  list(options?: ListOptions & { readonly capabilityId?: string | undefined; readonly user?: string | undefined }): AsyncIterable<Consent>
  /** No use begins under it when this resolves. */
  withdraw(consentId: string): Promise<Consent>
}

export function consentsOf(rest: Rest): Consents {
  return {
    give: (capabilityId, shown = {}) => rest.call({ method: 'POST', path: path`/v1/capabilities/${capabilityId}/consent`, body: shown }),
    get: (id) => rest.call({ method: 'GET', path: path`/v1/consents/${id}` }),
    list: ({ capabilityId, user, ...options } = {}) =>
      listAll(rest, { path: '/v1/consents', items: 'consents', query: { capability_id: capabilityId, user } }, options),
    withdraw: (id) => rest.call({ method: 'POST', path: path`/v1/consents/${id}/withdraw` }),
  }
}
