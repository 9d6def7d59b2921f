import type { RecipeSign, SignOutput, SignTemplate } from './recipe-sign.ts'

/** What a signature puts on each request, for people: `X-Signature: <hmac-sha256 of …>`. */
export function describeSign(sign: RecipeSign): readonly string[] {
  switch (sign.kind) {
    case 'hmac': {
      const made = `<hmac-${sign.hash} of ${shown(sign.message)}>`
      return [...described(sign.headers, made), ...sign.query.map(({ name, value }) => `?${name}=${shown(value, made)}`)]
    }
    case 'aws_sigv4': {
      const scope = `${shown(sign.accessKeyId)} ${shown(sign.region)}/${shown(sign.service)}`
      return [sign.in === 'query' ? `?X-Amz-Signature=<AWS4-HMAC-SHA256 ${scope}>` : `Authorization: <AWS4-HMAC-SHA256 ${scope}>`]
    }
    case 'jwt':
      return described(sign.headers, `<${sign.alg} token of ${sign.lifetimeSeconds} s>`)
    case 'http_message': {
      const components = sign.components ?? ['@method', '@authority', '@path', '@query', 'content-digest']
      return [`Signature: <${sign.alg} of ${components.join(' ')}>`]
    }
  }
}

function described(outputs: readonly SignOutput[], made: string): readonly string[] {
  return outputs.map(({ name, value }) => `${name}: ${shown(value, made)}`)
}

function shown(template: SignTemplate, made = ''): string {
  const pieces = template.map((part) => {
    if ('literal' in part) return part.literal.replaceAll(/[\r\n\t]/g, '⏎')
    if ('field' in part) return `<${part.field}>`
    return part.part === 'signature' || part.part === 'token' ? made : `{${part.part}${part.of === undefined ? '' : `:${part.of}`}}`
  })
  return pieces.join('')
}
