import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const [w, scheme, names, out] = process.argv.slice(2)
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
const p = await b.newPage({ viewport: { width: Number(w) === 390 ? 4 * 400 + 10 : 2 * 1290 + 10, height: 600 } })
await p.setContent(
  `<body style="margin:0;background:#888;display:flex;flex-wrap:wrap;gap:10px;align-items:flex-start">${names
    .split(',')
    .map((n) => `<img src="data:image/png;base64,${readFileSync(`/tmp/shots/${n}-${w}-${scheme}.png`).toString('base64')}">`)
    .join('')}`,
)
await p.waitForTimeout(300)
await p.screenshot({ path: out, fullPage: true })
await b.close()
