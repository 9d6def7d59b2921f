import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Credence, NewSession, Session } from '@credence/sdk'
import { tempHome } from '@credence/testkit'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { expect, vi } from 'vitest'
import { pictureFolder, startBrowser } from '../support/browser.ts'
import { type LocalJourney, registerProviders, startInside, USER } from '../support/journey.ts'
import { startWorld, type WorldOptions } from '../support/world.ts'
import { startTeam, TEAM_COOKIE, type Team } from './team.ts'

/** A walk is many steps; a slow machine must not look like a broken page. */
vi.setConfig({ testTimeout: 90_000 })

/** The platform, the world around it, a team's site, and a browser. */
export interface Walk {
  readonly journey: LocalJourney
  readonly team: Team
  /** Acts for Ann, whose accounts are connected. */
  readonly ann: Credence
  /** Another person's browser: no cookie is shared. `user` is who is signed in at the team's site; Ann unless given. */
  visit(options?: VisitOptions): Promise<Visitor>
  /** A connect session of Ann's that ends at the team's return address, and its link. */
  session(order: NewSession): Promise<{ readonly session: Session; readonly link: string }>
  close(): Promise<void>
}

export interface VisitOptions {
  readonly user?: string
  readonly width?: number
  readonly scripts?: boolean
}

export interface Visitor {
  readonly context: BrowserContext
  /** Opens an address in a tab of its own. */
  open(address: string): Promise<Page>
  /** Leaves; throws when a page of ours wrote an error to the console or broke its content policy. */
  leave(): Promise<void>
}

export async function startWalk(options: WorldOptions = {}): Promise<Walk> {
  const home = tempHome()
  const outside = await startWorld({ pages: true, ...options })
  const journey = await startInside(home.path, outside)
  const team = await startTeam()
  const { credence, ann, platform } = journey
  team.serve(credence)
  await credence.project.update({ name: 'Example Desk', returnUrls: [team.returnUrl], reconnectUrl: team.reconnectUrl })
  await registerProviders(journey)
  const browser = await startBrowser(outside.standIns)
  const ours = [platform.public, platform.admin, platform.admin.replace('127.0.0.1', 'localhost')]
  return {
    journey,
    team,
    ann,
    visit: (options = {}) => visit(browser, options, { team, ours }),
    session: (order) => ann.sessions.create({ returnUrl: team.returnUrl, ...order }),
    async close() {
      await browser.close()
      await platform.process.stop()
      await journey.person.leave()
      await team.close()
      await outside.close()
      home.remove()
    },
  }
}

const HEIGHT = 860
/** One step of a walk. Far longer than any takes; shorter than a test, so that the step is named which did not happen. */
const STEP_MS = 20_000

async function visit(browser: Browser, options: VisitOptions, { team, ours }: { team: Team; ours: readonly string[] }): Promise<Visitor> {
  const { user = USER, width = 1280, scripts = true } = options
  const context = await browser.newContext({ viewport: { width, height: HEIGHT }, javaScriptEnabled: scripts })
  context.setDefaultTimeout(STEP_MS)
  await context.addCookies([{ name: TEAM_COOKIE, value: user, url: team.url }])
  const problems = listen(context, ours)
  return {
    context,
    async open(address) {
      const page = await context.newPage()
      await page.goto(address)
      return page
    },
    async leave() {
      await context.close()
      expect(problems).toEqual([])
    },
  }
}

/** Everything that pages of ours complain of. Chromium reports a breach of the content policy as an error of the console too. */
function listen(context: BrowserContext, ours: readonly string[]): string[] {
  const problems: string[] = []
  const refusals = new Set<string>()
  const isOurs = (url: string): boolean => ours.some((origin) => url.startsWith(origin))
  context.on('response', (response) => {
    // A page that says no has a status that says so, and a browser that is not bound yet asks for the state in vain.
    const meant = response.request().isNavigationRequest() || (response.status() === 403 && response.url().endsWith('/state'))
    if (meant && response.status() >= 400) refusals.add(response.url())
  })
  context.on('console', (message) => {
    const { url } = message.location()
    const serious = message.type() === 'error' || message.type() === 'warning'
    if (serious && isOurs(url) && !refusals.has(url)) problems.push(`${url}: ${message.text()}`)
  })
  context.on('weberror', (error) => void problems.push(String(error.error())))
  return problems
}

const LOOKS = [390, 1280].flatMap((width) => (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })))

/** Looks at a page on a phone and on a desk, in light and in dark: nothing may stick out. Takes pictures where they are wanted. */
export async function lookAt(page: Page, name: string): Promise<void> {
  const before = page.viewportSize() ?? { width: 1280, height: HEIGHT }
  for (const { width, colorScheme } of LOOKS) {
    await page.setViewportSize({ width, height: HEIGHT })
    await page.emulateMedia({ colorScheme })
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), `${name} at ${width}`).toBeLessThanOrEqual(0)
    if (pictureFolder === undefined) continue
    mkdirSync(pictureFolder, { recursive: true })
    await page.screenshot({ path: join(pictureFolder, `${name}-${width}-${colorScheme}.png`), fullPage: true, animations: 'disabled' })
  }
  await page.emulateMedia({ colorScheme: null })
  await page.setViewportSize(before)
}

/** Signs in at the provider's own pages and allows the access, or denies it. */
export async function signInAtProvider(
  page: Page,
  { account = 'ann', decision = 'Allow' }: { readonly account?: string; readonly decision?: 'Allow' | 'Deny' } = {},
): Promise<void> {
  await page.getByLabel('Account').fill(account)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: decision, exact: true }).click()
}

/** What the team's site says, once the way has led there. */
export async function atTeam(page: Page, team: Team): Promise<string> {
  await page.waitForURL((url) => url.href.startsWith(team.url))
  return (await page.getByRole('heading').textContent()) ?? ''
}

/** The credential that the team's site says to be connected. */
export async function connectedAt(page: Page, team: Team): Promise<string> {
  const said = await atTeam(page, team)
  expect(said).toMatch(/^Connected: cred_/)
  return said.replace('Connected: ', '')
}
