// What the panel's rows are made of.
import { el } from './dom.js'

/** One row for each account, the ones that ask for something first, and one for each service without an account. */
export function rowsOf({ services }) {
  const rows = services.flatMap((service) => {
    const held = service.connections.map((connection) => ({ key: `c:${connection.credential_id}`, service, connection }))
    return held.some(({ connection }) => connection.own) ? held : [...held, { key: `p:${service.provider_id}`, service }]
  })
  const asks = ({ connection }) => connection?.state === 'expired' && connection.own
  return [...rows.filter(asks), ...rows.filter((row) => !asks(row))]
}

export function sumOf({ services }) {
  const count = (state) => services.filter((service) => service.state === state).length
  const [connected, expired] = [count('connected'), count('expired')]
  if (expired > 0) return expired === 1 ? 'One account asks you to sign in again.' : `${expired} accounts ask you to sign in again.`
  return connected === 0 ? 'None connected yet.' : `${connected} connected.`
}

export function skeleton() {
  const bone = () =>
    el(
      'li',
      { class: 'bone' },
      el('div', { class: 'top' }, el('span', { class: 'monogram' }), el('div', { class: 'text' }, el('span'), el('span'))),
    )
  return el('ul', { 'aria-hidden': 'true' }, bone(), bone(), bone())
}
