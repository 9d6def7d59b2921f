import type { ResearchResponse } from '@credence/proto/research'
import { VerifierServiceDefinition } from '@credence/proto/verifier'
import { type Principal, type RpcMount, rpcMount } from '@credence/rpc'
import type { Verification, VerifyOrder } from './credential/verify.ts'
import type { IdentityContext } from './identity/identity-context.ts'
import type { ResearchReport } from './research/report.ts'
import type { Researcher } from './researcher.ts'
import { identityMethods } from './rpc-identity.ts'

/** rpc → use case: decode, call, encode. */
export function verifierMount(
  run: (principal: Principal, order: VerifyOrder) => Promise<Verification>,
  researcher: Pick<Researcher, 'research'>,
  identity: IdentityContext,
): RpcMount {
  return rpcMount(VerifierServiceDefinition, {
    ...identityMethods(identity),
    async verify({ credentialId, candidateId, providerId, providerVersion, pattern }, { principal }) {
      const { verdict, cause, sentence, httpStatus, account } = await run(principal, {
        credentialId,
        candidateId,
        providerId,
        providerVersion,
        pattern,
      })
      return { verdict, cause, sentence, httpStatus, ...(account === undefined ? {} : { account }) }
    },
    async research({ text }, { principal, signal }) {
      return reportMessage(await researcher.research(principal.project, text, signal))
    },
  })
}

/** A message holds so much of each: more is for nobody to read. */
const MOST = 100

function reportMessage(report: ResearchReport): ResearchResponse {
  const { outcome, source, name, site, payload, facts, missing, steps, suggestions, visits, model } = report
  return {
    outcome,
    source,
    catalogSlug: report.catalogSlug ?? '',
    name,
    site,
    payloadJson: Buffer.from(payload ?? ''),
    facts: facts.slice(0, MOST).map((fact) => ({ ...fact, value: fact.value.slice(0, 500) })),
    missing: missing.slice(0, MOST).map((gap) => ({ ...gap })),
    steps: steps
      .slice(0, MOST)
      .map(({ audience, text, url = '', showsRedirectAddress = false }) => ({ audience, text, url, showsRedirectAddress })),
    registrationUri: report.registrationUri ?? '',
    suggestions: [...suggestions],
    visits: visits.slice(0, MOST).map((visit) => ({ ...visit })),
    model,
  }
}
