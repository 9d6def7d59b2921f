import { CodedError } from '@credence/errors'
import { parseProvider, signsIn } from '@credence/provider'
import type { Stored } from '@credence/store'
import { type Actor, actorName } from '../caller/actor.ts'
import { change } from '../documents/change.ts'
import { freshId } from '../documents/with-facts.ts'
import { createProvider, updateProvider } from '../provider/save-provider.ts'
import type { Registry } from '../registry.ts'
import { findSetup, noSetup } from './find-setup.ts'
import { moved, needMove, needStep } from './move.ts'
import type { SetupDoc, SetupReport } from './setup.ts'
import { checkText } from './start-setups.ts'
import { sameProvider } from './take-report.ts'

/** Another address, or a payload by hand: the way back that every step before `verify` has. Throws INVALID_PROVIDER, SETUP_STEP, SECRET_REFUSED. */
export async function reviseSetup(
  registry: Registry,
  actor: Actor,
  wanted: { readonly id: string; readonly text: string; readonly payload: Uint8Array },
): Promise<SetupDoc> {
  const found = await findSetup(registry, actor, wanted.id)
  if ((wanted.text === '') === (wanted.payload.length === 0)) {
    const detail = 'Give either another name or address, or a payload.'
    throw new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer: '', code: 'INVALID_VALUE', detail }] })
  }
  const fresh = freshId(registry, 'prov')
  const toResearch = wanted.payload.length === 0
  needMove(found, toResearch ? 'research' : 'guided')
  if (toResearch) checkText(wanted.text, '/service')
  const report = toResearch ? undefined : reportOfPerson(wanted.payload)
  // The session stays named until the steps are accepted anew: its page may be open yet, and must connect nothing now.
  const common = { needs: undefined, back: undefined, researchFailures: 0 }
  return write(registry, found.id, (doc) => {
    if (report === undefined) {
      const change = {
        ...common,
        text: wanted.text.trim(),
        report: undefined,
        researchDueAt: registry.now(),
        provider: unsaved(doc, fresh),
      }
      return moved(registry, doc, { to: 'research', actor: actorName(actor), change })
    }
    const provider = doc.provider ?? { id: fresh, version: 0 }
    const change = { ...common, report, provider, researchDueAt: undefined, pattern: 0 }
    return moved(registry, doc, { to: 'guided', actor: actorName(actor), change })
  })
}

/** Another service is another provider, unless nothing was saved under the reserved id yet. */
function unsaved({ provider }: SetupDoc, fresh: string): SetupDoc['provider'] {
  return provider === undefined || provider.version > 0 ? { id: fresh, version: 0 } : provider
}

function reportOfPerson(payload: Uint8Array): SetupReport {
  const { display_name: name, auth_patterns, proxy_url } = parseProvider(payload)
  const isOAuth = signsIn(auth_patterns[0])
  const step = (audience: string, text: string, showsRedirectAddress = false) => ({ audience, text, url: '', showsRedirectAddress })
  const steps = isOAuth
    ? [
        step('administrator', `Create an application (an OAuth client) at ${name} with this redirect address.`, true),
        step('administrator', 'Register its client id and client secret for this provider here.'),
        step('user', `Go on to the next step and sign in to ${name} in the window that opens.`),
      ]
    : [step('user', `Have what ${name} asks for ready, and enter it in the next step. Nowhere else: not in a chat, a note or an e-mail.`)]
  const site = URL.parse(proxy_url.replaceAll(/\{\{\w+\}\}/g, 'x'))?.origin ?? ''
  const nothing = { facts: [], missing: [], suggestions: [], visits: [], registrationUri: '' }
  return { source: 'person', name, site, payload, steps, ...nothing }
}

/**
 * The person has done the guided steps: the provider is saved, under the id that was reserved for it. Throws SETUP_STEP,
 * SCOPE_REQUIRED without `providers` for a provider that the project does not have, INVALID_PROVIDER.
 */
export async function acceptSetup(registry: Registry, actor: Actor, wanted: { id: string; pattern: number }): Promise<SetupDoc> {
  const found = await findSetup(registry, actor, wanted.id)
  needStep(found, 'guided')
  const { report, provider } = found
  if (report?.payload === undefined || provider === undefined) throw new TypeError('a guided setup has a payload and a provider')
  const count = parseProvider(report.payload).auth_patterns.length
  if (wanted.pattern >= count) {
    const fault = { pointer: '/pattern', code: 'NOT_ALLOWED', detail: `Write a whole number from 0 to ${count - 1}.` }
    throw new CodedError('INVALID_REQUEST', undefined, { faults: [fault] })
  }
  const saved = await savedProvider(registry, actor, { project: found.project, report, provider })
  return write(registry, found.id, (doc) => {
    if (doc.state === 'connect' && doc.provider?.id === saved.id && doc.provider.version === saved.version) return undefined
    const change = { provider: saved, pattern: wanted.pattern, back: undefined, needs: undefined, sessionId: undefined, tries: 0 }
    return moved(registry, doc, { to: 'connect', actor: actorName(actor), change })
  })
}

async function savedProvider(
  registry: Registry,
  actor: Actor,
  { project, report, provider }: { project: string; report: SetupReport; provider: { id: string; version: number } },
): Promise<{ id: string; version: number }> {
  const payload = report.payload ?? new Uint8Array()
  const head = await registry.docs.providers.get(provider.id, { fresh: true })
  if (head === undefined) {
    const twin = await twinOf(registry, project, report)
    if (twin !== undefined) return twin
    const wanted = { payload, catalogSlug: '', validateOnly: false, requestId: '', id: provider.id }
    return { id: provider.id, version: (await createProvider(registry, actor, wanted)).provider?.version ?? 1 }
  }
  if (Buffer.from(head.payload).equals(Buffer.from(payload))) return { id: head.id, version: head.version }
  const updated = await updateProvider(registry, actor, { id: provider.id, payload, validateOnly: false })
  return { id: provider.id, version: updated.provider?.version ?? provider.version }
}

/** Saved meanwhile by another setup, letter by letter. One with a sign-in keeps its own id: the redirect address that was shown is of it. */
async function twinOf(registry: Registry, project: string, report: SetupReport): Promise<{ id: string; version: number } | undefined> {
  if (report.payload === undefined || parseProvider(report.payload).auth_patterns.some(signsIn)) return undefined
  const same = await sameProvider(registry, project, report)
  return same !== undefined && Buffer.from(same.payload).equals(Buffer.from(report.payload))
    ? { id: same.id, version: same.version }
    : undefined
}

/** Ends it where it is; nothing of a secret is in it. A done one stays done: SETUP_STEP. */
export async function cancelSetup(registry: Registry, actor: Actor, id: string): Promise<SetupDoc> {
  const found = await findSetup(registry, actor, id)
  return write(registry, found.id, (doc) => {
    if (doc.state === 'cancelled') return undefined
    return moved(registry, doc, { to: 'cancelled', actor: actorName(actor), change: { researchDueAt: undefined, needs: undefined } })
  })
}

async function write(registry: Registry, id: string, decide: (doc: Stored<SetupDoc>) => SetupDoc | undefined): Promise<SetupDoc> {
  const written = await change(registry.docs.setups, id, decide)
  registry.nudge()
  registry.researchSoon()
  if (written === undefined) throw noSetup()
  return written
}
