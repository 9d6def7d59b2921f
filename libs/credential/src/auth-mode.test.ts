import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { AUTH_PAIRS, AUTH_TYPES, authTypeOf, FAMILIES, MODES, SECURITY_LEVELS } from './index.ts'
import type { SecurityRule } from './security-level.ts'

const README = fileURLToPath(new URL('../README.md', import.meta.url))

describe('the two axes', () => {
  test('[S0-11] have 24 cells, and each that is refused says why', () => {
    expect([AUTH_TYPES.length, MODES.length]).toEqual([6, 4])
    const cells = AUTH_TYPES.flatMap((type) => MODES.map((mode) => AUTH_PAIRS[type][mode]))
    expect(cells).toHaveLength(24)
    for (const cell of cells) expect(Object.values(cell)[0]).toMatch(/^.{20,}\.$/)
  })

  test('[S0-11] allow the four common pairs', () => {
    const pairs = [
      AUTH_PAIRS.api_key.full_access,
      AUTH_PAIRS.oauth2.external_oauth,
      AUTH_PAIRS.bearer.full_access,
      AUTH_PAIRS.custom_header.full_access,
    ]
    for (const pair of pairs) expect(pair).toHaveProperty('use')
  })

  test('[S0-11] have a row for every family of credentials', () => {
    for (const family of FAMILIES) expect(AUTH_TYPES).toContain(authTypeOf(family))
  })

  test('[S0-11] [S0-13] stand in the README as they are', () => {
    const text = readFileSync(README, 'utf8')
    const [before = '', rest = ''] = text.split('<!-- table of modes -->\n')
    const after = rest.split('<!-- end of the table -->')[1] ?? ''
    const wanted = `${before}<!-- table of modes -->\n${printed()}<!-- end of the table -->${after}`
    expect(text).toBe(wanted)
  })
})

/** As the README prints them. */
function printed(): string {
  const head = ['auth type', ...MODES.map((mode) => `\`${mode}\``)]
  const rows = AUTH_TYPES.map((type) => [`\`${type}\``, ...MODES.map((mode) => cellOf(AUTH_PAIRS[type][mode]))])
  return `\n${tableOf([head, ...rows])}\n${tableOf([LEVEL_HEAD, ...Object.entries(SECURITY_LEVELS).map(levelRow)])}\n`
}

const LEVEL_HEAD: readonly string[] = ['security level', '', 'attempts', 'then locked for', 'a pass lives']

function levelRow([level, { says, attempts, lockMinutes, passMinutes }]: [string, SecurityRule]): readonly string[] {
  if (attempts === 0) return [`\`${level}\``, says, '–', '–', '–']
  return [`\`${level}\``, says, String(attempts), `${lockMinutes.map(spanOf).join(', ')}, and so on`, spanOf(passMinutes)]
}

function spanOf(minutes: number): string {
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`
}

function cellOf(pair: (typeof AUTH_PAIRS)['none']['proxy']): string {
  return 'use' in pair ? pair.use : `– ${pair.refused}`
}

function tableOf([head = [], ...rows]: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}
