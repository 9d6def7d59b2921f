import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { tempHome } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenApi, restPage } from '../../reference/rest-page.ts'
import { codeBlocks, docsFiles, ROOT } from '../../support/code-blocks.ts'
import { keepEqual } from '../../support/keep-equal.ts'
import { type Scene, startScene } from '../../support/scene.ts'

const TOKEN = 'canary-docs-token-5d20c1'
/** Never the synchronous kind: the API that is called lives in this process. */
const run = promisify(execFile)
/** The quickstart begins with a platform of its own (quickstart.test.ts), and grpcurl is an outside tool (test/tools). */
const ELSEWHERE = ['quickstart.md', 'grpc.md']
const SLUGS = docsFiles().map(({ name }) => name.replace('.md', ''))
const addressOf = (slug: string): string => (slug === 'index' ? '/docs' : `/docs/${slug}`)

const home = tempHome()
let scene: Scene
beforeAll(async () => {
  scene = await startScene({ sites: { 'api.github.com': 'api', 'api.example.com': 'api' } })
}, 120_000)
afterAll(() => scene.close())

async function got(path: string): Promise<{ readonly type: string; readonly text: string }> {
  const answer = await fetch(`${scene.platform.admin}${path}`)
  expect([path, answer.status]).toEqual([path, 200])
  return { type: answer.headers.get('content-type') ?? '', text: await answer.text() }
}

describe('the documentation of this version is served without a key', () => {
  test('[C-8] every page as HTML and, under the same address with .md, as the Markdown that it is made of', async () => {
    for (const { name, markdown } of docsFiles()) {
      const page = await got(addressOf(name.replace('.md', '')))
      expect(page.type).toBe('text/html; charset=utf-8')
      const title = /^# (.+)$/m.exec(markdown)?.[1]
      expect(page.text).toContain(`>${title}</h1>`)
      expect(page.text).toContain(`<link rel="alternate" type="text/markdown" href="/docs/${name}">`)
      expect(page.text).not.toMatch(/(src|href)="https?:[^"]*\.(js|css)|<script/)
      const source = await got(`/docs/${name}`)
      expect([source.type, source.text]).toEqual(['text/markdown; charset=utf-8', markdown])
    }
  })

  test('[C-8] every page is in llms.txt, llms-full.txt and sitemap.xml, there and at the root', async () => {
    for (const place of ['', '/docs']) {
      const index = await got(`${place}/llms.txt`)
      expect(index.type).toBe('text/plain; charset=utf-8')
      expect(index.text).toMatch(/^# Credence\n\n> .+\n/)
      const links = [...index.text.matchAll(/\]\((http[^)]+)\)/g)].map(([, link = '']) => new URL(link).pathname)
      expect(links.toSorted()).toEqual(SLUGS.map((slug) => `/docs/${slug}.md`).toSorted())
      const map = await got(`${place}/sitemap.xml`)
      const places = [...map.text.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, link = '']) => new URL(link).pathname)
      expect(places.toSorted()).toEqual(SLUGS.map(addressOf).toSorted())
      const full = await got(`${place}/llms-full.txt`)
      for (const { markdown } of docsFiles()) expect(full.text).toContain(/^# .+$/m.exec(markdown)?.[0])
      expect(full.text).not.toMatch(/\]\([a-z-]+\.md/)
    }
  })

  test('[C-8] every link leads to a page, and to a heading that is on it', async () => {
    const pages = new Map<string, string>()
    for (const slug of SLUGS) pages.set(addressOf(slug), (await got(addressOf(slug))).text)
    for (const [address, html] of pages) {
      for (const [, href = ''] of html.matchAll(/<a [^>]*href="([^"]+)"/g)) {
        if (href.startsWith('https:')) continue
        const { pathname, hash } = new URL(href, `http://docs${address}`)
        const target = pages.get(pathname) ?? (await got(pathname)).text
        if (hash !== '') expect([address, href, target.includes(`id="${hash.slice(1)}"`)]).toEqual([address, href, true])
      }
    }
  })

  test('[C-8] the API browser stands beside it, and nothing else below /docs answers', async () => {
    expect((await got('/docs/api')).text).toContain('Credence API')
    expect((await fetch(`${scene.platform.admin}/docs/`, { redirect: 'manual' })).headers.get('location')).toBe('/docs')
    for (const path of ['/docs/nothing', '/docs/../package.json', '/docs/%2e%2e%2fpackage.json', '/docs/index.html'])
      expect([path, (await fetch(`${scene.platform.admin}${path}`)).status]).toEqual([path, 404])
  })

  test('[C-8] docs/rest.md lists the routes and members that the OpenAPI document has', async () => {
    keepEqual('docs/rest.md', restPage(JSON.parse((await got('/openapi.json')).text) as OpenApi))
  })
})

/** Its blocks in their order, in one shell. */
function scriptOf(name: string, markdown: string): { readonly script: string; readonly programs: readonly string[] } {
  const programs: string[] = []
  const parts = codeBlocks(markdown).flatMap(({ language, text }) => {
    if (language === 'bash') return [here(text)]
    if (language !== 'ts') return []
    const file = join(ROOT, 'test', 'support', `docs-${name.replace('.md', '')}-${process.pid}-${programs.length}.ts`)
    writeFileSync(file, here(text))
    programs.push(file)
    return [`${process.execPath} ${file}`]
  })
  return { script: parts.join('\n'), programs }
}

/** As printed, but for the ports of this run and its place for files. */
function here(text: string): string {
  return text
    .replaceAll('http://127.0.0.1:7401', scene.platform.admin)
    .replaceAll('http://127.0.0.1:7402', scene.platform.data)
    .replaceAll('/tmp/', `${home.path}/`)
}

describe('every block that a reader can run', () => {
  const pages = docsFiles().filter(
    ({ name, markdown }) => !ELSEWHERE.includes(name) && codeBlocks(markdown).some(({ language }) => ['bash', 'ts'].includes(language)),
  )

  test.each(pages.map(({ name, markdown }) => [name, markdown]))(
    '[C-8] runs as printed: %s',
    { timeout: 120_000 },
    async (name, markdown) => {
      const { script, programs } = scriptOf(name, markdown)
      const env = {
        ...process.env,
        KEY: scene.key,
        TOKEN,
        CREDENCE_API_URL: scene.platform.admin,
        CREDENCE_PROXY_URL: scene.platform.data,
        CREDENCE_KEY: scene.key,
        CREDENCE_USER: 'id:admin',
      }
      try {
        const { stdout, stderr } = await run('bash', ['-c', `set -eu -o pipefail\n${script}`], { env, cwd: ROOT })
        // curl ends well with an error of the platform, too.
        expect(`${stdout}\n${stderr}`).not.toMatch(/"status":\s*[45]\d\d|urn:credence:error/)
        expect(stdout).not.toContain(TOKEN)
      } finally {
        for (const file of programs) rmSync(file)
      }
    },
  )
})
