import { html } from 'hono/html'
import { layout } from '../../connect/pages/layout.ts'
import type { SignInView } from '../views.ts'

export function renderSignIn(view: SignInView): string {
  const body = html`${view.problem === undefined ? '' : html`<p role="alert">${view.problem}</p>`}
    ${
      view.oidc === undefined
        ? html`<p>Open the one-time link that the operator gave you.</p>`
        : html`<p><a href="${view.oidc.href}">Sign in at ${view.oidc.issuerHost}</a></p>`
    }`
  return layout({ title: 'Sign in', body })
}
