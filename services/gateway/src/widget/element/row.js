// One line of the panel: a service that can be connected, or one account at a service.
import { el, icon, monogram } from './dom.js'
import { lineOf, stateOf } from './words.js'

/** A button whose name for readers says of which service it is; `key` finds it again when the row is drawn anew. */
function button(label, { name, act, kind = 'plain', key }) {
  return el(
    'button',
    { type: 'button', part: `button ${kind}`, class: kind, 'aria-label': `${label} ${name}`, 'data-key': key, onclick: act },
    label,
  )
}

function badge({ word, tone, drawing }) {
  return el('span', { class: `badge ${tone}`, part: `state ${tone}` }, icon(drawing), word)
}

/** `row`: {key, service, connection?}; `doing`: what the person is at in this row. */
export function drawRow({ service, connection }, doing, acts) {
  const { name, description } = service
  const line = connection ? lineOf(connection, service) : description
  const text = el('div', { class: 'text' }, el('span', { class: 'name', part: 'name' }, name), line && el('span', { class: 'line' }, line))
  const buttons = doing.window || doing.asks ? [] : buttonsOf({ name, connection }, acts)
  const state = connection && badge(stateOf(connection))
  const side = buttons.length > 0 ? el('div', { class: `buttons ${buttons.length > 1 ? 'many' : 'one'}` }, ...buttons) : undefined
  return [el('div', { class: 'top' }, monogram(name), text, state, side), ...detailOf(name, doing, acts)]
}

function buttonsOf({ name, connection }, { connect, ask, isGuest }) {
  if (isGuest) return []
  if (!connection) return [button('Connect', { name, act: connect, kind: 'tonal', key: 'connect' })]
  if (!connection.own) return []
  const off = button('Disconnect', { name, act: ask, kind: 'bare', key: 'disconnect' })
  return connection.state === 'expired' ? [button('Reconnect', { name, act: connect, kind: 'primary', key: 'connect' }), off] : [off]
}

function detailOf(name, { window: opened, asks, inUse, problem, isBusy }, acts) {
  if (opened) return [waiting(name, opened, acts)]
  if (asks) return [question(name, { inUse, isBusy }, acts)]
  if (!problem) return []
  return [el('div', { class: 'detail bad', part: 'notice' }, icon('warn'), el('p', {}, problem))]
}

function waiting(name, { phase, link }, { again, cancel }) {
  const off = button('Cancel', { name, act: cancel, key: 'cancel' })
  if (phase === 'blocked') {
    const open = el(
      'a',
      { class: 'primary', part: 'button primary', href: link, target: '_blank', rel: 'opener', 'data-key': 'open' },
      'Open the window',
      icon('leave'),
    )
    const text = el('p', {}, 'Your browser kept the window from opening. Open it yourself:')
    return el('div', { class: 'detail warn', part: 'notice' }, icon('warn'), text, el('div', { class: 'actions' }, open, off))
  }
  const text = el('p', {}, phase === 'opening' ? 'Opening a window…' : 'Finish in the other window. This list changes by itself.')
  const more = phase === 'opening' ? [] : [button('Open it again', { name, act: again, key: 'again' })]
  return el(
    'div',
    { class: 'detail', part: 'notice' },
    el('span', { class: 'spinner', 'aria-hidden': 'true' }),
    text,
    el('div', { class: 'actions' }, ...more, off),
  )
}

function question(name, { inUse, isBusy }, { disconnect, keep }) {
  const words = inUse
    ? `Something still uses ${name} and stops working without it.`
    : `Disconnect ${name}? Whatever uses it stops working. You can connect it again at any time.`
  const yes = button(isBusy ? 'Disconnecting…' : inUse ? 'Disconnect anyway' : 'Disconnect', {
    name,
    act: disconnect,
    kind: 'danger',
    key: 'yes',
  })
  if (isBusy) yes.setAttribute('aria-disabled', 'true')
  return el(
    'div',
    { class: 'detail warn', part: 'notice' },
    icon('warn'),
    el('p', {}, words),
    el('div', { class: 'actions' }, yes, button('Keep', { name, act: keep, key: 'keep' })),
  )
}
