import { ENCODINGS, HASHES } from '../byte-forms.ts'
import { DIGESTS, JWT_ALGORITHMS, KEY_ENCODINGS, MESSAGE_ALGORITHMS } from './payload-sign.ts'
import { PART_NAMES } from './sign-template.ts'

type Node = Readonly<Record<string, unknown>>
type Open = (required: Node, optional?: Node) => Node

const string = { type: 'string' }
const boolean = { type: 'boolean' }
const integer = { type: 'integer' }
const strings = { type: 'array', items: string }

/** The shape of `sign` in a recipe; `open` makes objects that keep members of newer writers. */
export function recipeSignSchema(open: Open): Node {
  const part = { oneOf: [open({ literal: string }), open({ field: string }), open({ part: { enum: PART_NAMES } }, { of: string })] }
  const template = { type: 'array', items: part }
  const key = open({ value: template, encoding: { enum: KEY_ENCODINGS } })
  const outputs = { type: 'array', items: open({ name: string, value: template }) }
  const items = { type: 'array', minItems: 1, items: open({ item: template }) }
  const claim = { anyOf: [template, items, { type: 'number' }, boolean] }
  return {
    oneOf: [
      open({
        kind: { const: 'hmac' },
        hash: { enum: HASHES },
        key,
        message: template,
        encoding: { enum: ENCODINGS },
        headers: outputs,
        query: outputs,
      }),
      open(
        {
          kind: { const: 'aws_sigv4' },
          region: template,
          service: template,
          accessKeyId: template,
          secretAccessKey: template,
          in: { enum: ['header', 'query'] },
          unsignedPayload: boolean,
          contentSha256: boolean,
          pathEncoding: { enum: ['double', 'single'] },
          expiresSeconds: integer,
          signedHeaders: strings,
        },
        { sessionToken: template },
      ),
      open({
        kind: { const: 'jwt' },
        alg: { enum: JWT_ALGORITHMS },
        key,
        header: { type: 'object', additionalProperties: template },
        claims: { type: 'object', additionalProperties: claim },
        lifetimeSeconds: integer,
        backdateSeconds: integer,
        jti: boolean,
        headers: outputs,
      }),
      open(
        {
          kind: { const: 'http_message' },
          alg: { enum: MESSAGE_ALGORITHMS },
          key,
          label: string,
          nonce: boolean,
          algParameter: boolean,
          contentDigest: { enum: DIGESTS },
        },
        { keyid: template, components: strings, tag: string, expiresSeconds: integer },
      ),
    ],
  }
}
