import { html } from 'hono/html'
import { icon } from '../../connect/pages/icons.ts'
import { layout } from '../../connect/pages/layout.ts'
import { NOTHING } from '../../connect/pages/markup.ts'
import type { SignInView } from '../views.ts'

export function renderSignIn(view: SignInView): string {
  const { oidc, problem } = view
  return layout({
    title: `${problem === undefined ? '' : 'Error: '}Sign in`,
    main: html`<div class="sign quiet">${icon('person')}</div>
      <h1>Sign in</h1>
      <p class="lead">See the accounts that you connected, and connect them again.</p>
      ${problem === undefined ? NOTHING : html`<div class="notice bad" role="alert">${icon('warn')}<p>${problem}</p></div>`}
      ${
        oidc === undefined
          ? html`<h2>With a one-time link</h2>
      <p>Open the one-time link that the operator gave you. Each link works once.</p>`
          : html`<div class="actions"><a class="button primary" href="${oidc.href}">Sign in at ${oidc.issuerHost}</a></div>
      <p class="aside">Do you have a one-time link? Open it instead. Each link works once.</p>`
      }`,
  })
}
