import { isHarmless } from './assemble.ts'
import { type ClickPath, type Findings, ranked, type Scheme, type Seen } from './findings.ts'

/** One thing that a person does, in plain language. */
export interface GuidedStep {
  /** `user`: who connects. `administrator`: once for the team. */
  readonly audience: 'user' | 'administrator'
  readonly text: string
  /** A page to open; the provider's own. */
  readonly url?: string
  /** The step shows the redirect address of the OAuth client. */
  readonly showsRedirectAddress?: boolean
}

interface GuideContext {
  readonly name: string
  readonly site: string
  readonly findings: Findings
  /** Fields of the base URL that the person has to know. */
  readonly places: readonly string[]
}

/** What to do for the first way to authenticate: where to click, what to copy, and that it is pasted here and nowhere else. */
export function guideFor(scheme: Seen<Scheme>, context: GuideContext): readonly GuidedStep[] {
  const { kind } = scheme.value
  if (kind === 'none') return [{ audience: 'user', text: `${context.name} asks for no credential. Nothing has to be copied.` }]
  return kind === 'oauth' ? oauthSteps(scheme.value, scheme.url, context) : keySteps(scheme, context)
}

function keySteps(scheme: Seen<Scheme>, context: GuideContext): readonly GuidedStep[] {
  const { name, site, findings, places } = context
  const thing = nounOf(scheme.value)
  const way = ranked(findings.clickPaths)
    .map(({ value }) => value)
    .find(isPlain)
  const step = (text: string, url?: string): GuidedStep => ({ audience: 'user', text, ...(url === undefined ? {} : { url }) })
  if (scheme.value.kind === 'basic' && scheme.value.username.holds === 'user' && scheme.value.password.holds === 'password') {
    return [
      ...placeSteps(places, name),
      step(`Have the user name and the password ready with which you sign in to ${name}.`, site),
      step(PASTE),
    ]
  }
  return [
    step(`Sign in to your ${name} account.`, site),
    ...placeSteps(places, name),
    way === undefined
      ? step(`Find the page for ${thing}s in the settings of your account; this page of ${name} describes it.`, scheme.url)
      : step(`Go to ${way.labels.join(' → ')}.`, way.page),
    ...(way?.button === undefined
      ? [step(`Create a new ${thing}, if there is none for this purpose yet.`)]
      : [step(`Click “${way.button}”.`)]),
    step(`Copy ${copiedOf(scheme.value)}. Many services show it only once.`),
    step(PASTE),
  ]
}

const PASTE = 'Go on to the next step and paste it there. Nowhere else: not in a chat, a note or an e-mail.'

function placeSteps(places: readonly string[], name: string): readonly GuidedStep[] {
  return places.map((field) => ({
    audience: 'user',
    text: `Note your ${name} ${field.replaceAll('_', ' ')}: the part of the address in your browser that is yours, like “acme”.`,
  }))
}

function oauthSteps(scheme: Extract<Scheme, { kind: 'oauth' }>, source: string, { name, findings }: GuideContext): readonly GuidedStep[] {
  const way = ranked(findings.clickPaths)
    .map(({ value }) => value)
    .find(isPlain)
  const user: GuidedStep = {
    audience: 'user',
    text: `Go on to the next step and sign in to ${name} in the window that opens. There is nothing to copy.`,
  }
  const admin = (text: string, rest: Partial<GuidedStep> = {}): GuidedStep => ({ audience: 'administrator', text, ...rest })
  const register =
    scheme.registrationUri === undefined
      ? []
      : [
          admin(
            `${name} lets programs register themselves (RFC 7591): where the platform has done so, the steps for the administrator are done.`,
          ),
        ]
  return [
    ...register,
    admin(
      way === undefined
        ? `Open the developer settings of ${name} and create an application (an OAuth client).`
        : `In ${name}, go to ${way.labels.join(' → ')} and create an application (an OAuth client).`,
      { url: way?.page ?? source },
    ),
    admin('Enter this redirect address there, exactly as it stands here.', { showsRedirectAddress: true }),
    ...(scheme.scopes.length === 0
      ? []
      : [admin(`Allow it these permissions: ${scheme.scopes.slice(0, 12).join(', ')}${scheme.scopes.length > 12 ? ', …' : ''}.`)]),
    admin(
      'Register the client id and the client secret that you are given there for this provider here. This is done once; people who connect never see them.',
    ),
    user,
  ]
}

/** What there is to copy, by the names under which the connect step asks for it. */
function copiedOf(scheme: Scheme): string {
  if (scheme.kind === 'machine') return 'its client id and its client secret'
  if (scheme.kind === 'headers' && scheme.headers.length > 1)
    return `the values for ${scheme.headers.map(({ name }) => name).join(' and ')}`
  if (scheme.kind === 'basic' && scheme.username.holds === 'key' && scheme.password.holds === 'key')
    return `${scheme.username.label ?? 'the API key'} and ${scheme.password.label ?? 'its secret'}`
  if (scheme.kind === 'basic' && scheme.username.holds === 'user') return 'the API key, and have your user name or e-mail there ready'
  return `the ${nounOf(scheme)}`
}

function nounOf(scheme: Scheme): string {
  if (scheme.kind === 'machine') return 'API client'
  return scheme.kind === 'bearer' ? 'API token' : 'API key'
}

/** Labels come from a page: what is longer than a button, or asks for something, is not shown as a place to click. */
function isPlain({ labels, button = '' }: ClickPath): boolean {
  return isHarmless([...labels, button].join(' ').replace(/passwords?|secrets?/gi, ''))
}
