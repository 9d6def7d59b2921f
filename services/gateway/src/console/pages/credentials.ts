import { html } from 'hono/html'
import { actionList, layout, type Markup } from '../../connect/pages/layout.ts'
import type { PageAction } from '../../connect/views.ts'
import type { CredentialRow, CredentialsView } from '../views.ts'

export function renderCredentials(view: CredentialsView): string {
  const confirm = view.notice?.confirm
  const body = html`<p>${view.person} · ${view.project}</p>
    ${view.notice === undefined ? '' : html`<p role="status">${view.notice.sentence}</p>`}
    ${confirm === undefined ? '' : actionList([post(confirm.label, confirm.action, { ...confirm.inputs, csrf: view.csrf })])}
    ${view.credentials.map((row) => credential(row, view.csrf))}
    ${view.nextUrl === undefined ? '' : html`<p><a href="${view.nextUrl}">More</a></p>`}
    ${actionList([post('Sign out', view.signOutAction, { csrf: view.csrf })])}`
  return layout({ title: 'My credentials', body })
}

function credential(row: CredentialRow, csrf: string): Markup {
  const { actions } = row
  const buttons: PageAction[] = []
  if (actions !== undefined) {
    buttons.push({ kind: 'link', label: 'Reconnect', href: actions.reconnectUrl, primary: row.status === 'expired' })
    if (actions.disableAction !== undefined) buttons.push(post('Disable', actions.disableAction, { csrf }))
    if (actions.enableAction !== undefined) buttons.push(post('Enable', actions.enableAction, { csrf }))
    buttons.push(post('Delete', actions.deleteAction, { csrf }))
  }
  return html`<section>
    <h2>${row.label}</h2>
    <p>${row.provider} ${row.account ?? ''} · ${row.status} · ${row.health}</p>
    <p>${row.reason ?? ''}</p>
    ${actionList(buttons)}
  </section>`
}

function post(label: string, action: string, inputs: Readonly<Record<string, string>>): PageAction {
  return { kind: 'post', label, action, inputs, primary: false }
}
