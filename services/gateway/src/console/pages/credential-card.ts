import { html } from 'hono/html'
import { hiddenInputs } from '../../connect/pages/actions.ts'
import { badge, type Tone } from '../../connect/pages/badge.ts'
import type { IconName } from '../../connect/pages/icons.ts'
import { type Markup, NOTHING } from '../../connect/pages/markup.ts'
import { moment } from '../../connect/pages/moment.ts'
import { monogram } from '../../connect/pages/monogram.ts'
import type { CredentialRow } from '../views.ts'

type Look = readonly [word: string, tone: Tone, drawing: IconName]

const STATUSES: Readonly<Record<CredentialRow['status'], Look>> = {
  active: ['Active', 'good', 'check'],
  expired: ['Expired', 'bad', 'warn'],
  disabled: ['Disabled', 'quiet', 'pause'],
}

/** Said beside `Active`; `ok` needs no word. */
const HEALTHS: Readonly<Record<string, Look>> = {
  refreshing: ['Renewing', 'quiet', 'clock'],
  in_doubt: ['Being looked into', 'warn', 'clock'],
  throttled: ['Slowed down', 'warn', 'clock'],
  paused: ['Renewing is paused', 'warn', 'pause'],
  unverified: ['Not checked yet', 'warn', 'clock'],
  restored_unverified: ['Restored, not checked yet', 'warn', 'clock'],
}

/** One credential of the list. `csrf` goes into each of its forms. */
export function credentialCard(row: CredentialRow, csrf: string): Markup {
  const [word, tone, drawing] = STATUSES[row.status]
  return html`<li class="card row ${tone}">
        <div class="row-head">${monogram(row.provider)}
          <div class="row-name"><h2>${row.label}</h2>
            <p class="hint">${row.provider}${row.account === undefined ? NOTHING : html` · ${row.account}`}</p></div>
          <p class="badges">${badge({ word, tone, drawing })}${health(row)}</p>
        </div>
        ${row.reason === undefined ? NOTHING : html`<p class="reason">${row.reason}</p>`}
        <dl class="facts">${facts(row)}</dl>
        ${buttons(row, csrf)}
      </li>`
}

function health(row: CredentialRow): Markup {
  const look = row.status === 'active' ? HEALTHS[row.health] : undefined
  if (look === undefined) return NOTHING
  const [word, tone, drawing] = look
  return badge({ word, tone, drawing })
}

function facts(row: CredentialRow): Markup {
  const fact = (term: string, value: Markup): Markup => html`<div><dt>${term}</dt><dd>${value}</dd></div>`
  const at = (term: string, date: Date | undefined): Markup => (date === undefined ? NOTHING : fact(term, moment(date)))
  return html`${fact('Last used', row.lastUsedAt === undefined ? html`Not yet` : moment(row.lastUsedAt))}
          ${at('Last checked', row.lastVerifiedAt)}${at('Connected', row.createdAt)}${at(row.status === 'expired' ? 'Ended' : 'Ends', row.expiresAt)}
          ${fact('Used by', html`${usedBy(row.consumerCount)}`)}`
}

function buttons(row: CredentialRow, csrf: string): Markup {
  const { actions } = row
  if (actions === undefined) return html`<p class="hint">Shared with you. Only its owner can change it.</p>`
  const about = html`<span class="unseen"> ${row.label}</span>`
  const post = (action: string | undefined, label: string): Markup =>
    action === undefined
      ? NOTHING
      : html`<form method="post" action="${action}">${hiddenInputs({ csrf })}<button class="button">${label}${about}</button></form>`
  return html`<div class="manage"><div class="actions">
          <a class="button${row.status === 'expired' ? ' primary' : ''}" href="${actions.reconnectUrl}">Reconnect${about}</a>
          ${post(actions.disableAction, 'Disable')}${post(actions.enableAction, 'Enable')}</div>
          <details class="sure"><summary class="button danger-text">Delete${about}</summary>
            <div class="sure-body"><p>${consequence(row)} This cannot be undone.</p>
              <form method="post" action="${actions.deleteAction}">${hiddenInputs({ csrf })}<button class="button danger">Yes, delete${about}</button></form>
            </div></details>
        </div>`
}

function consequence({ label, consumerCount }: CredentialRow): string {
  if (consumerCount === 0) return `Delete “${label}”? Its key is destroyed.`
  return `Delete “${label}”? Its key is destroyed, and ${usedBy(consumerCount)} can no longer use it.`
}

function usedBy(count: number): string {
  return count === 0 ? 'nothing yet' : count === 1 ? '1 tool' : `${count} tools`
}
