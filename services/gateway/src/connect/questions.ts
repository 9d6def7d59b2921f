import { csrfOf } from './browser.ts'
import type { Flow } from './flow.ts'
import { formerAccount } from './judge.ts'
import { renderMessage } from './pages/index.ts'
import type { Shown, Visit } from './shown.ts'
import type { MessageView, PageAction } from './views.ts'

/** The provider was down or throttled: not a typing mistake, so the person may keep what he typed. */
export function unverifiedQuestion(visit: Visit): Shown {
  const sentences = [
    visit.session.lastTry?.problem ?? 'The provider did not answer.',
    'You can keep it now; it will be checked again later.',
  ]
  return question(visit, { title: 'It could not be checked', sentences }, ['Keep it unverified', 'Try again'])
}

/** Another account than before came back: taking it changes what everybody who uses the credential works on. */
export async function accountQuestion(flow: Flow, visit: Visit): Promise<Shown> {
  const { candidate } = visit.session
  const before = visit.session.anonymous === true ? undefined : await formerAccount(flow, visit.session)
  const [from, to] = [before?.name || before?.id || 'another account', candidate?.accountName ?? candidate?.accountId ?? 'this account']
  const sentences = [
    `Before, this was connected as ${from}. You signed in as ${to}.`,
    'Everything that uses it will work with the new account.',
  ]
  return question(visit, { title: 'Another account?', sentences }, [`Use ${to}`, 'Sign in again'])
}

/** With `login`: the person must be known before anything is asked. Who comes from the console is, and is not asked again. */
export function signInFirst(visit: Visit): Shown {
  const { session, base } = visit
  // A link, not a form: the way leads over other hosts, which a form's policy would have to name.
  const href = `${base}/sign-in?csrf=${csrfOf(visit.browser, session.id)}`
  if (session.creator.via === 'console') return { location: href }
  return {
    html: renderMessage({
      title: 'Sign in first',
      sentences: ['This connection is made for one person: sign in, so that it is yours.'],
      tone: 'plain',
      actions: [{ kind: 'link', label: 'Sign in', href, primary: true }],
      sessionId: session.id,
    }),
  }
}

function question(visit: Visit, text: Pick<MessageView, 'title' | 'sentences'>, [yes, no]: readonly [string, string]): Shown {
  const { session, browser, base } = visit
  const csrf = csrfOf(browser, session.id)
  const button = (label: string, answer: string): PageAction => ({
    kind: 'post',
    label,
    action: `${base}/answer`,
    inputs: { csrf, answer },
    primary: answer === 'yes',
  })
  return { html: renderMessage({ ...text, tone: 'question', actions: [button(yes, 'yes'), button(no, 'no')], sessionId: session.id }) }
}
