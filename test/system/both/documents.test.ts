import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fields, provide, type Scene, startScene } from '../../support/scene.ts'

/** What the product's founding documents say of shapes, in their own text: the tests read it, so that no reading of ours stands between. */
const text = (name: string): string => readFileSync(new URL(`../../documents/${name}.md`, import.meta.url), 'utf8')
const MINT = text('auto-authentication')
const PATTERNS = text('auth-patterns')

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
}, 120_000)
afterAll(() => scene.close())

/** The cells of the table under a heading. */
function table(heading: string): readonly (readonly string[])[] {
  const lines = (MINT.split(`## ${heading}\n`)[1] ?? '').split('\n## ')[0]?.split('\n') ?? []
  const rows = lines.filter((line) => line.includes(' | ') && !line.includes('---')).slice(1)
  return rows.map((line) =>
    line
      .replace(/^\||\|$/g, '')
      .split('|')
      .map((cell) => cell.trim()),
  )
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly minItems?: number
  readonly enum?: readonly string[]
  readonly description?: string
}

const objectOf = (schema: Schema | undefined): Schema => schema?.anyOf?.find(({ properties }) => properties !== undefined) ?? schema ?? {}

async function get(path: string): Promise<Record<string, unknown>> {
  return (await fetch(`${scene.platform.admin}${path}`)).json() as Promise<Record<string, unknown>>
}

async function mintRoute(): Promise<{ body: Schema; answer: Schema }> {
  type Content = Readonly<Record<string, { readonly schema: Schema }>>
  interface Route {
    readonly requestBody: { readonly content: Content }
    readonly responses: Readonly<Record<string, { readonly content: Content }>>
  }
  const { paths } = (await get('/openapi.json')) as { paths: Record<string, { post?: Route }> }
  const post = paths['/widget/mint-token']?.post
  const schemaOf = (content: Content | undefined): Schema => content?.['application/json']?.schema ?? {}
  return { body: schemaOf(post?.requestBody.content), answer: schemaOf(post?.responses['200']?.content) }
}

async function mint(body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${scene.key}` }
  const answer = await fetch(`${scene.platform.admin}/widget/mint-token`, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

async function resultOf(serverName: string, header: readonly [string, string]): Promise<Record<string, unknown>> {
  const servers = [{ server_name: serverName, headers: [{ header_name: header[0], header_value: header[1] }] }]
  const { status, body } = await mint({ user_email: 'documents@example.com', auto_authenticate: { servers } })
  expect(status).toBe(200)
  return (body.auto_authenticate as { servers: Record<string, unknown>[] }).servers[0] ?? {}
}

describe('the mint call is that of its document', () => {
  test('[S3-1] [S3-2] every field of the request table is in the schema, and required where the table says so', async () => {
    const auto = objectOf((await mintRoute()).body.properties?.auto_authenticate)
    const server = auto.properties?.servers?.items
    const owners: Readonly<Record<string, Schema | undefined>> = {
      auto_authenticate: auto,
      'servers[]': server,
      'headers[]': server?.properties?.headers?.items,
    }
    const rows = table('Request')
    expect(rows).toHaveLength(6)
    for (const [field = '', needed = '', description = ''] of rows) {
      const [owner = '', name = ''] = field.split(/\.(?=[a-z_]+$)/)
      const schema = owners[owner]
      expect(schema?.properties?.[name], field).toBeDefined()
      expect(schema?.required?.includes(name) ?? false, field).toBe(needed === 'Yes')
      if (description.includes('At least one')) expect(schema?.properties?.[name]?.minItems, field).toBe(1)
    }
    expect(Object.values(owners).flatMap((schema) => Object.keys(schema?.properties ?? {}))).toHaveLength(rows.length)
  })

  test('[S3-3] the statuses of a result are those of the results table', async () => {
    const { answer } = await mintRoute()
    const result = objectOf(answer.properties?.auto_authenticate).properties?.servers?.items
    expect(result?.properties?.status?.enum).toEqual(table('Results').map(([status]) => status))
  })

  test('[S3-2] [S3-4] [S3-5] [S3-6] [S3-7] every row of the troubleshooting table, in its words', async () => {
    const bearer = { type: 'BEARER', fields: fields('token*') }
    const named = async (pattern: object, members: object = {}): Promise<string> => (await provide(scene, pattern, members)).displayName
    const twice = await named(bearer)
    await provide(scene, bearer, { display_name: twice })
    const oauth_config = { authorize_uri: 'https://login.wire.example/a', token_uri: 'https://login.wire.example/t' }
    const two = [
      { name: 'Authorization', value: '{{a}}' },
      { name: 'X-Account-Id', value: '{{b}}' },
    ]
    const value = ['Authorization', 'abc'] as const
    const shown: Readonly<Record<string, () => Promise<unknown>>> = {
      'user_email is required': async () => {
        const { status, body } = await mint({
          auto_authenticate: { servers: [{ server_name: twice, headers: [{ header_name: 'a', header_value: 'b' }] }] },
        })
        return `${status} with “${body.detail}”`
      },
      'Server name is ambiguous': async () => (await resultOf(twice, value)).detail,
      'only supports header-auth servers': async () => (await resultOf(await named({ type: 'OAUTH', oauth_config }), value)).detail,
      'only supports user-level server credentials': async () =>
        (await resultOf(await named({ ...bearer, level: 'project' }), value)).detail,
      prefixes: async () => (await resultOf(await named(bearer), ['Authorization', 'Bearer abc'])).detail,
      'Missing required header value(s)': async () =>
        (await resultOf(await named({ type: 'CUSTOM_HEADER', fields: fields('a*', 'b*'), headers: two }), value)).detail,
      'Server still shows as not connected': async () => {
        const name = await named(bearer)
        await resultOf(name, value)
        return scene.credence.credentials.resolve(name, { userEmail: 'another@example.com' }).catch((error: unknown) => String(error))
      },
    }
    const rows = table('Troubleshooting')
    expect(rows).toHaveLength(Object.keys(shown).length)
    for (const [issue = ''] of rows) {
      const words = Object.keys(shown).find((part) => issue.includes(part)) ?? ''
      const quoted = /“([^“”]+)[“”]/.exec(issue)?.[1] ?? ''
      expect(String(await shown[words]?.()), issue).toContain(
        words === 'prefixes' ? 'already includes the configured prefix' : words === issue ? 'NOT_FOUND' : quoted,
      )
    }
  })
})

describe('payloads are those of their document', () => {
  const blocks = [...PATTERNS.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']) => json)

  test('[S1-1] each example is taken byte for byte, and given back so by get and list, and after an update', async () => {
    expect(blocks).toHaveLength(4)
    for (const json of blocks) {
      const bytes = json.trimEnd()
      const { id } = await scene.credence.providers.create(bytes)
      expect((await scene.credence.providers.get(id)).payloadJson).toBe(bytes)
      await scene.credence.providers.update(id, json)
      expect((await scene.credence.providers.get(id)).payloadJson).toBe(json)
      const listed = []
      for await (const one of scene.credence.providers.list()) if (one.id === id) listed.push(one.payloadJson)
      expect(listed).toEqual([json])
    }
  })

  test('[S1-2] [S1-8] every type, field and mandatory member that it names is in the published schema', async () => {
    const schema = (await get('/provider.schema.json')) as unknown as Schema & { readonly $defs: Readonly<Record<string, Schema>> }
    const pattern = schema.$defs.pattern ?? {}
    const types = [...(PATTERNS.split('these auth types:')[1] ?? '').split('\nUse')[0]!.matchAll(/^- ([A-Z_]+)$/gm)].map(
      ([, type = '']) => type,
    )
    expect(types).toEqual(['OAUTH', 'BASIC', 'BEARER', 'API_KEY'])
    for (const type of types) expect(pattern.properties?.type?.enum).toContain(type)
    const [, top = '', inside = ''] = PATTERNS.split(/^## .*$/m)
    const namesIn = (part: string): string[] => [...part.matchAll(/^- `([a-z_]+)`/gm)].map(([, name = '']) => name)
    expect(namesIn(top)).toHaveLength(5)
    for (const name of namesIn(top)) expect(schema.properties, name).toHaveProperty(name)
    for (const [, name = ''] of top.matchAll(/^- `([a-z_]+)`.*\(mandatory/gm)) expect(schema.required).toContain(name)
    expect(namesIn(inside)).toHaveLength(8)
    for (const name of namesIn(inside)) expect(pattern.properties, name).toHaveProperty(name)
  })
})
