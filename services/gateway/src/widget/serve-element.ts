import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'
import type { FastifyInstance, FastifyReply } from 'fastify'

const FOLDER = new URL('./element/', import.meta.url)
/** In the order in which each finds what it needs. */
const MODULES = ['dom.js', 'token.js', 'api.js', 'words.js', 'waiting.js', 'windows.js', 'row.js', 'list.js', 'panel.js']

/** The element as pages load it. */
export interface ElementFile {
  readonly source: Buffer
  readonly brotli: Buffer
  /** Subresource integrity (W3C SRI §3.1). */
  readonly integrity: string
  /** Name of the variant that never changes. */
  readonly name: string
}

/**
 * One module of all: a page then names one address and one hash. Imports go and exports become plain declarations, which is all
 * that these modules have; the style sheet becomes a text.
 */
export function bundleElement(): ElementFile {
  const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8')
  const style = `const STYLE = ${JSON.stringify(read('style.css').replaceAll(/\s*\n\s*/g, ' '))}\n`
  const modules = MODULES.map((name) =>
    read(name)
      .replaceAll(/^import .*\n/gm, '')
      .replaceAll(/^export /gm, ''),
  )
  const source = Buffer.from(style + modules.join(''))
  const digest = createHash('sha384').update(source).digest()
  return {
    source,
    brotli: brotliCompressSync(source, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }),
    integrity: `sha384-${digest.toString('base64')}`,
    name: `connected-services.${digest.toString('hex').slice(0, 16)}.js`,
  }
}

const SOON = 'public, max-age=300'
const NEVER = 'public, max-age=31536000, immutable'

/**
 * `/widget/connected-services.js` is always the newest. `/widget/connected-services.json` names the variant of this version,
 * whose bytes are for ever the same, with its integrity. Pages of every origin may load them.
 */
export function serveElement(app: FastifyInstance, publicUrl: string): void {
  const file = bundleElement()
  const send = (reply: FastifyReply, encodings: string | undefined, keep: string): FastifyReply => {
    const asBrotli = /\bbr\b/.test(encodings ?? '')
    open(reply, keep).header('vary', 'Accept-Encoding').type('text/javascript; charset=utf-8')
    return asBrotli ? reply.header('content-encoding', 'br').send(file.brotli) : reply.send(file.source)
  }
  app.get('/widget/connected-services.js', async (request, reply) => send(reply, request.headers['accept-encoding'], SOON))
  app.get(`/widget/${file.name}`, async (request, reply) => send(reply, request.headers['accept-encoding'], NEVER))
  app.get('/widget/connected-services.json', async (_request, reply) =>
    open(reply, SOON).send({ src: `${publicUrl}/widget/${file.name}`, integrity: file.integrity }),
  )
}

/** For every page to read, also one that is isolated (COEP). */
export function open(reply: FastifyReply, keep: string): FastifyReply {
  return reply
    .header('access-control-allow-origin', '*')
    .header('cross-origin-resource-policy', 'cross-origin')
    .header('cache-control', keep)
}
