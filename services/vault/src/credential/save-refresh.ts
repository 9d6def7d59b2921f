import { isDeepStrictEqual } from 'node:util'
import { CodedError, ERRORS, isCoded } from '@credence/errors'
import type { NewFact } from '@credence/events'
import type { Recipe } from '@credence/provider'
import { resultNames } from '@credence/provider/renewal'
import { decideSave, type Sent, type TokenAnswer } from '@credence/refresh-protocol'
import { secretConcat } from '@credence/secret'
import type { Stored } from '@credence/store'
import { ACCESS_TOKEN, fingerprint, REFRESH_TOKEN, refreshView, tokenTimes } from '../grant/grant-secret.ts'
import { revokeToken } from '../grant/revocation.ts'
import { type ParsedTokenAnswer, parseTokenAnswer, type RawTokenAnswer } from '../grant/token-answer.ts'
import { renewalToken, renewedBy } from '../renewal/by-token.ts'
import { secretBinding } from './binding.ts'
import type { Child } from './child.ts'
import { openSecret } from './open.ts'
import { type RefreshContext, type RefreshOutcome, withRefreshState } from './refresh-context.ts'
import { packFields } from './secret-fields.ts'
import { withFacts } from './vault-context.ts'

export interface SaveFacts {
  readonly credentialId: string
  readonly recipe: Recipe
  readonly sent: Sent
  readonly clientGeneration: number
}

/** How long the former secret is kept where the provider states no grace time: long enough for calls in flight. */
const PREVIOUS_MS = 60_000
const RETRY_MS = 200

/** Steps 5 to 7: the bytes are spilled before anybody parses them, and the spill goes when they are saved. */
export async function saveAnswer(vault: RefreshContext, facts: SaveFacts & { readonly raw: RawTokenAnswer }): Promise<RefreshOutcome> {
  const id = `${facts.credentialId}.${facts.sent.term}`
  // A spill that cannot be written must not lose an answer that is in the hand: saving goes on.
  await vault.spill.write({ id, credential: facts.credentialId, sent: facts.sent, raw: facts.raw }).catch(() => undefined)
  vault.failpoint('FP6')
  return saveSpilled(vault, { ...facts, id })
}

/** Step 6 for an answer whose bytes are in the spill; also step 8, after a restart. */
export async function saveSpilled(
  vault: RefreshContext,
  facts: SaveFacts & { readonly raw: RawTokenAnswer; readonly id: string },
): Promise<RefreshOutcome> {
  // If the store never takes it the answer stays in the spill, which is replayed later.
  const { outcome, keepSpill } = await patiently(vault, () => save(vault, facts))
  vault.failpoint('FP7')
  if (!keepSpill) await vault.spill.done(facts.id).catch(() => undefined)
  vault.failpoint('FP8')
  return outcome
}

/** Repeats what a store that is away refused, for as long as the lease leaves time. */
async function patiently<T>(vault: RefreshContext, write: () => Promise<T>): Promise<T> {
  const until = vault.clock.monotonicMs() + vault.refreshTimes.saveMs
  for (;;) {
    try {
      return await vault.keys.holding(write)
    } catch (error) {
      if (!isCoded(error) || ERRORS[error.code].kind !== 'world' || vault.clock.monotonicMs() >= until) throw error
    }
    await vault.clock.sleep(RETRY_MS)
  }
}

/** Step 6 for a POST without an answer: the intent is cleared if nothing was sent, and stays open if something was. */
export async function saveUnanswered(
  vault: RefreshContext,
  facts: SaveFacts & { readonly answer: Extract<TokenAnswer, { kind: 'not_sent' | 'lost' }> },
): Promise<RefreshOutcome> {
  const { outcome } = await patiently(vault, () => decideAndWrite(vault, facts, { answer: facts.answer }))
  return outcome
}

/** Step 6 for what a renewal obtained; its values are wiped here. */
export async function saveParsed(
  vault: RefreshContext,
  facts: SaveFacts & { readonly parsed: ParsedTokenAnswer },
): Promise<RefreshOutcome> {
  try {
    return (await patiently(vault, () => decideAndWrite(vault, facts, facts.parsed))).outcome
  } finally {
    for (const value of facts.parsed.obtained?.values() ?? []) value.fill(0)
  }
}

async function save(
  vault: RefreshContext,
  facts: SaveFacts & { readonly raw: RawTokenAnswer },
): Promise<{ outcome: RefreshOutcome; keepSpill: boolean }> {
  const child = await vault.children.read(facts.credentialId)
  const sentToken = child === undefined ? undefined : await currentRefreshToken(vault, child, facts)
  const oauth = facts.recipe.oauth
  if (oauth === undefined) throw new CodedError('INTERNAL', 'A grant without an OAuth recipe.')
  const parsed = parseTokenAnswer(
    facts.raw,
    { oauth, refresh: facts.recipe.refresh },
    { now: vault.clock.now(), ...(sentToken === undefined ? {} : { sentRefreshToken: sentToken }) },
  )
  try {
    return await decideAndWrite(vault, facts, parsed)
  } finally {
    for (const token of [parsed.accessToken, parsed.refreshToken, sentToken]) token?.fill(0)
  }
}

/** The refresh token that was sent, while it is still the one in force. */
async function currentRefreshToken(vault: RefreshContext, child: Child, facts: SaveFacts): Promise<Buffer | undefined> {
  if (child.deleted !== undefined || child.token?.rtId !== facts.sent.rtId) return undefined
  using secret = await openSecret(vault, child)
  const { oauth } = facts.recipe
  const token = oauth === undefined ? undefined : secret.fields.get(renewedBy(oauth))
  return token === undefined ? undefined : secretConcat([token])
}

async function decideAndWrite(
  vault: RefreshContext,
  facts: SaveFacts,
  parsed: ParsedTokenAnswer,
): Promise<{ outcome: RefreshOutcome; keepSpill: boolean }> {
  const { answer } = parsed
  const renewed = facts.recipe.oauth === undefined ? undefined : renewalToken(facts.recipe.oauth, parsed)
  const newRtId = renewed === undefined ? undefined : fingerprint(vault.digestKey, facts.credentialId, renewed)
  for (;;) {
    const found = await vault.children.read(facts.credentialId)
    const child = found?.deleted === undefined ? found : undefined
    const decision = decideSave(child === undefined ? undefined : refreshView(child, facts.recipe), facts.sent, { answer, newRtId })
    if (decision.do === 'discard' || child === undefined) return discard(vault, facts, { parsed, gone: child === undefined, found })
    try {
      if (decision.do === 'save') return await writeTokens(vault, { child, facts, parsed, newRtId, change: decision.change })
      return await writeFailure(vault, { child, facts, answer, decision })
    } catch (error) {
      if (!isCoded(error, 'CONFLICT')) throw error
    }
  }
}

type Change = Extract<ReturnType<typeof decideSave>, { do: 'save' }>['change']

async function writeTokens(
  vault: RefreshContext,
  at: { child: Stored<Child>; facts: SaveFacts; parsed: ParsedTokenAnswer; newRtId: string | undefined; change: Change },
): Promise<{ outcome: RefreshOutcome; keepSpill: boolean }> {
  const { child, facts, parsed, change } = at
  const next = { ...child, version: change.version }
  const binding = secretBinding(next, facts.recipe)
  const plaintext = await nextSecret(vault, child, { parsed, recipe: facts.recipe })
  const { sealed, dataKey } = await vault.envelope.seal(plaintext, binding)
  using key = dataKey
  const { mac: _mac, ...fence } = child.access!
  const rtId = at.newRtId ?? child.token?.rtId
  const now = vault.clock.now()
  const { clientGeneration } = facts
  const token = tokenTimes(parsed, facts.recipe, { now, scopes: child.token?.scopes ?? [], rtId, clientGeneration, before: child.token })
  const until = new Date(now + (facts.recipe.refresh.graceMs ?? PREVIOUS_MS))
  const { lastRefresh: _last, ...kept } = withRefreshState(next, change)
  const refreshed: Child = {
    ...kept,
    sealed,
    token,
    prev: { version: child.version, sealed: child.sealed!, until },
    access: { ...fence, mac: key.fenceMac(binding, fence) },
  }
  const data = {
    version: change.version,
    previous_version: child.version,
    issued_at: token.issuedAt,
    ...(token.expiresAt === undefined ? {} : { expires_at: token.expiresAt }),
  }
  const written = await vault.children.replace(withFacts(vault, refreshed, [{ type: 'credential.refreshed', data }]), child)
  return {
    outcome: { outcome: 'refreshed', child: written, answer: parsed.answer, replay: facts.sent.attempt !== 'first' },
    keepSpill: false,
  }
}

/** New tokens beside whatever else is sealed; without a new refresh token the old one stays (RFC 6749 §6). */
async function nextSecret(
  vault: RefreshContext,
  child: Child,
  { parsed, recipe: { renewal } }: { parsed: ParsedTokenAnswer; recipe: Recipe },
): Promise<Buffer> {
  using secret = await openSecret(vault, child)
  // What the last exchange obtained goes as a whole: a way that leaves a value out must not keep an old one.
  const former = new Set(renewal === undefined ? [] : resultNames(renewal))
  const fields = new Map<string, Uint8Array>([...secret.fields].filter(([name]) => !Object.hasOwn(child.plain, name) && !former.has(name)))
  for (const [name, value] of parsed.obtained ?? []) fields.set(name, value)
  if (parsed.accessToken !== undefined) fields.set(ACCESS_TOKEN, parsed.accessToken)
  if (parsed.refreshToken !== undefined) fields.set(REFRESH_TOKEN, parsed.refreshToken)
  return packFields(fields)
}

async function writeFailure(
  vault: RefreshContext,
  at: {
    child: Stored<Child>
    facts: SaveFacts
    answer: TokenAnswer
    decision: Extract<ReturnType<typeof decideSave>, { do: 'close' | 'keep' }>
  },
): Promise<{ outcome: RefreshOutcome; keepSpill: boolean }> {
  const { child, facts, answer, decision } = at
  const replay = facts.sent.attempt !== 'first'
  const clientChanged = child.token !== undefined && child.token.clientGeneration !== facts.clientGeneration
  // A closed one may stay in the row as a dead mark: the doubt is over all the same.
  const openIntent = decision.do === 'keep'
  const outcome: RefreshOutcome = { outcome: 'failed', child, answer, replay, openIntent, clientChanged }
  const keepSpill = decision.do === 'keep' && decision.keepSpill
  if (keepSpill && saysSo(child, answer, decision.change)) return { outcome, keepSpill }
  const failed: Child = {
    ...withRefreshState(child, decision.change),
    lastRefresh: { at: new Date(vault.clock.now()), answer, replay, openIntent, clientChanged },
  }
  const written = await vault.children.replace(withFacts(vault, failed, [failedFact(child, answer, facts.recipe)]), child)
  return { outcome: { ...outcome, child: written }, keepSpill }
}

/** An answer that stays in the spill is looked at again and again: it is told once. */
function saysSo(
  child: Child,
  answer: TokenAnswer,
  change: { lease: Child['lease'] | undefined; intent: Child['intent'] | undefined },
): boolean {
  const same = (a: unknown, b: unknown): boolean => isDeepStrictEqual(a, b)
  return (
    child.lastRefresh !== undefined &&
    same(child.lastRefresh.answer, answer) &&
    same(child.intent, change.intent) &&
    same(child.lease, change.lease)
  )
}

function failedFact(child: Child, answer: TokenAnswer, recipe: Recipe): NewFact {
  const upstream = answer.kind === 'error' ? { upstream_error: answer.code } : {}
  const status = 'status' in answer ? { upstream_status: answer.status } : {}
  return {
    type: 'credential.refresh_failed',
    data: { version: child.version, outcome: answer.kind, client_id: recipe.oauth?.clientId ?? '', ...upstream, ...status },
  }
}

/** The answer belongs to a secret that was replaced or deleted: never saved. A deleted one's new token is revoked at the provider. */
async function discard(
  vault: RefreshContext,
  facts: SaveFacts,
  at: { parsed: ParsedTokenAnswer; gone: boolean; found: Child | undefined },
): Promise<{ outcome: RefreshOutcome; keepSpill: boolean }> {
  const token = at.parsed.refreshToken ?? at.parsed.accessToken
  if (at.gone && token !== undefined && at.found !== undefined)
    await revokeToken(vault, { recipe: facts.recipe, project: at.found.project, token, plain: {} }).catch(() => undefined)
  return { outcome: { outcome: 'moved', ...(at.found === undefined ? {} : { child: at.found }) }, keepSpill: false }
}
