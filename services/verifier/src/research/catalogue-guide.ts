import { parseProvider, signsIn } from '@credence/provider'
import type { GuidedStep } from './guide.ts'
import type { ResearchReport } from './report.ts'

/** What is reported of a provider that the catalogue has: its payload as it is, and what its first pattern asks for. */
export function catalogueGuide({
  slug,
  payload,
}: {
  readonly slug: string
  readonly payload: Uint8Array
}): Pick<ResearchReport, 'catalogSlug' | 'name' | 'site' | 'payload' | 'facts' | 'steps'> & object {
  const { display_name: name, auth_patterns, docs, proxy_url } = parseProvider(payload)
  const [first] = auth_patterns
  const step = (audience: GuidedStep['audience'], text: string, rest: Partial<GuidedStep> = {}): GuidedStep => ({ audience, text, ...rest })
  const page = docs === undefined ? {} : { url: docs }
  const asked = [...(first?.fields ?? []), ...(first?.account_fields ?? [])].map(({ label, field_name }) => label ?? field_name)
  const byKey = [
    step('user', `Sign in to your ${name} account.`),
    step('user', `Have this ready: ${asked.join(', ')}. ${first?.description ?? 'The documentation says where it is.'}`, page),
    step('user', 'Go on to the next step and paste it there. Nowhere else: not in a chat, a note or an e-mail.'),
  ]
  const bySignIn = [
    step('administrator', `Create an application (an OAuth client) in the developer settings of ${name}.`, page),
    step('administrator', 'Enter this redirect address there, exactly as it stands here.', { showsRedirectAddress: true }),
    step('administrator', 'Register its client id and client secret for this provider here. This is done once.'),
    step('user', `Go on to the next step and sign in to ${name} in the window that opens. There is nothing to copy.`),
  ]
  const url = `urn:credence:catalogue:${slug}`
  return {
    catalogSlug: slug,
    name,
    site: URL.parse(docs ?? '')?.origin ?? '',
    payload,
    facts: [
      { pointer: '/auth_patterns/0/type', value: first?.type ?? '', url, confidence: 'high' },
      { pointer: '/proxy_url', value: proxy_url, url, confidence: 'high' },
    ],
    steps: signsIn(first) ? bySignIn : byKey,
  }
}
