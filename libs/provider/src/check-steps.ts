import { checkAssertion } from './check-assertion.ts'
import { checkNames, checkTemplate, type KnownNames } from './check-template.ts'
import { declaredFields, obtainedNames } from './declared-fields.ts'
import type { Draft, Report } from './draft.ts'
import { headerProblem } from './header-name.ts'
import { nearest } from './nearest.ts'
import type { AuthPattern } from './payload.ts'
import type { PayloadStep, PayloadStepAction } from './payload-renewal.ts'
import { pointerTo } from './pointer.ts'
import { ASSERTION, END, resultsAt, targetOf } from './step-flow.ts'
import { fieldsIn, parseTemplate } from './template.ts'
import { parseUrlTemplate } from './url-template.ts'

interface Scene {
  readonly at: string
  readonly report: Report
  readonly fieldsKnown: boolean
}

type Steps = readonly (Draft<PayloadStep> | undefined)[]

/** What the schema cannot say of a declared exchange: it ends, every name in it is filled, and it obtains what is sent. */
export function checkSteps(pattern: Draft<AuthPattern>, scene: Scene): void {
  const { at, report } = scene
  const { steps, type, assertion } = pattern
  if (type === undefined) return
  for (const name of ['steps', 'assertion'] as const) {
    if (type === 'CUSTOM' || pattern[name] === undefined) continue
    report({ pointer: `${at}/${name}`, code: 'NOT_ALLOWED', detail: 'Remove it, or write the type CUSTOM; no other type has steps.' })
  }
  if (type !== 'CUSTOM') return
  if (steps === undefined) {
    if (pattern.sign !== undefined) return
    const detail = 'Add `steps`: the calls that make an access out of the fields; or `sign`: how each request is signed.'
    report({ pointer: `${at}/steps`, code: 'MISSING', detail })
    return
  }
  checkStepNames(steps, scene)
  checkObtained(pattern, steps, scene)
  const results = resultsAt(steps)
  const fields = [...declaredFields(pattern), ...(assertion === undefined ? [] : [ASSERTION])]
  const knownAt = (i: number): KnownNames => ({ there: [...fields, ...(results[i] ?? [])], elsewhere: obtainedNames(pattern) })
  if (assertion !== undefined && scene.fieldsKnown) {
    checkAssertion(assertion, `${at}/assertion`, { known: { there: declaredFields(pattern), elsewhere: [] }, report })
  }
  steps.forEach((step, i) => {
    if (step === undefined) return
    const here = { at: `${at}/steps/${i}`, known: knownAt(i), report }
    if (scene.fieldsKnown) checkRequest(step, here, declaredFields(pattern))
    checkBodies(step, here.at, report)
    checkActions(steps, i, here)
  })
  if (scene.fieldsKnown) checkSent(pattern, scene, results.at(-1) ?? new Set())
}

function checkStepNames(steps: Steps, { at, report }: Scene): void {
  const seen = new Set<string>()
  steps.forEach((step, i) => {
    if (step?.name === undefined) return
    const pointer = `${at}/steps/${i}/name`
    if (step.name === END) report({ pointer, code: 'RESERVED_NAME', detail: 'Write another name; `end` is where the exchange ends.' })
    if (seen.has(step.name)) report({ pointer, code: 'DUPLICATE', detail: 'Write another name; a step of this name comes before.' })
    seen.add(step.name)
  })
}

function checkObtained(pattern: Draft<AuthPattern>, steps: Steps, { at, report }: Scene): void {
  const taken = new Set([...declaredFields(pattern), ASSERTION])
  const check = (extract: object | undefined, where: string): void => {
    for (const name of Object.keys(extract ?? {})) {
      if (!taken.has(name)) continue
      const detail = 'Write another name; a field has it, and what is filled in stays what it was.'
      report({ pointer: pointerTo(where, name), code: 'DUPLICATE', detail })
    }
  }
  steps.forEach((step, i) => {
    check(step?.extract, `${at}/steps/${i}/extract`)
    for (const [status, action] of Object.entries(step?.on ?? {}))
      check(action?.extract, pointerTo(`${at}/steps/${i}/on`, status, 'extract'))
  })
  if (obtainedNames(pattern).length > 0) return
  report({ pointer: `${at}/steps`, code: 'MISSING', detail: 'Add `extract` to a step: what the exchange obtains.' })
}

interface Here {
  readonly at: string
  readonly known: KnownNames
  readonly report: Report
}

function checkRequest({ request }: Draft<PayloadStep>, here: Here, fields: readonly string[]): void {
  const { at, report } = here
  if (request?.url !== undefined) checkStepUrl(request.url, here, fields)
  for (const member of ['headers', 'query', 'form'] as const) {
    for (const [name, text] of Object.entries(request?.[member] ?? {})) {
      if (text !== undefined) checkTemplate(text, pointerTo(`${at}/request/${member}`, name), here)
    }
  }
  checkStepHeaders(request?.headers, here)
  if (request?.body !== undefined) checkTemplate(request.body, `${at}/request/body`, { ...here, loose: true })
  checkJson(request?.json, `${at}/request/json`, { known: here.known, report })
}

/** Results may stand in the path and the query: the host is bound before there are any. */
function checkStepUrl(text: string, { at, known, report }: Here, fields: readonly string[]): void {
  const pointer = `${at}/request/url`
  const reading = parseUrlTemplate(text, { query: true })
  if ('problems' in reading) return
  const { host, segments, query } = reading.url
  checkNames(host, pointer, { known: { there: fields, elsewhere: [] }, report })
  checkNames([...segments.flat(), ...(query ?? [])], pointer, { known, report })
}

function checkStepHeaders(headers: Draft<PayloadStep['request']['headers']>, { at, report }: Here): void {
  const seen = new Set<string>()
  for (const name of Object.keys(headers ?? {})) {
    const pointer = pointerTo(`${at}/request/headers`, name)
    const lower = name.toLowerCase()
    const sentence = ['content-type', 'cookie'].includes(lower) ? undefined : headerProblem(name)
    if (sentence !== undefined) report({ pointer, code: 'RESERVED_NAME', detail: sentence })
    if (seen.has(lower)) report({ pointer, code: 'DUPLICATE', detail: 'Write each header once; names do not differ by case.' })
    seen.add(lower)
  }
}

function checkJson(value: unknown, pointer: string, how: { known: KnownNames; report: Report }): void {
  if (typeof value === 'string') checkTemplate(value, pointer, { ...how, loose: true })
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) checkJson(member, pointerTo(pointer, name), how)
}

function checkBodies({ request }: Draft<PayloadStep>, at: string, report: Report): void {
  const given = (['form', 'json', 'body'] as const).filter((name) => request?.[name] !== undefined)
  for (const name of given.slice(1)) {
    report({ pointer: `${at}/request/${name}`, code: 'NOT_ALLOWED', detail: 'Keep one of `form`, `json`, `body`.' })
  }
  if (request?.method === 'GET' && given[0] !== undefined) {
    report({ pointer: `${at}/request/${given[0]}`, code: 'NOT_ALLOWED', detail: 'Remove it, or write another method; a GET has no body.' })
  }
}

function checkActions(steps: Steps, index: number, { at, report }: Here): void {
  const step = steps[index]
  const expected = step?.expect ?? []
  for (const [status, action] of Object.entries(step?.on ?? {})) {
    const pointer = pointerTo(`${at}/on`, status)
    if (action === undefined) continue
    if (expected.some((known) => String(known) === status)) {
      report({ pointer, code: 'DUPLICATE', detail: 'Keep the status in `expect` or in `on`.' })
    }
    checkOneAction(action, pointer, report)
    if (action.forward !== undefined) checkForward(steps, index, { to: action.forward, pointer: `${pointer}/forward`, report })
  }
}

function checkOneAction(action: Draft<PayloadStepAction>, pointer: string, report: Report): void {
  const given = (['continue', 'fail', 'forward'] as const).filter((name) => action[name] !== undefined)
  if (given.length !== 1) report({ pointer, code: 'NOT_ALLOWED', detail: 'Write one of `continue`, `fail` and `forward`.' })
  if (action.fail !== undefined && action.extract !== undefined) {
    report({ pointer: `${pointer}/extract`, code: 'NOT_ALLOWED', detail: 'Remove it; nothing comes after a failure.' })
  }
}

/** An exchange that could go back might never end, and would send the secrets again and again. */
function checkForward(steps: Steps, from: number, { to, pointer, report }: { to: string; pointer: string; report: Report }): void {
  const target = targetOf(steps, from, to)
  if (target === 'back') report({ pointer, code: 'LOOP', detail: 'Write the name of a later step, or `end`; an exchange never goes back.' })
  if (target !== 'unknown') return
  const later = [...steps.slice(from + 1).flatMap((step) => step?.name ?? []), END]
  const near = nearest(to, later)
  const detail =
    near === undefined ? `Write one of ${later.map((name) => `\`${name}\``).join(', ')}.` : `Write \`${near}\`; there is no step \`${to}\`.`
  report({ pointer, code: 'UNKNOWN_STEP', detail })
}

/** A header whose value some way leaves empty would fail at the first call, and not here. */
function checkSent(pattern: Draft<AuthPattern>, { at, report }: Scene, there: ReadonlySet<string>): void {
  const obtained = obtainedNames(pattern)
  const missing = (name: string): boolean => obtained.includes(name) && !there.has(name)
  pattern.headers?.forEach((header, i) => {
    for (const name of fieldsIn(parseTemplate(header?.value ?? '') ?? []).filter(missing)) {
      report({
        pointer: `${at}/headers/${i}/value`,
        code: 'UNDECLARED_FIELD',
        detail: `Obtain \`${name}\` on every way; some step can skip it.`,
      })
    }
  })
  if (pattern.headers !== undefined || !missing('access_token')) return
  report({ pointer: `${at}/steps`, code: 'UNDECLARED_FIELD', detail: 'Obtain `access_token` on every way; some step can skip it.' })
}
