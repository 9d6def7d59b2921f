import type { Credence } from '@credence/sdk'
import type { Page, Person } from '../support/person.ts'
import { RETURN_URL, USER } from './arena.ts'
import type { ServerClass } from './plan-kills.ts'
import { LONG_LIFE_S, type Witness } from './witness.ts'

/** A credential of its own, as a person connected it through the pages. */
export interface Connected {
  readonly credentialId: string
  readonly serverClass: ServerClass
  /** The grant at the authorization server. */
  readonly family: string
  /** Of the ledger entry that issued its first tokens, and when that was. */
  readonly seq: number
  readonly issuedAtMs: number
  /** When the first access token ends by its own statement. */
  readonly expiresAtMs: number
}

/** Where somebody can connect: any arena. */
export interface Place {
  readonly person: Person
  witness(serverClass: ServerClass): Witness
  providerOf(serverClass: ServerClass): string
}

/** Default for `expiresInS`: a day. */
export async function connect(
  arena: Place,
  run: { readonly credence: Credence; printed(): string },
  account: { readonly name: string; readonly serverClass: ServerClass; readonly expiresInS?: number | undefined },
): Promise<Connected> {
  const { name, serverClass, expiresInS = LONG_LIFE_S } = account
  const witness = arena.witness(serverClass)
  await witness.welcome(name, expiresInS)
  const providerId = arena.providerOf(serverClass)
  const { session, link } = await run.credence.sessions.create({ providerId, label: name, returnUrl: RETURN_URL })
  const last = await walk(arena, await arena.person.open(link, atReturn))
  const code = last.url.searchParams.get('credence_code')
  if (code === null)
    throw new TypeError(`no code on ${last.url.pathname}${last.url.search}: ${textOf(last)}\n${run.printed().slice(-1500)}`)
  const { credential } = await run.credence.sessions.complete(session.id, { code, user: USER })
  const issued = witness.ledger().findLast(({ grantType, issued: tokens }) => grantType === 'authorization_code' && tokens !== undefined)
  if (issued?.family === undefined) throw new TypeError('the authorization server issued nothing')
  const { family, seq, at } = issued
  return { credentialId: credential.id, serverClass, family, seq, issuedAtMs: at, expiresAtMs: at + expiresInS * 1000 }
}

/** What a person reads on the page. */
const textOf = ({ text }: Page): string =>
  text
    .replace(/<(style|script|head)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()

const atReturn = (url: URL): boolean => url.href.startsWith(RETURN_URL)

/** Takes what each page offers until the return address is reached. */
async function walk({ person }: Place, first: Page): Promise<Page> {
  let page = first
  for (let pages = 0; pages < 8 && !atReturn(page.url); pages++) {
    const onward = /href="([^"]*\/continue)"/.exec(page.text)?.[1]
    const action = [/\/grant$/, /\/start$/].find((wanted) => page.forms.some((form) => wanted.test(form.action)))
    if (onward !== undefined) page = await person.open(new URL(onward, page.url).href, atReturn)
    else if (action !== undefined) page = await person.submit(page, {}, { action, stopAt: atReturn })
    else page = await person.open(page.url.href, atReturn)
  }
  return page
}
