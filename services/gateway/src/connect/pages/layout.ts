import { html, raw } from 'hono/html'
import type { PageAction } from '../views.ts'

/** Finished HTML: what `html` makes from a template, with every interpolated string escaped. */
export type Markup = ReturnType<typeof html>

/** The frame of every page. Scripts and styles are files of ours: the content policy allows nothing inline. */
export function layout(page: {
  readonly title: string
  readonly body: Markup
  readonly stateUrl?: string
  readonly sessionId?: string
}): string {
  const script = page.stateUrl === undefined ? raw('') : html`<script src="/assets/session.js" defer></script>`
  return String(html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${page.title}</title>
    <link rel="stylesheet" href="/assets/style.css">
    ${script}
  </head>
  <body data-state-url="${page.stateUrl ?? ''}" data-session="${page.sessionId ?? ''}">
    <main>
      <h1>${page.title}</h1>
      ${page.body}
    </main>
  </body>
</html>`)
}

/** The buttons of a page: links, and forms that post. */
export function actionList(actions: readonly PageAction[]): Markup {
  return html`${actions.map((action) =>
    action.kind === 'link'
      ? html`<p><a href="${action.href}">${action.label}</a></p>`
      : html`<form method="post" action="${action.action}">
          ${Object.entries(action.inputs).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
          <button>${action.label}</button>
        </form>`,
  )}`
}
