import { html, raw } from 'hono/html'
import { type Markup, NOTHING } from '../connect/pages/markup.ts'
import { addressOf, DOCS, markdownAddressOf } from './addresses.ts'
import { renderMarkdown } from './markdown.ts'
import type { Docs, DocsPage } from './read-docs.ts'

/** A page of the documentation with the contents beside it. No scripts; styles are files. */
export function docsPage(docs: Docs, page: DocsPage): string {
  const rendered = renderMarkdown(page.markdown)
  const [title = '', rest = ''] = rendered.html.split(/(?<=<\/h1>)/, 2)
  return String(html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="description" content="${page.summary.replaceAll('`', '')}">
    <title>${page === docs.index ? `${page.title} documentation` : `${page.title} – Credence`}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/mark.svg">
    <link rel="stylesheet" href="/assets/style.css">
    <link rel="stylesheet" href="${DOCS}/docs.css">
    <link rel="alternate" type="text/markdown" href="${markdownAddressOf(page.slug)}">
  </head>
  <body class="docs">
    <a class="skip" href="#page">To the page</a>
    <header class="top">
      <a class="home" href="${DOCS}"><img src="/assets/mark.svg" alt="" width="22" height="22">Credence</a>
      <a class="to-contents" href="#contents">Contents</a>
      <a class="api" href="${DOCS}/api">API browser</a>
    </header>
    <div class="columns">
      <main id="page">
        <article>
          ${markup(title)}
          ${page !== docs.index && rendered.headings.length > 2 ? onThisPage(rendered.headings) : NOTHING}
          ${markup(rest)}
        </article>
        <footer class="of-page"><a href="${markdownAddressOf(page.slug)}">This page as Markdown</a></footer>
      </main>
      <nav id="contents" aria-label="Documentation">${docs.sections.map((section) => sectionOf(section, page))}</nav>
    </div>
  </body>
</html>`)
}

/** Made by the renderer from files of ours; it escapes whatever is no Markdown. */
function markup(rendered: string): Markup {
  return html`${raw(rendered)}`
}

function sectionOf({ heading, pages }: Docs['sections'][number], current: DocsPage): Markup {
  return html`<h2>${heading}</h2>
        <ul>${pages.map(({ slug, title }) => html`<li><a href="${addressOf(slug)}"${slug === current.slug ? html` aria-current="page"` : NOTHING}>${title}</a></li>`)}</ul>
        `
}

function onThisPage(headings: ReturnType<typeof renderMarkdown>['headings']): Markup {
  return html`<nav class="here" aria-label="On this page">
          <ul>${headings.map(({ anchor, text }) => html`<li><a href="#${anchor}">${text}</a></li>`)}</ul>
        </nav>`
}
