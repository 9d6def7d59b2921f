import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseProvider } from '@credence/provider'
import { describe, expect, test } from 'vitest'
import { errorsPage } from '../reference/errors-page.ts'
import { factsTable } from '../reference/facts-table.ts'
import { grpcPage } from '../reference/grpc-page.ts'
import { payloadPage } from '../reference/payload-page.ts'
import { settingsPage } from '../reference/settings-page.ts'
import { between, codeBlocks, docsFiles, ROOT, RUNS, SHOWS } from '../support/code-blocks.ts'
import { keepEqual } from '../support/keep-equal.ts'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

describe('the reference is made of the code', () => {
  test.each([
    ['docs/errors.md', errorsPage],
    ['docs/payload.md', payloadPage],
    ['docs/grpc.md', grpcPage],
    ['docs/settings.md', settingsPage],
  ])('[C-8] %s', (path, page) => {
    keepEqual(path, page())
  })

  test('[C-8] the table of facts is that of the event stream', () => {
    keepEqual('docs/events.md', between(read('docs/events.md'), { mark: 'table of facts', text: factsTable() }))
  })

  test('[C-8] [S0-11] the table of types and modes is printed as libs/credential has it', () => {
    const [, table = ''] = /<!-- table of modes -->\n([\s\S]*?)<!-- end of the table -->/.exec(read('libs/credential/README.md')) ?? []
    expect(table).toContain('| `oauth2` |')
    keepEqual('docs/capabilities.md', between(read('docs/capabilities.md'), { mark: 'table of modes', text: table }))
  })
})

describe('a code block', () => {
  const blocks = docsFiles().flatMap(({ name, markdown }) => codeBlocks(markdown).map((block) => ({ name, ...block })))

  test('[C-8] is in a language that is run, or in one that shows something', () => {
    const known: readonly string[] = [...RUNS, ...SHOWS]
    expect(blocks.filter(({ language }) => !known.includes(language)).map(({ name, text }) => `${name}: ${text}`)).toEqual([])
  })

  test('[C-8] in JSON can be read, and a payload in it is one that is accepted', () => {
    const texts = blocks.filter(({ language }) => language === 'json').map(({ text }) => text)
    const payloads = texts.filter((text) => 'auth_patterns' in JSON.parse(text))
    expect(payloads.length).toBeGreaterThan(3)
    for (const text of payloads) expect(parseProvider(Buffer.from(text)).proxy_enabled).toBe(true)
  })
})

/** What the panel tells its page beside the codes of the platform. */
function panelCodes(): string {
  const source = read('services/gateway/src/widget/element/panel.js')
  return [...source.matchAll(/code: '([A-Z_]+)'/g)].map(([, code]) => `\`${code}\``).join('\n')
}

describe('the words of the documentation', () => {
  test('[C-8] name codes and settings that are there', () => {
    const known = [errorsPage(), settingsPage(), payloadPage(), grpcPage(), panelCodes()].join('\n')
    const told = docsFiles().flatMap(({ name, markdown }) => {
      const names = [...markdown.matchAll(/`(CREDENCE_[A-Z_]+|[A-Z]+_[A-Z_]+)`/g)].map(([, found = '']) => found)
      return names.filter((found) => !known.includes(`\`${found}\``)).map((found) => `${name}: ${found}`)
    })
    expect(told).toEqual([])
  })

  test('[C-8] name routes that are there', () => {
    const form = (route: string): string => route.replaceAll(/\{[^}]*\}|:[a-z_]+/g, '{}')
    const known = [...read('docs/rest.md').matchAll(/^### `([A-Z]+ [^`]+)`$/gm)].map(([, route = '']) => form(route))
    const told = docsFiles().flatMap(({ name, markdown }) =>
      [...markdown.matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) \/v1\/[^`?\s]+)/g)].map(([, route = '']) => ({ name, route })),
    )
    expect(told.length).toBeGreaterThan(known.length)
    expect(told.filter(({ route }) => !known.includes(form(route)))).toEqual([])
  })
})
