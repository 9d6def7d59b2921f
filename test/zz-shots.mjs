import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { chromium } from 'playwright-core'

const base = '/work/main/services/gateway/src/'
const P = await import(base + 'connect/pages/index.ts'),
  C = await import(base + 'console/pages/index.ts')
const v = await import(base + 'connect/pages/test/sample-views.ts'),
  c = await import(base + 'console/pages/test/sample-views.ts')
const long = 'Weltweite Vereinigung der Fahrradkurierinnen und Fahrradkuriere GmbH & Co. KG'
const pages = {
  choice: P.renderChoice(v.choice),
  form: P.renderForm(v.form),
  refused: P.renderForm(v.refused),
  faulty: P.renderForm(v.faulty),
  consent: P.renderConsent(v.consent),
  consentfield: P.renderConsent({
    ...v.consent,
    fields: [{ ...v.plainField, label: 'Shop', hint: 'The name before .myshopify.com' }],
    reconnect: { label: 'Marketing Asana', account: 'maria@acme.example' },
  }),
  waiting: P.renderWaiting(v.waiting),
  checking: P.renderWaiting({ ...v.waiting, phase: 'checking' }),
  host: P.renderEnd(v.ends.host),
  code: P.renderEnd(v.ends.code),
  done: P.renderEnd(v.ends.done),
  doneunv: P.renderEnd((({ returnUrl, account, ...r }) => ({ ...r, unverified: true }))(v.ends.done)),
  failed: P.renderFailed(v.failed),
  cancelled: P.renderFailed({
    ...v.failed,
    title: 'Cancelled',
    sentence: 'You cancelled. Nothing was connected.',
    code: 'cancelled',
    actions: [],
  }),
  elsewhere: P.renderElsewhere({
    title: 'Nothing happens here',
    sentence: 'This link was opened in another browser first. Nothing was connected, and nothing will be.',
  }),
  question: P.renderMessage(v.question),
  longform: P.renderForm({
    ...v.refused,
    asks: long,
    provider: { ...v.frame.provider, name: 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerk', host: '{domain}.freshdesk.com' },
  }),
  signin: C.renderSignIn({ oidc: { href: '/x', issuerHost: 'login.acme.example' } }),
  signinlink: C.renderSignIn({ problem: 'This link was used before, or is too old. Ask for a new one.' }),
  list: C.renderCredentials(c.list),
  inuse: C.renderCredentials(c.inUse),
  notice: C.renderCredentials({ ...c.list, notice: { tone: 'plain', sentence: 'Disabled.' } }),
  empty: C.renderCredentials({ ...c.list, credentials: [] }),
}
const CSP =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self' https:; base-uri 'none'; frame-ancestors 'none'"
const s = createServer((q, r) => {
  const u = q.url.split('?')[0]
  if (u.startsWith('/assets/')) {
    const f = base + 'connect/pages' + u
    if (!existsSync(f)) {
      r.writeHead(404).end()
      return
    }
    r.setHeader('content-type', u.endsWith('css') ? 'text/css' : u.endsWith('js') ? 'text/javascript' : 'image/svg+xml')
    r.end(readFileSync(f))
    return
  }
  if (u.endsWith('/state')) {
    r.writeHead(503).end()
    return
  }
  const n = u.slice(1)
  if (pages[n]) {
    r.setHeader('content-type', 'text/html; charset=utf-8')
    r.setHeader('content-security-policy', CSP)
    r.end(pages[n])
  } else r.writeHead(404).end()
}).listen(0, '127.0.0.1')
await new Promise((k) => s.on('listening', k))
const o = `http://127.0.0.1:${s.address().port}`
const b = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
const only = process.argv[2]?.split(',')
for (const [w, h] of [
  [390, 760],
  [1280, 860],
])
  for (const scheme of ['light', 'dark']) {
    const x = await b.newContext({ viewport: { width: w, height: h }, colorScheme: scheme })
    const p = await x.newPage()
    p.on('console', (m) => ['error', 'warning'].includes(m.type()) && !/404|503/.test(m.text()) && console.log(p.url(), m.text()))
    p.on('pageerror', (e) => console.log(p.url(), e.message))
    for (const n of Object.keys(pages)) {
      if (only && !only.includes(n)) continue
      await p.goto(`${o}/${n}`)
      await p.waitForTimeout(80)
      if (n === 'list' && w === 390) await p.locator('summary').first().click()
      const over = await p.evaluate(() => document.documentElement.scrollWidth > innerWidth)
      if (over) console.log('OVERFLOW', n, w)
      await p.screenshot({ path: `/tmp/shots/${n}-${w}-${scheme}.png`, fullPage: true })
    }
    await x.close()
  }
await b.close()
s.close()
