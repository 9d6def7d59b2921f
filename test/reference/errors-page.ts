import { ERRORS, type Kind } from '@credence/errors'

const WHO: Readonly<Record<Kind, string>> = {
  caller: 'you, by another request',
  rule: 'nobody: the same request is refused again',
  world: 'nobody: try again later',
  bug: 'the operator, who finds the incident by its id',
}

const HEAD = `# Errors

Which codes can come back, and what to do with each. The list is closed: a client may branch on \`code\` and needs no text.

Over HTTP an error is a problem document (RFC 9457), \`application/problem+json\`:

\`\`\`json
{
  "type": "urn:credence:error:CREDENTIAL_EXPIRED",
  "title": "The credential has expired",
  "status": 409,
  "code": "CREDENTIAL_EXPIRED",
  "detail": "Open the reconnect link to sign in again.",
  "credential_id": "cred_00000000000000000000000000",
  "reconnect_url": "http://localhost:7400/r/cred_00000000000000000000000000",
  "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"
}
\`\`\`

| member | when it is there |
|---|---|
| \`type\`, \`title\`, \`status\`, \`code\`, \`detail\` | always |
| \`errors\` | the request has faults: \`[{pointer, code, detail}]\`, all of them at once |
| \`credential_id\`, \`reconnect_url\` | it is about a credential; the link is for its owner, and lasts |
| \`retry_after_ms\` | it is known when to try again; \`Retry-After\` says the same in seconds |
| \`facts\` | what a program needs to go on, by name |
| \`trace_id\` | always on a platform with tracing; tell it to the operator |

Over gRPC the status carries \`google.rpc.ErrorInfo\` with the code as \`reason\` and \`credence\` as \`domain\`, \`BadRequest\` for faults, and
\`RetryInfo\`. At the proxy, \`Credence-Origin: credence\` marks an answer of the platform; with \`upstream\` it is the provider's own, and none of
these codes is in it. No error repeats a value that was sent.

`

/** `docs/errors.md`, from the table of libs/errors. */
export function errorsPage(): string {
  const kinds = Object.entries(WHO).map(([kind, who]) => {
    const rows = Object.entries(ERRORS)
      .filter(([, entry]) => entry.kind === kind)
      .map(([code, { http, grpc, title, advice }]) => `| \`${code}\` | ${http} | ${grpc} | ${title}. ${advice} |`)
    return `## Who must act: ${who}\n\n| code | HTTP | gRPC | what it means, what to do |\n|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return `${HEAD}${kinds.join('\n')}`
}
