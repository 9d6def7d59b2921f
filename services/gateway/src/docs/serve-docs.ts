import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { seeOther, sendPage } from '../http/page.ts'
import { addressOf, DOCS, markdownAddressOf } from './addresses.ts'
import { llmsFull, llmsTxt, sitemap } from './for-programs.ts'
import { docsPage } from './page.ts'
import { pagesOf, readDocs } from './read-docs.ts'

const STYLE = readFileSync(new URL('assets/docs.css', import.meta.url))

/**
 * The documentation of this very version: each page as HTML and as Markdown, and what programs look for. Everything is made at
 * the start, so no address reaches the disk; it needs no key, for it holds nothing of anybody.
 */
export function serveDocs(app: FastifyInstance, base: string): void {
  const docs = readDocs()
  for (const page of pagesOf(docs)) {
    const html = docsPage(docs, page)
    app.get(addressOf(page.slug), HIDDEN, async (_request, reply) => sendPage(reply, html))
    serveText(app, markdownAddressOf(page.slug), { type: 'text/markdown; charset=utf-8', text: page.markdown })
  }
  app.get(`${DOCS}/`, HIDDEN, async (_request, reply) => seeOther(reply, DOCS))
  serveText(app, `${DOCS}/docs.css`, { type: 'text/css; charset=utf-8', text: STYLE })
  // Where each is looked for by convention, and beside the pages.
  const texts = [
    { name: 'llms.txt', type: 'text/plain; charset=utf-8', text: llmsTxt({ docs, base }) },
    { name: 'llms-full.txt', type: 'text/plain; charset=utf-8', text: llmsFull({ docs, base }) },
    { name: 'sitemap.xml', type: 'application/xml', text: sitemap({ docs, base }) },
  ]
  for (const { name, ...text } of texts) for (const place of ['', DOCS]) serveText(app, `${place}/${name}`, text)
}

const HIDDEN = { schema: { hide: true } } as const

function serveText(app: FastifyInstance, path: string, { type, text }: { type: string; text: string | Buffer }): void {
  app.get(path, HIDDEN, async (_request, reply) => reply.header('cache-control', 'public, max-age=300').type(type).send(text))
}
