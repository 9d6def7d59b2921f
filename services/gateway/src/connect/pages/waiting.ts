import { html } from 'hono/html'
import type { WaitingView } from '../views.ts'
import { icon } from './icons.ts'
import { sessionPage } from './session-page.ts'

/** Without scripts nobody else notices that the check is over. */
const LOOK_AGAIN_SECONDS = 3
const DEVICE_SECONDS = 10

export function renderWaiting(view: WaitingView): string {
  const { provider, againUrl, device } = view
  if (view.phase === 'checking') {
    return sessionPage(view, {
      heading: 'Checking the connection',
      lead: html`One call to <strong>${provider.name}</strong> shows whether it works. This takes a few seconds.`,
      stays: [view.phase],
      arrived: true,
      refreshSeconds: LOOK_AGAIN_SECONDS,
      cancel: false,
      body: html`<div class="spinner" aria-hidden="true"></div>
      <noscript><p class="aside"><a href="${againUrl}">Look again</a></p></noscript>`,
    })
  }
  if (device !== undefined) return renderDevice(view, device)
  return sessionPage(view, {
    heading: `Sign in at ${provider.name}`,
    lead: html`Finish in the window of <strong>${provider.name}</strong>. This page goes on by itself.`,
    stays: [view.phase],
    body: html`<div class="spinner" aria-hidden="true"></div>
      <h2>Is the window closed?</h2>
      <p>Nothing is lost: start the sign-in again.</p>
      <div class="actions"><a class="button primary" href="${againUrl}">Start again</a></div>`,
  })
}

/** The code is shown in large letters, since it is read from one screen and typed into another. */
function renderDevice(view: WaitingView, device: NonNullable<WaitingView['device']>): string {
  const { provider, againUrl } = view
  const onward = device.addressWithCode ?? device.address
  return sessionPage(view, {
    heading: `Enter this code at ${provider.name}`,
    lead: html`Open <strong>${device.address}</strong> on any device, enter the code and allow the access. This page goes on by itself.`,
    stays: [view.phase],
    refreshSeconds: DEVICE_SECONDS,
    body: html`<div class="code">
        <output id="digits" data-code="${device.userCode}" aria-label="${[...device.userCode].join(' ')}"><span>${device.userCode}</span></output>
        <button type="button" class="button" data-copy="digits" hidden>Copy</button>
        <span class="unseen" role="status" id="copied"></span>
      </div>
      <div class="notice warn">${icon('warn')}<p>Did somebody else send you the link, or tell you to enter this code? Then do not enter it: cancel below.</p></div>
      <div class="actions">
        <a class="button primary" href="${onward}" target="_blank" rel="noopener noreferrer">Open ${new URL(onward).host}${icon('leave')}</a>
        <a class="button" href="${againUrl}">Get another code</a>
      </div>`,
  })
}
