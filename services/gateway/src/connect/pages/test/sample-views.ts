import type { IdentityView } from '../../identity/identity-view.ts'
import type {
  AssetsView,
  ChoiceView,
  ConsentView,
  EndView,
  FailedView,
  FieldView,
  FormView,
  HandshakeView,
  MessageView,
  NativeView,
  PatternView,
  SessionFrame,
  WaitingView,
} from '../../views.ts'

/** Views as the flows make them, for the tests of the pages. */
export const frame: SessionFrame = {
  sessionId: 'sess_01hzy3v8q5kc7m2n4p6r8t0w1x',
  asks: 'Acme Assistant',
  provider: {
    name: 'Asana',
    description: 'Tasks, projects and teams',
    host: 'app.asana.com',
    docs: 'https://developers.asana.com/docs/personal-access-token',
  },
  stateUrl: '/connect/link/state',
  cancelAction: '/connect/link/cancel',
  csrf: 'csrf-value',
  expiresAt: new Date('2026-05-12T12:05:00Z'),
}

export const oauth: PatternView = {
  index: 0,
  title: 'Sign in with Asana',
  description: 'Acts for the person who signs in',
  kind: 'redirect',
}
export const token: PatternView = { index: 1, title: 'Personal access token', description: 'From the developer console', kind: 'form' }

export const plainField: FieldView = {
  name: 'field.domain',
  label: 'Domain',
  hint: 'As in acme.freshdesk.com',
  inputType: 'text',
  required: true,
  secret: false,
}
export const secretField: FieldView = { name: 'field.token', label: 'API key', inputType: 'password', required: true, secret: true }
export const optionalField: FieldView = {
  name: 'field.note',
  label: 'Workspace e-mail',
  inputType: 'email',
  required: false,
  secret: false,
}

export const choice: ChoiceView = { ...frame, action: '/connect/link/start', patterns: [oauth, token] }
export const form: FormView = {
  ...frame,
  action: '/connect/link/secret',
  pattern: token,
  fields: [plainField, secretField, optionalField],
  backUrl: '/connect/link?choose=1',
}
export const refused: FormView = {
  ...form,
  problem: 'Asana did not accept the key (401). Check that you copied all of it.',
  fields: [{ ...plainField, value: 'acme.freshdesk.com' }, secretField, optionalField],
}
export const faulty: FormView = {
  ...form,
  fields: [
    { ...plainField, value: 'acme' },
    { ...secretField, problem: 'Fill in API key.' },
    { ...optionalField, problem: 'Use a full address.' },
  ],
}
export const consent: ConsentView = {
  ...frame,
  action: '/connect/link/grant',
  pattern: oauth,
  signInHost: 'app.asana.com',
  fields: [],
  scopes: [
    {
      scope: 'default',
      name: 'Tasks and projects',
      description: 'Read and change what you can see in Asana.',
      required: true,
      ticked: true,
    },
    {
      scope: 'email',
      name: 'E-mail address',
      description: 'Shown here so that you know which account is connected.',
      required: false,
      ticked: true,
    },
    { scope: 'profile', name: 'profile', required: false, ticked: false },
  ],
  backUrl: '/connect/link?choose=1',
}
export const native: NativeView = {
  ...frame,
  action: '/connect/link/grant',
  pattern: oauth,
  signInHost: 'login.asana.com',
  fields: [],
  channels: [
    { name: 'Chat', asset: 'phone number' },
    { name: 'Posts', asset: 'page' },
  ],
  messages: { origins: ['https://login.asana.com'], type: 'SIGN_IN' },
}
export const assets: AssetsView = {
  ...frame,
  action: '/connect/link/choose',
  account: 'Maria Acme',
  channels: [
    {
      name: 'Chat',
      assets: [
        { value: 'chat 1', id: '1', name: 'Support', label: '+49 30 5550 100', ticked: true },
        { value: 'chat 2', id: '2', name: 'Sales', ticked: false },
      ],
    },
    { name: 'Posts', assets: [{ value: 'posts 3', id: '3', name: 'Acme', ticked: false }] },
  ],
}
export const waiting: WaitingView = { ...frame, phase: 'at_provider', againUrl: '/connect/link?again=1' }
export const device: WaitingView = { ...waiting, device: { userCode: 'WDJB-MJHT', address: 'https://asana.com/device' } }
export const ends: { readonly [K in EndView['kind']]: Extract<EndView, { readonly kind: K }> } = {
  host: { ...frame, kind: 'host', account: 'maria@acme.example', unverified: false, continueUrl: '/connect/link/continue' },
  code: { ...frame, kind: 'code', account: 'maria@acme.example', unverified: false, digits: '048213' },
  done: { ...frame, kind: 'done', account: 'maria@acme.example', unverified: false, returnUrl: '/connect/link/continue' },
}
export const handshake: HandshakeView = {
  sessionId: frame.sessionId,
  asks: frame.asks,
  origin: 'https://app.acme.example',
  action: '/connect/link/proof',
  csrf: 'csrf-value',
}
export const failed: FailedView = {
  title: 'The access was not allowed',
  sentence: 'The access was not allowed at the provider. Nothing was connected.',
  code: 'GRANT_DENIED',
  sessionId: frame.sessionId,
  actions: [{ kind: 'link', label: 'Back to Acme Assistant', href: 'https://acme.example/back', primary: true }],
}
export const question: MessageView = {
  title: 'It could not be checked',
  sentences: ['Asana did not answer in time.', 'You can keep it now; it will be checked again later.'],
  tone: 'question',
  sessionId: frame.sessionId,
  actions: [
    { kind: 'post', label: 'Keep it unverified', action: '/connect/link/answer', inputs: { csrf: 'c', answer: 'yes' }, primary: true },
    { kind: 'post', label: 'Try again', action: '/connect/link/answer', inputs: { csrf: 'c', answer: 'no' }, primary: false },
  ],
}

export const identity: IdentityView = {
  asks: 'Example Desk',
  capability: 'Look up an order',
  action: '/identity/challenge',
  csrf: 'csrf',
  fields: [
    { name: 'field.email', label: 'Which address do you order with?', inputType: 'email', required: true, secret: true },
    { name: 'field.zip', label: 'To which zip code is it sent?', inputType: 'text', required: true, secret: true },
  ],
  attemptsLeft: 3,
  expiresAt: new Date('2026-03-01T12:30:00Z'),
  consent: { purpose: 'Look up your orders', scopes: ['orders.read'] },
}
