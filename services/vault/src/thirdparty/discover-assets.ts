import { CodedError } from '@credence/errors'
import { fillHosts, type Recipe, type RecipeNative } from '@credence/provider'
import { inject } from '../credential/inject.ts'
import type { Values } from '../credential/render.ts'
import type { VaultContext } from '../credential/vault-context.ts'
import { type ScannedValue, scanJson } from '../grant/json-scan.ts'
import { MOST_ANSWER_BYTES, readAll } from '../grant/token-endpoint.ts'
import { type NativeAsset, tokenField } from './native.ts'

/** What was found. `tokens` are the assets' own by field name, for the caller to wipe. */
export interface Discovered {
  readonly account?: { readonly id: string; readonly name: string }
  readonly assets: readonly NativeAsset[]
  readonly tokens: ReadonlyMap<string, Buffer>
}

interface Search extends Values {
  readonly project: string
  readonly recipe: Recipe
  readonly native: RecipeNative
}

type Step = RecipeNative['discover'][number]

const DEADLINE_MS = 20_000
/** More than a person can choose from on one page; what lies beyond is not offered. */
const MOST_ASSETS = 150
const MOST_ITEMS = 100
const MOST_IDS = 50
const MOST_PAGES = 10
const MOST_NAME_LENGTH = 200

/** Asks the provider, with the token that was just given, who signed in and what was handed over. Nothing is written. */
export async function discoverAssets(vault: Pick<VaultContext, 'egress' | 'random'>, search: Search): Promise<Discovered> {
  const { native } = search
  const collected = new Map<string, string[]>()
  const assets: NativeAsset[] = []
  const tokens = new Map<string, Buffer>()
  try {
    const account = native.account === undefined ? undefined : await readAccount(vault, search, native.account)
    for (const step of native.discover) {
      const sources = step.for === undefined ? [undefined] : (collected.get(step.for) ?? [])
      for (const source of sources.slice(0, MOST_IDS)) {
        for await (const items of pagesOf(vault, search, { step, source })) {
          collect(step, items, collected)
          for (const found of items.flatMap((item) => assetsIn(step, item, source))) keep(found, { assets, tokens })
        }
      }
    }
    return { ...(account === undefined ? {} : { account }), assets, tokens }
  } catch (error) {
    for (const token of tokens.values()) token.fill(0)
    throw error
  }
}

interface FoundAsset {
  readonly asset: NativeAsset
  readonly token?: Buffer
}

function keep({ asset, token }: FoundAsset, into: { assets: NativeAsset[]; tokens: Map<string, Buffer> }): void {
  const known = into.assets.some(({ channel, id }) => channel === asset.channel && id === asset.id)
  if (known || into.assets.length === MOST_ASSETS) return void token?.fill(0)
  into.assets.push(asset)
  if (token !== undefined) into.tokens.set(tokenField(asset), token)
}

/** The values of one item by pointer into it. */
type Item = (pointer: string) => ScannedValue | undefined

async function* pagesOf(
  vault: Pick<VaultContext, 'egress' | 'random'>,
  search: Search,
  { step, source }: { step: Step; source: string | undefined },
): AsyncGenerator<Item[]> {
  let cursor: string | undefined
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const path = source === undefined ? step.path : step.path.replaceAll(`{{${step.for}}}`, encodeURIComponent(source))
    const found = await get(vault, search, {
      path,
      pointers: pointersOf(step),
      ...(step.placements === undefined ? {} : { placements: step.placements }),
      ...(cursor === undefined || step.page === undefined ? {} : { extra: [step.page.parameter, cursor] as const }),
    })
    yield itemsOf(step, found)
    cursor = step.page !== undefined && found.has(step.page.more) ? textOf(found.get(step.page.cursor)) : undefined
    if (cursor === undefined || cursor === '') return
  }
}

/** Every place in the answer that a step looks at: the scanner copies nothing else out of it. */
function pointersOf(step: Step): string[] {
  const inItem = [
    ...step.assets.flatMap(({ id, name, label, token, parent }) => [id, name, label, token, parent]),
    step.where?.pointer,
    ...(step.collect === undefined ? [] : Array.from({ length: MOST_IDS }, (_, i) => `${step.collect?.ids}/${i}`)),
  ].filter((pointer) => pointer !== undefined)
  const items = Array.from({ length: MOST_ITEMS }, (_, i) => `${step.each}/${i}`)
  const paging = step.page === undefined ? [] : [step.page.more, step.page.cursor]
  return [...items.flatMap((item) => [item, ...inItem.map((pointer) => `${item}${pointer}`)]), ...paging]
}

function itemsOf({ each, where }: Step, found: ReadonlyMap<string, ScannedValue>): Item[] {
  const items: Item[] = []
  for (let i = 0; i < MOST_ITEMS && found.has(`${each}/${i}`); i++) items.push((pointer) => found.get(`${each}/${i}${pointer}`))
  return where === undefined ? items : items.filter((item) => textOf(item(where.pointer)) === where.equals)
}

function collect({ collect: wanted }: Step, items: readonly Item[], into: Map<string, string[]>): void {
  if (wanted === undefined) return
  const ids = items.flatMap((item) =>
    Array.from({ length: MOST_IDS }, (_, i) => textOf(item(`${wanted.ids}/${i}`))).filter((id) => id !== ''),
  )
  into.set(wanted.name, [...new Set([...(into.get(wanted.name) ?? []), ...ids])])
}

function assetsIn(step: Step, item: Item, source: string | undefined): FoundAsset[] {
  return step.assets.flatMap(({ channel, ...at }) => {
    const text = (pointer: string | undefined): string => (pointer === undefined ? '' : textOf(item(pointer)))
    const id = text(at.id)
    if (!/^[\w.:-]{1,128}$/.test(id)) return []
    const [name, label, parent] = [text(at.name) || id, text(at.label), text(at.parent) || (source ?? '')]
    const token = at.token === undefined ? undefined : item(at.token)
    const asset = { channel, id, name, ...(label === '' ? {} : { label }), ...(parent === '' ? {} : { parent }) }
    // Two channels may share the token of one item: each has bytes of its own to wipe.
    return [{ asset, ...(token?.kind === 'string' ? { token: Buffer.from(token.bytes) } : {}) }]
  })
}

async function readAccount(
  vault: Pick<VaultContext, 'egress' | 'random'>,
  search: Search,
  at: { readonly path: string; readonly id: string; readonly name: string },
): Promise<{ id: string; name: string }> {
  const found = await get(vault, search, { path: at.path, pointers: [at.id, at.name] })
  const id = textOf(found.get(at.id))
  return { id, name: textOf(found.get(at.name)) || id }
}

interface Get {
  readonly path: string
  readonly pointers: readonly string[]
  readonly placements?: Recipe['placements']
  readonly extra?: readonly [name: string, value: string]
}

/** One GET below `proxy_url`. Throws what a sign-in that cannot go on is told. */
async function get(vault: Pick<VaultContext, 'egress' | 'random'>, search: Search, call: Get): Promise<ReadonlyMap<string, ScannedValue>> {
  const { recipe, project, plain } = search
  const { use } = fillHosts(recipe, plain)
  const url = new URL(`${use[0]}${call.path}`)
  if (call.extra !== undefined) url.searchParams.set(...call.extra)
  const headers: [string, string][] = [
    ['accept', 'application/json'],
    ['accept-encoding', 'identity'],
    ['user-agent', 'credence'],
  ]
  using request = inject({ url, headers }, call.placements ?? recipe.placements, { ...search, random: vault.random })
  const answer = await vault.egress.send({
    project,
    method: 'GET',
    url: request.url,
    hosts: use,
    headers: request.headers,
    secrets: request.secrets,
    deadlineMs: DEADLINE_MS,
    maxResponseBytes: MOST_ANSWER_BYTES,
  })
  const body = await readAll(answer.body)
  try {
    const found = answer.status === 200 ? scanJson(body, call.pointers) : undefined
    if (found !== undefined) return found
    throw new CodedError('TOKEN_ANSWER_UNUSABLE', 'The provider signed you in and then did not say what was handed over. Try again.')
  } finally {
    body.fill(0)
  }
}

/** Control characters are dropped: names are shown to people. */
function textOf(value: ScannedValue | undefined): string {
  if (value === undefined || value.kind === 'container') return ''
  const text = value.kind === 'string' ? value.bytes.toString('utf8') : value.text
  return text.replace(/[\u0000-\u001f\u007f]/g, '').slice(0, MOST_NAME_LENGTH)
}
