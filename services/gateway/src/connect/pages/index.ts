/** The connect pages: each a pure function from its view to HTML. */
export { renderChoice } from './choice.ts'
export { renderConsent } from './consent.ts'
export { renderEnd } from './end.ts'
export { renderForm } from './form.ts'
export { renderHandshake } from './handshake.ts'
export { renderElsewhere, renderFailed, renderMessage } from './message.ts'
export { renderWaiting } from './waiting.ts'
