import { getDomain } from 'tldts'

/** What belongs to one provider: the registrable domain of the address that was given, and everything below it. */
export interface ProviderDomain {
  /** `acme.com`, or the bare host where there is none above it (an address, `localhost`). */
  readonly name: string
  owns(host: string): boolean
}

/**
 * The registrable domain by the Public Suffix List, private suffixes included: `acme.github.io` does not own its neighbours.
 * A host that is itself a suffix or an address owns only itself.
 */
export function providerDomainOf(host: string): ProviderDomain {
  const name = getDomain(host, { allowPrivateDomains: true }) ?? host
  return { name, owns: (other) => other === name || other.endsWith(`.${name}`) }
}

/** The part of a domain that people would call the name: `acme` of `acme.co.uk`. */
export function brandOf(domain: ProviderDomain): string {
  return domain.name.split('.')[0] ?? domain.name
}
