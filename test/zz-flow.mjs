import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { chromium } from 'playwright-core'

const base = '/work/main/services/gateway/src/'
const P = await import(base + 'connect/pages/index.ts')
const v = await import(base + 'connect/pages/test/sample-views.ts')
const CSP =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self' http: https:; base-uri 'none'; frame-ancestors 'none'"
let state, kind, coop, grantCoop, hostHits, origin, porigin, problem
const reset = (o = {}) => {
  state = 'open'
  kind = o.kind ?? 'host'
  coop = o.coop ?? false
  grantCoop = o.grantCoop ?? 'same-origin'
  hostHits = 0
  problem = undefined
}
const page = (r, html, c = 'same-origin') =>
  r
    .writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': CSP,
      'cross-origin-opener-policy': c,
      'cache-control': 'no-store',
    })
    .end(html)
const see = (r, l, c = 'same-origin') => r.writeHead(303, { location: l, 'cross-origin-opener-policy': c }).end()
const s = createServer((q, r) => {
  const u = new URL(q.url, 'http://x').pathname
  if (u.startsWith('/assets/')) {
    const f = base + 'connect/pages' + u
    r.writeHead(200, { 'content-type': u.endsWith('css') ? 'text/css' : u.endsWith('js') ? 'text/javascript' : 'image/svg+xml' }).end(
      readFileSync(f),
    )
    return
  }
  if (u === '/connect/link/state') {
    if (state === 'open') {
      r.writeHead(403).end()
      return
    }
    r.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({ state, ended: ['connected', 'failed'].includes(state), url: '/connect/link' }),
    )
    return
  }
  if (u === '/connect/link/grant') {
    state = 'at_provider'
    return see(r, porigin + '/authorize', grantCoop)
  }
  if (u === '/callback') {
    state = kind === 'done' ? 'connected' : kind === 'failed' ? 'failed' : 'unconfirmed'
    return see(r, '/connect/link')
  }
  if (u === '/connect/link/continue') {
    hostHits++
    return see(r, porigin + '/host')
  }
  if (u === '/connect/link') {
    const again = q.url.includes('again')
    if (state === 'open' || again)
      return page(r, P.renderConsent({ ...v.consent, signInHost: 'provider.example' }), 'same-origin-allow-popups')
    if (state === 'at_provider') return page(r, P.renderWaiting(v.waiting))
    if (state === 'failed') return page(r, P.renderFailed(v.failed))
    return page(r, P.renderEnd(state === 'connected' ? v.ends.done : v.ends[kind]))
  }
  r.writeHead(404).end()
}).listen(0, '127.0.0.1')
const prov = createServer((q, r) => {
  if (q.url === '/host') {
    r.end('HOST')
    return
  }
  r.writeHead(200, { 'content-type': 'text/html', ...(coop ? { 'cross-origin-opener-policy': 'same-origin' } : {}) }).end(
    `<a id=ok href="${origin}/callback">ok</a>`,
  )
}).listen(0, '127.0.0.1')
await new Promise((k) => setTimeout(k, 100))
origin = `http://127.0.0.1:${s.address().port}`
porigin = `http://127.0.0.1:${prov.address().port}`
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
async function run(name, o, f) {
  if (process.argv[2] && !name.includes(process.argv[2])) return
  reset(o)
  const x = await b.newContext({
    viewport: o.viewport ?? { width: 1280, height: 860 },
    ...(o.js === false ? { javaScriptEnabled: false } : {}),
  })
  const p = await x.newPage()
  p.on('pageerror', (e) => console.log(name, 'PAGEERROR', e.message))
  p.on('console', (m) => m.type() === 'error' && !/403/.test(m.text()) && console.log(name, m.text()))
  await p.goto(origin + '/connect/link')
  try {
    await f(p, x)
    console.log('ok  ', name)
  } catch (e) {
    console.log('FAIL', name, e.message)
  }
  await x.close()
}
const go = async (p, x) => {
  const [w] = await Promise.all([x.waitForEvent('page'), p.getByRole('button', { name: /^Continue to/ }).click()])
  await w.waitForSelector('#ok')
  return w
}
for (const c of [false, true])
  for (const g of ['same-origin', 'unsafe-none']) {
    await run(`host coop=${c} grant=${g}`, { kind: 'host', coop: c, grantCoop: g }, async (p, x) => {
      const w = await go(p, x)
      await p.waitForSelector('#outside:not([hidden])')
      await p.waitForTimeout(2600)
      const gone = await p.locator('[data-when=gone]').isVisible()
      console.log('   says gone while open:', gone)
      if (!c) await p.screenshot({ path: '/tmp/shots/outside.png' })
      await w.click('#ok')
      await p.waitForURL(porigin + '/host', { timeout: 8000 })
      await p.waitForTimeout(1500)
      console.log(
        '   popup closed:',
        w.isClosed(),
        w.isClosed()
          ? ''
          : w.url() +
              ' ' +
              (await w
                .locator('#taken')
                .isVisible()
                .catch(() => '')),
      )
      assert.equal(hostHits, 1)
    })
    await run(`code coop=${c} grant=${g}`, { kind: 'code', coop: c, grantCoop: g }, async (p, x) => {
      const w = await go(p, x)
      await w.click('#ok')
      await p.waitForSelector('#digits', { timeout: 8000 })
      await p.waitForTimeout(600)
      console.log('   popup closed:', w.isClosed())
      state = 'connected'
      await p.waitForSelector('text=Asana is connected')
    })
  }
await run('failed', { kind: 'failed' }, async (p, x) => {
  const w = await go(p, x)
  await w.click('#ok')
  await p.waitForSelector('text=was not allowed')
  await p.waitForTimeout(400)
  console.log('   popup closed:', w.isClosed())
})
await run('popup closed by person, again', { kind: 'code', grantCoop: 'unsafe-none' }, async (p, x) => {
  const w = await go(p, x)
  await p.waitForTimeout(1700)
  await w.close()
  await p.waitForSelector('[data-when=gone]:not([hidden])')
  await p.screenshot({ path: '/tmp/shots/gone.png' })
  const [w2] = await Promise.all([x.waitForEvent('page'), p.getByRole('button', { name: 'Open the window again' }).click()])
  await w2.waitForSelector('#ok')
  await w2.click('#ok')
  await p.waitForSelector('#digits')
})
await run('popup closed at once', { kind: 'code', grantCoop: 'unsafe-none' }, async (p, x) => {
  const w = await go(p, x)
  await w.close()
  await p.waitForSelector('[data-when=gone]:not([hidden])', { timeout:12000 })
})
await run('continue in this window after popup', { kind: 'code' }, async (p, x) => {
  const w = await go(p, x)
  await p.getByRole('button', { name: 'Continue in this window' }).click()
  await p.waitForURL(porigin + '/authorize')
  await p.click('#ok')
  await p.waitForSelector('#digits')
})
await run('blocked', { kind: 'host' }, async (p, x) => {
  await p.evaluate(() => {
    window.open = () => null
  })
  await p.getByRole('button', { name: /^Continue to/ }).click()
  await p.waitForSelector('#blocked:not([hidden])')
  await p.screenshot({ path: '/tmp/shots/blocked.png' })
  await p.getByRole('button', { name: 'Continue in this window' }).click()
  await p.waitForURL(porigin + '/authorize')
  await p.click('#ok')
  await p.waitForURL(porigin + '/host')
  assert.equal(x.pages().length, 1)
  assert.equal(hostHits, 1)
})
await run('phone: same window', { kind: 'host', viewport: { width: 390, height: 760 } }, async (p, x) => {
  await p.getByRole('button', { name: /^Continue to/ }).click()
  await p.waitForURL(porigin + '/authorize')
  await p.click('#ok')
  await p.waitForURL(porigin + '/host')
})
await run('no script', { kind: 'host', js: false }, async (p, x) => {
  await p.getByRole('button', { name: /^Continue to/ }).click()
  await p.waitForURL(porigin + '/authorize')
  await p.click('#ok')
  await p.locator('#continue').click()
  await p.waitForURL(porigin + '/host')
})
await run('opener gone', { kind: 'host' }, async (p, x) => {
  const w = await go(p, x)
  await p.close()
  await w.click('#ok')
  await w.waitForURL(porigin + '/host')
})
await run('opener reloaded', { kind: 'code' }, async (p, x) => {
  const w = await go(p, x)
  await p.goto(origin + '/connect/link')
  await p.waitForSelector('text=Is the window closed')
  await w.click('#ok')
  await p.waitForSelector('#digits')
  await p.waitForTimeout(400)
  console.log('   popup closed:', w.isClosed())
})
await run('second round after failure', { kind: 'failed' }, async (p, x) => {
  let w = await go(p, x)
  await w.click('#ok')
  await p.waitForSelector('text=was not allowed')
  await p.waitForTimeout(300)
  state = 'open'
  kind = 'code'
  await p.goto(origin + '/connect/link')
  w = await go(p, x)
  await w.click('#ok')
  await p.waitForSelector('#digits')
  await p.waitForTimeout(500)
  console.log('   popup closed:', w.isClosed())
})
await run('copy and keyboard', { kind: 'code' }, async (p, x) => {
  await x.grantPermissions(['clipboard-read', 'clipboard-write'])
  state = 'unconfirmed'
  await p.goto(origin + '/connect/link')
  await p.getByRole('button', { name: 'Copy' }).click()
  assert.equal(await p.evaluate(() => navigator.clipboard.readText()), '048213')
  assert.equal(await p.locator('#digits').innerText(), '048213')
})
await b.close()
s.close()
prov.close()
