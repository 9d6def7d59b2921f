import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A product that embeds the panel: its own origin, a policy as strict as they come, and a backend that mints. */
export interface HostPage {
  /** `http://127.0.0.1:port`: another site than the platform's `localhost`. */
  readonly origin: string
  /** How often the page asked its backend for a token. */
  minted(): number
  close(): Promise<void>
}

export interface HostOptions {
  /** Where the platform's pages and element are. */
  readonly platform: string
  /** The backend's call, for the person who is signed in at the product. */
  readonly mint: () => Promise<string>
}

const SCRIPT = `
window.told = []
const panel = document.querySelector('credence-connected-services')
for (const type of ['connected', 'disconnected', 'error', 'token-expiring', 'token-expired']) {
  panel.addEventListener('credence-' + type, (event) => window.told.push([type, event.detail]))
}
panel.getToken = async () => (await (await fetch('/token')).json()).token
`

const STYLE = `
html { color-scheme: light dark; }
body { margin: 0; padding: 32px 16px; background: light-dark(#eef0f4, #0b0d10); font-family: Georgia, serif; }
main { max-width: 640px; margin: auto; }
.themed { --credence-accent: #0a7d4f; --credence-radius: 4px; --credence-font: Georgia, serif; }
.themed::part(heading) { font-style: italic; }
`

export async function startHostPage({ platform, mint }: HostOptions): Promise<HostPage> {
  let minted = 0
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${platform}`,
    `connect-src 'self' ${platform}`,
    "style-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
  const pages: Readonly<Record<string, () => Promise<readonly [string, string]>>> = {
    '/app.js': async () => ['text/javascript', SCRIPT],
    '/style.css': async () => ['text/css', STYLE],
    '/favicon.ico': async () => ['image/x-icon', ''],
    '/token': async () => {
      minted++
      return ['application/json', JSON.stringify({ token: await mint() })]
    },
    '/': async () => ['text/html; charset=utf-8', await pageFor(platform)],
    '/themed': async () => [
      'text/html; charset=utf-8',
      (await pageFor(platform)).replace('<main>', '<main class="narrow">').replace('heading=', 'class="themed" heading='),
    ],
  }
  /** `/?coop=` is the page with this Cross-Origin-Opener-Policy. */
  const answer = async (address: string, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(address, 'http://host.example')
    const page = await pages[pathname]?.()
    if (page === undefined) return void response.writeHead(404).end()
    const coop = searchParams.get('coop')
    const isolation = coop === null ? {} : { 'cross-origin-opener-policy': coop }
    response.writeHead(200, { 'content-type': page[0], 'content-security-policy': policy, ...isolation }).end(page[1])
  }
  const server = createServer((request, response) => {
    answer(request.url ?? '/', response).catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    minted: () => minted,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** With the variant that never changes, and its integrity, as the platform names them. */
async function pageFor(platform: string): Promise<string> {
  const { src, integrity } = (await (await fetch(`${platform}/widget/connected-services.json`)).json()) as Record<string, string>
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Example Desk</title>
<link rel="stylesheet" href="/style.css">
<script type="module" src="${src}" integrity="${integrity}" crossorigin="anonymous"></script>
<script type="module" src="/app.js"></script></head>
<body><main><credence-connected-services base-url="${platform}" heading="Connected services"></credence-connected-services></main></body></html>`
}
