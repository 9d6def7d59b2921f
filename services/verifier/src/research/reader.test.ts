import { describe, expect, test } from 'vitest'
import { RESEARCH_LIMITS, type ResearchLimits } from './limits.ts'
import { providerDomainOf } from './provider-domain.ts'
import type { PublicAnswer } from './public-fetch.ts'
import { Reader } from './reader.ts'

type Site = Readonly<Record<string, Partial<PublicAnswer> & { readonly text?: string; readonly location?: string }>>

/** A reader of acme.example over answers that stand here; `asked` is everything that was fetched. */
function readerOf(site: Site, limits: Partial<ResearchLimits> = {}): { reader: Reader; asked: string[] } {
  const asked: string[] = []
  const fetch = async (url: string, { maxBytes }: { maxBytes: number }): Promise<PublicAnswer> => {
    asked.push(url)
    const { text = '', location, status, headers, ...rest } = site[url] ?? { status: 404 }
    const whole = Buffer.from(text)
    const given = headers ?? new Map<string, string>(location === undefined ? [] : [['location', location]])
    const body = whole.subarray(0, maxBytes)
    return {
      status: status ?? (location === undefined ? 200 : 302),
      headers: given,
      body,
      cut: whole.length > maxBytes,
      failure: '',
      ...rest,
    }
  }
  const options = { fetch, limits: { ...RESEARCH_LIMITS, ...limits }, domain: providerDomainOf('docs.acme.example'), monotonicMs: () => 0 }
  return { reader: new Reader(options), asked }
}

const A = 'https://acme.example'

describe('the reader of public pages', () => {
  test('[S2-12] asks robots.txt first, then the page, each once however often they are wanted', async () => {
    const { reader, asked } = readerOf({ [`${A}/a`]: { text: 'A' } })
    const [first, again] = await Promise.all([reader.read(`${A}/a`), reader.read(`${A}/a#part`)])
    expect([first?.text, again?.text]).toEqual(['A', 'A'])
    expect(asked).toEqual([`${A}/robots.txt`, `${A}/a`])
  })

  test.each([
    'https://other.example/a',
    'https://acme.example.other.example/a',
    'https://notacme.example/a',
    'http://169.254.169.254/latest/meta-data',
    'http://localhost/a',
    'file:///etc/passwd',
    'https://user:pass@acme.example/a',
    'javascript:alert(1)',
  ])('[S2-12] does not go to %s', async (url) => {
    const { reader, asked } = readerOf({ [url]: { text: 'A' } })
    expect(await reader.read(url)).toBeUndefined()
    expect(asked).toEqual([])
  })

  test.each(['https://other.example/b', 'http://acme.example/b', 'http://127.0.0.1/b', '//other.example/b'])(
    '[S2-12] does not follow a redirect to %s',
    async (location) => {
      const { reader, asked } = readerOf({ [`${A}/a`]: { location } })
      expect(await reader.read(`${A}/a`)).toBeUndefined()
      expect(asked).toEqual([`${A}/robots.txt`, `${A}/a`])
    },
  )

  test('[S2-12] asks the robots.txt of the host that a redirect leads to, and obeys it', async () => {
    const there = 'https://docs.acme.example'
    const { reader, asked } = readerOf({
      [`${A}/a`]: { location: `${there}/private/a` },
      [`${there}/robots.txt`]: { text: 'User-agent: *\nDisallow: /private' },
      [`${there}/private/a`]: { text: 'A' },
    })
    expect(await reader.read(`${A}/a`)).toBeUndefined()
    expect(asked).not.toContain(`${there}/private/a`)
    expect(reader.visits).toEqual([{ url: `${there}/private/a`, outcome: 'robots' }])
  })

  test.each([
    [{ status: 503 }, 'failed'],
    [{ status: 429 }, 'failed'],
    [{ failure: 'UPSTREAM_TIMEOUT', status: 0 }, 'failed'],
    [{ text: 'User-agent: *\nDisallow: /' }, 'robots'],
    [{ status: 404 }, 'read'],
    [{ status: 403 }, 'read'],
    [{ location: 'https://other.example/robots.txt' }, 'read'],
  ])('[S2-12] for a robots.txt that answers %j the page is told as %s, and only then read', async (robots, outcome) => {
    const { reader } = readerOf({ [`${A}/robots.txt`]: robots, [`${A}/a`]: { text: 'A' } })
    expect((await reader.read(`${A}/a`)) !== undefined).toBe(outcome === 'read')
    expect(reader.visits).toEqual([{ url: `${A}/a`, outcome }])
  })

  test('[S2-12] reads a host of its metadata only after it was admitted', async () => {
    const issuer = 'https://id.partner.example/.well-known/oauth-authorization-server'
    const { reader } = readerOf({ [issuer]: { text: '{}' } })
    expect(await reader.read(`${issuer}?before`)).toBeUndefined()
    reader.admit('https://id.partner.example')
    expect((await reader.read(issuer))?.text).toBe('{}')
  })

  test('[S2-12] stops at the limit of hosts, of pages and of bytes', async () => {
    const site = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`https://h${i}.acme.example/`, { text: 'x'.repeat(1_000) }]))
    const readAll = async (limits: Partial<ResearchLimits>): Promise<number> => {
      const { reader } = readerOf(site, limits)
      const pages = []
      for (const url of Object.keys(site)) pages.push(await reader.read(url))
      return pages.filter((page) => page !== undefined).length
    }
    expect(await readAll({ hosts: 3 })).toBe(3)
    expect(await readAll({ hosts: 9, pages: 4 })).toBe(4)
    expect(await readAll({ hosts: 9, bytes: 2_500 })).toBe(3)
  })

  test('[S2-12] does not unpack what a server packed although it was asked not to', async () => {
    const { reader } = readerOf({ [`${A}/a`]: { text: 'x', headers: new Map([['content-encoding', 'gzip']]) } })
    expect(await reader.read(`${A}/a`)).toBeUndefined()
    expect(reader.visits).toEqual([{ url: `${A}/a`, outcome: 'encoded' }])
  })
})

describe('what belongs to a provider', () => {
  test.each([
    ['docs.acme.co.uk', 'acme.co.uk', 'api.acme.co.uk', true],
    ['docs.acme.co.uk', 'acme.co.uk', 'other.co.uk', false],
    ['acme.github.io', 'acme.github.io', 'other.github.io', false],
    ['127.0.0.1', '127.0.0.1', '127.0.0.2', false],
    ['localhost', 'localhost', 'api.localhost', true],
  ])('[S2-12] of %s is %s: %s is in it: %s', (host, name, other, owns) => {
    const domain = providerDomainOf(host)
    expect([domain.name, domain.owns(other)]).toEqual([name, owns])
  })
})
