import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ALLOW } from '@credence/rpc'

const PROTO = fileURLToPath(new URL('../../proto/credence/', import.meta.url))
const HEAD = `# gRPC reference

Every method that a caller with a key may use, on the API listener (7405). The contract is in \`proto/\`; reflection and
\`grpc.health.v1.Health\` are served beside it.

Metadata: \`authorization: Bearer crd_…\`, and \`credence-user: id:ann\` from a key with the scope \`act_for\`. Errors are in
[Errors](errors.md). The listener is plain text on loopback, and TLS elsewhere. In the distributed profile registry, vault and gateway have one
each; they answer for their own services alone.

\`\`\`bash
grpcurl -plaintext -H "authorization: Bearer $KEY" -H "credence-user: ann" 127.0.0.1:7405 credence.registry.v1.RegistryService/List
\`\`\`

Typed clients for TypeScript are in \`@credence/sdk\` (\`grpcClients\`); for any other language generate them from \`proto/\`.

`

interface Method {
  readonly name: string
  readonly takes: string
  readonly gives: string
  readonly comment: string
}

/** `docs/grpc.md`, from the proto files and the table of who may call what. */
export function grpcPage(): string {
  const sections = protoFiles().flatMap((text) => {
    const [, pack = ''] = /^package ([\w.]+);/m.exec(text) ?? []
    const [, service, body = ''] = /^service (\w+) \{\n([\s\S]*?)^\}/m.exec(text) ?? []
    if (service === undefined) return []
    const open = methodsOf(body).filter(({ name }) => ALLOW.get(`/${pack}.${service}/${name}`)?.includes('caller'))
    if (open.length === 0) return []
    const rows = open.map(({ name, takes, gives, comment }) => `| \`${name}\` | ${takes} | ${gives} | ${comment} |`)
    return [`## ${pack}.${service}\n\n| method | takes | gives | |\n|---|---|---|---|\n${rows.join('\n')}\n`]
  })
  return `${HEAD}${sections.join('\n')}`
}

function protoFiles(): readonly string[] {
  const folders = readdirSync(PROTO).sort()
  return folders.flatMap((folder) => {
    const version = join(PROTO, folder, 'v1')
    return readdirSync(version)
      .sort()
      .map((file) => readFileSync(join(version, file), 'utf8'))
  })
}

const RPC = /((?:^ {2}\/\/.*\n)*)^ {2}rpc (\w+)\((stream )?(\w+)\) returns \((stream )?(\w+)\)/gm

function methodsOf(body: string): readonly Method[] {
  return [...body.matchAll(RPC)].map(([, comment = '', name = '', many = '', takes = '', manyBack = '', gives = '']) => ({
    name,
    takes: `${many}\`${takes}\``,
    gives: `${manyBack}\`${gives}\``,
    comment: comment
      .replace(/^ {2}\/\/ ?/gm, '')
      .replaceAll('\n', ' ')
      .replaceAll('|', '\\|')
      .trim(),
  }))
}
