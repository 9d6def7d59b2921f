import { pathPatternFault, SECURITY_LEVELS, type SecurityLevel } from '@credence/credential'
import { FACT_KINDS } from '@credence/credential/facts'
import type { Fault } from '@credence/errors'
import type { Capability } from '@credence/proto/capability'
import type { CapabilityFields } from './capability.ts'
import { readLookup } from './check-lookup.ts'

const MOST = { name: 200, description: 2000, question: 500, purpose: 200, methods: 20, paths: 200, scopes: 200 } as const
/** RFC 9110 §9.1: a token; ours are written in upper case. */
const METHOD = /^[A-Z][A-Z-]{1,19}$/
/** They would make a tunnel, or have the request echoed with all that is in it. */
const REFUSED_METHODS: readonly string[] = ['CONNECT', 'TRACE', 'TRACK']
/** RFC 6749 §3.3. */
const CONSENT_SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/
const FACT_NAME = /^[a-z][a-z0-9_]{0,39}$/

type Refuse = (pointer: string, code: string, detail: string) => void

/** What the team wrote, tidied, with every fault of it that can be seen without looking anything up. */
export function readCapability(given: Capability): { fields: CapabilityFields; faults: Fault[] } {
  const faults: Fault[] = []
  const refuse: Refuse = (pointer, code, detail) => void faults.push({ pointer, code, detail })
  const { description, exclusive, credentialId } = given
  const name = given.name.trim()
  if (name === '') refuse('/name', 'MISSING', 'Give it a name that people know it by.')
  if (name.length > MOST.name) refuse('/name', 'TOO_LONG', `Use at most ${MOST.name} characters.`)
  if (description.length > MOST.description) refuse('/description', 'TOO_LONG', `Use at most ${MOST.description} characters.`)
  const methods = readMethods(given.methods, refuse)
  const paths = readPaths(given.paths, refuse)
  const security = readSecurity(given.security, refuse)
  const consent = readConsent(given.consent, refuse)
  if (given.scopes.length > MOST.scopes) refuse('/scopes', 'TOO_MANY', `Ask for at most ${MOST.scopes} scopes.`)
  const scopes = [...new Set(given.scopes)]
  return { fields: { name, description, exclusive, credentialId, methods, paths, security, consent, scopes }, faults }
}

function readMethods(given: readonly string[], refuse: Refuse): string[] {
  const methods = given.map((method) => method.trim().toUpperCase())
  for (const [i, method] of methods.entries()) {
    if (!METHOD.test(method)) refuse(`/methods/${i}`, 'INVALID_VALUE', 'Write an HTTP method such as GET or POST.')
    else if (REFUSED_METHODS.includes(method)) refuse(`/methods/${i}`, 'NOT_ALLOWED', `${method} is never proxied.`)
  }
  if (methods.length > MOST.methods) refuse('/methods', 'TOO_MANY', `Write at most ${MOST.methods} methods; none: every method.`)
  return [...new Set(methods)]
}

function readPaths(paths: readonly string[], refuse: Refuse): string[] {
  for (const [i, path] of paths.entries()) {
    const detail = pathPatternFault(path)
    if (detail !== undefined) refuse(`/paths/${i}`, 'INVALID_VALUE', detail)
  }
  if (paths.length > MOST.paths) refuse('/paths', 'TOO_MANY', `Write at most ${MOST.paths} patterns; none: every path.`)
  return [...new Set(paths)]
}

function readSecurity(given: Capability['security'], refuse: Refuse): CapabilityFields['security'] {
  const facts = (given?.facts ?? []).map(({ name, question, kind }) => ({
    name,
    question: question.trim(),
    ...(kind === '' ? {} : { kind }),
  }))
  const word = given?.level || 'none'
  const lookup = given?.lookup === undefined ? undefined : readLookup(given.lookup, { facts: facts.map(({ name }) => name), refuse })
  const way = { ...(lookup === undefined ? {} : { lookup }), ...(given?.pageOnly === true ? { pageOnly: true } : {}) }
  if (!Object.hasOwn(SECURITY_LEVELS, word)) {
    refuse('/security/level', 'INVALID_VALUE', `Write one of ${Object.keys(SECURITY_LEVELS).join(', ')}.`)
    return { level: 'strict', facts, ...way }
  }
  const level = word as SecurityLevel
  const { leastFacts, mostFacts } = SECURITY_LEVELS[level]
  if (facts.length < leastFacts || facts.length > mostFacts) {
    refuse('/security/facts', 'WRONG_NUMBER', `The level ${level} asks for ${mostFacts === 0 ? 'none' : `${leastFacts} to ${mostFacts}`}.`)
  }
  for (const [i, { name, question, kind }] of facts.entries()) {
    if (kind !== undefined && !FACT_KINDS.some((one) => one === kind)) {
      refuse(`/security/facts/${i}/kind`, 'INVALID_VALUE', `Write one of ${FACT_KINDS.join(', ')}, or leave it out.`)
    }
    if (!FACT_NAME.test(name)) refuse(`/security/facts/${i}/name`, 'INVALID_VALUE', 'Write a name such as email, order_number or zip.')
    if (facts.findIndex((fact) => fact.name === name) < i) refuse(`/security/facts/${i}/name`, 'DUPLICATE', 'Ask for each fact once.')
    if (question === '' || question.length > MOST.question) {
      refuse(`/security/facts/${i}/question`, 'INVALID_VALUE', `Write the question as it is asked, at most ${MOST.question} characters.`)
    }
  }
  return { level, facts, ...way }
}

function readConsent(given: Capability['consent'], refuse: Refuse): CapabilityFields['consent'] {
  const required = given?.required ?? false
  const purpose = given?.purpose.trim() ?? ''
  if (required && purpose === '') refuse('/consent/purpose', 'MISSING', 'Say in a few words what is consented to.')
  if (purpose.length > MOST.purpose) refuse('/consent/purpose', 'TOO_LONG', `Use at most ${MOST.purpose} characters.`)
  const scopes = [...new Set(given?.scopes ?? [])]
  if (scopes.length > MOST.scopes || scopes.some((scope) => !CONSENT_SCOPE.test(scope))) {
    refuse('/consent/scopes', 'INVALID_VALUE', `Write at most ${MOST.scopes} words of up to 100 characters, such as orders.read.`)
  }
  return { required, purpose, ...(scopes.length === 0 ? {} : { scopes }) }
}
