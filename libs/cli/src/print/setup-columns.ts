import type { Setup } from '@credence/sdk'
import type { Column } from './table.ts'

export const SETUP_COLUMNS: readonly Column<Setup>[] = [
  { title: 'id', of: (it) => it.id },
  { title: 'service', of: (it) => it.name ?? it.service },
  { title: 'state', of: stateOf },
  { title: 'provider', of: (it) => (it.providerVersion === undefined ? undefined : it.providerId) },
  { title: 'credential', of: (it) => it.credentialId },
  { title: 'started', of: (it) => it.createdAt },
]

/** `guided`, `research (needs site)`, `connect (key_wrong)`. */
function stateOf({ state, needs, cause }: Setup): string {
  const more = needs === undefined ? cause : `needs ${needs}`
  return more === undefined ? state : `${state} (${more})`
}

export function setupLine(it: Setup): string {
  return `${it.name ?? it.service}: ${stateOf(it)}`
}

/** What a person reads before he goes on: where it stands, what to do, and where everything was said. */
export function setupFacts(it: Setup): readonly (readonly [string, string | number | Date | undefined])[] {
  const steps = it.steps.map(({ audience, text, url, redirectUri }, i): readonly [string, string] => {
    const more = [url, redirectUri].filter((one) => one !== undefined).join(' ')
    return [`step ${i + 1}${audience === 'administrator' ? ' (administrator)' : ''}`, more === '' ? text : `${text} ${more}`]
  })
  const facts = it.facts.map(({ pointer, value, url, confidence }): readonly [string, string] => [
    pointer,
    `${value} (${confidence}; ${url})`,
  ])
  return [
    ['id', it.id],
    ['service', it.name === undefined || it.name === it.service ? it.service : `${it.name} (${it.service})`],
    ['state', stateOf(it)],
    ['what now', it.sentence],
    ['found in', it.source],
    ['provider', it.providerVersion === undefined ? undefined : `${it.providerId} (version ${it.providerVersion})`],
    ['credential', it.credentialId],
    ...facts,
    ...it.missing.map(({ pointer, question }): readonly [string, string] => [`not found: ${pointer}`, question]),
    ['try', it.suggestions.join(' ')],
    ...steps,
  ]
}
