import { html } from 'hono/html'
import { hiddenInputs } from '../../connect/pages/actions.ts'
import { badge } from '../../connect/pages/badge.ts'
import { type IconName, icon } from '../../connect/pages/icons.ts'
import { flag, type Markup, NOTHING, told } from '../../connect/pages/markup.ts'
import { monogram } from '../../connect/pages/monogram.ts'
import { promises } from '../../connect/pages/session-page.ts'
import type { SetupView } from '../setup-views.ts'
import { copyBox } from './copy-box.ts'
import { isCalm } from './setup-progress.ts'
import { payloadForm, researchForm } from './setup-revise.ts'
import { guide } from './setup-steps.ts'

/** What is to be done now, by whom. */
export function nowPart(view: SetupView): Markup {
  switch (view.setup.state) {
    case 'research':
      return view.setup.needs === '' ? reading(view) : asking(view)
    case 'guided':
      return guided(view)
    case 'connect':
      return view.setup.needs === 'client' ? clientMissing(view) : connect(view)
    case 'verify':
      return checking(view)
    case 'done':
      return done(view)
    case 'cancelled':
      return sheet('Cancelled', html`<p>Nothing was connected, and nothing of a secret is kept.</p>${another()}`)
  }
}

function sheet(heading: string, body: Markup): Markup {
  return html`<section class="card sheet" aria-labelledby="now"><h2 id="now" tabindex="-1">${heading}</h2>${body}</section>`
}

function reading({ setup }: SetupView): Markup {
  return sheet(
    'Reading its documentation',
    html`<p>What <strong>${setup.service}</strong> needs is being found out on its own public pages. This takes up to two minutes.</p>
      <div class="spinner" aria-hidden="true"></div>
      <p class="hint">You can close the page. It goes on by itself.</p>
      <noscript><p class="aside"><a href="${setup.url}">Look again</a></p></noscript>`,
  )
}

function asking(view: SetupView): Markup {
  const { setup, questions } = view
  const isSite = setup.needs === 'site'
  const open = questions.filter(({ required, question }) => required && question !== setup.sentence)
  return sheet(
    isSite ? 'An address is needed' : 'Something could not be found',
    html`<p>${told(setup.sentence ?? 'Where does the service say how its API works?')}</p>
      ${open.length === 0 ? NOTHING : html`<ul class="plain-list">${open.map(({ question }) => html`<li>${told(question)}</li>`)}</ul>`}
      ${researchForm(view, isSite ? 'Address of its site or documentation' : 'Address of the page that says it')}
      ${isSite ? NOTHING : payloadForm(view)}`,
  )
}

function guided(view: SetupView): Markup {
  const { setup, acceptAction, csrf } = view
  const isWaiting = setup.needs === 'administrator'
  const ready = html`<form class="go-on" method="post" action="${acceptAction}" data-busy="One moment…">${hiddenInputs({ csrf })}
        ${ways(view)}
        <div class="actions"><button class="button primary">Done, go on</button></div></form>`
  return sheet(
    'What to do',
    html`${guide(view)}
      ${isWaiting ? waiting(html`This service is new here, and <strong>an administrator has to save it</strong> before you can go on. Send an administrator the address of this page.`) : ready}`,
  )
}

function waiting(text: Markup): Markup {
  return html`<div class="notice warn">${icon('person')}<p>${text}</p></div>`
}

function ways({ patterns }: SetupView): Markup {
  if (patterns.length < 2) return NOTHING
  const option = ({ title, description }: SetupView['patterns'][number], at: number): Markup =>
    html`<label class="choice" for="way-${at}"><input type="radio" id="way-${at}" name="pattern" value="${at}"${flag('checked', at === 0)}>
            <span class="choice-text"><span class="choice-title">${title}</span>${description === undefined ? NOTHING : html`<span class="hint">${description}</span>`}</span></label>`
  return html`<fieldset><legend>There is more than one way to connect</legend><div class="choices">${patterns.map(option)}</div></fieldset>`
}

function clientMissing(view: SetupView): Markup {
  return sheet(
    'An administrator’s turn',
    html`${waiting(html`Signing in to <strong>${view.setup.title}</strong> has to be set up once, by an administrator. This page goes on by itself when that is done.`)}
      ${guide(view)}
      ${
        view.command === undefined
          ? NOTHING
          : html`<h3>How it is registered here</h3>
      <p>With the command line; it asks for the client secret, which then goes to the vault and nowhere else:</p>
      ${copyBox({ id: 'command', value: view.command, label: 'Copy the command' })}`
      }`,
  )
}

/** By cause: what it was, and what a person can do about it where nobody has said so more exactly. */
const ADVICE: Readonly<Record<string, readonly [heading: string, advice: string]>> = {
  key_wrong: ['The key was not accepted', 'Copy it again, whole and without blanks, and see that it is still valid.'],
  scope_missing: ['The key may do too little', 'Give it the permissions that the steps name, or create a new one with them.'],
  host_wrong: ['The address does not fit', 'Look at the part of the address that is yours, like the domain of your account.'],
  provider_down: [
    'The service did not answer',
    'That is no mistake of yours. Try again in a while, or keep it unchecked on the next page.',
  ],
  throttled: ['The service asks to slow down', 'That is no mistake of yours. Wait a few minutes and try again.'],
  unexpected_answer: ['The answer was not as expected', 'Look whether it is the right service, or give another address below.'],
  field_refused: ['One of the values does not fit', 'The next page says which.'],
  cancelled: ['The last try was cancelled', 'Nothing was kept. Start again whenever you like.'],
  timed_out: ['The time was over', 'Nothing was kept. Start again whenever you like.'],
  interrupted: ['The last try was interrupted', 'Nothing was kept. Try again.'],
  refused: ['The access was not allowed', 'Start again, and allow it at the service.'],
}

function connect(view: SetupView): Markup {
  const { setup, connectAction, csrf } = view
  const isBack = setup.cause !== ''
  if (!setup.own) return sheet('Its person connects it', html`<p>Whoever started this setup enters the key. Nobody else can.</p>`)
  return sheet(
    isBack ? 'Connect again' : `Connect ${setup.title}`,
    html`${isBack ? refusal(view) : html`<p>Everything is ready. One call then shows whether it works.</p>`}
      <form class="go-on" method="post" action="${connectAction}" data-busy="One moment…">${hiddenInputs({ csrf })}
        <div class="actions"><button class="button primary">${isBack ? 'Try again' : `Connect ${setup.title}`}</button></div></form>
      ${promises(kept(view))}
      <details class="more" id="steps-again"><summary>The steps again</summary>${guide(view)}</details>`,
  )
}

/** A session that ended took what was typed with it. */
const LOST: ReadonlySet<string> = new Set(['cancelled', 'timed_out', 'refused'])

function kept({ tries, setup }: SetupView): (readonly [IconName, Markup])[] {
  const lock: readonly [IconName, Markup] = [
    'lock',
    html`Secrets are entered <strong>on the next page only</strong>, and encrypted the moment you send them.`,
  ]
  return tries === 0 || LOST.has(setup.cause)
    ? [lock]
    : [lock, ['check', html`What you typed that is no secret is still filled in. Secrets are asked for again; none was kept.`]]
}

function refusal({ setup, tries }: SetupView): Markup {
  const [heading, advice] = ADVICE[setup.cause] ?? ['It did not work', 'Try again.']
  const tone = isCalm(setup.cause) ? 'warn' : 'bad'
  return html`<div class="notice ${tone}">${icon(tone === 'bad' ? 'cross' : 'warn')}<div><h3>${heading}</h3>
        <p>${setup.sentence === undefined ? advice : told(setup.sentence)}</p>
        ${tries < 2 ? NOTHING : html`<p class="fine-line">${tries} tries so far.</p>`}</div></div>`
}

function checking({ setup, connectAction, csrf }: SetupView): Markup {
  return sheet(
    'Checking',
    html`<p>One call to <strong>${setup.title}</strong> shows whether what was entered works.</p>
      <div class="spinner" aria-hidden="true"></div>
      <noscript><p class="aside"><a href="${setup.url}">Look again</a></p></noscript>
      ${
        setup.own
          ? html`<form class="quiet-way" method="post" action="${connectAction}">${hiddenInputs({ csrf })}
        <p class="hint">Did you close the window on the way?</p><button class="plain">Start the connect step again</button></form>`
          : NOTHING
      }`,
  )
}

function done({ setup, credential, batchUrl }: SetupView): Markup {
  const ways = html`<div class="actions beside">${
    batchUrl === undefined
      ? html`<a class="button primary" href="${credential?.url ?? '/console'}">See my credentials</a>`
      : html`<a class="button primary" href="${batchUrl}">Go on with the others</a><a class="button" href="${credential?.url ?? '/console'}">See my credentials</a>`
  }</div>`
  return sheet(
    `${setup.title} is connected`,
    html`${credential === undefined ? html`<p>The credential belongs to somebody else, or is gone by now.</p>` : credentialBox(setup.title, credential)}
      <p>Tools can use it now. The key is stored encrypted, and nobody can read it again.</p>${ways}`,
  )
}

function credentialBox(title: string, { label, account, verified }: NonNullable<SetupView['credential']>): Markup {
  return html`<div class="account">${monogram(title)}
        <p class="account-text"><strong>${account ?? label}</strong>${account === undefined ? NOTHING : html`<span class="hint">${label}</span>`}</p>
        ${verified ? badge({ word: 'Checked', tone: 'good', drawing: 'check' }) : badge({ word: 'Not checked yet', tone: 'warn', drawing: 'clock' })}
      </div>`
}

function another(): Markup {
  return html`<div class="actions beside"><a class="button" href="/console/setups/new">Set up a service</a></div>`
}
