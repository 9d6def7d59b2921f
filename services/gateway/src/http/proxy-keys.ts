import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import { callAs, servicePrincipal } from '@credence/rpc'
import type { FastifyInstance } from 'fastify'
import type { Services } from '../services.ts'

/** Shorter than a former key stays published, so that nobody is left with a set that lacks the newest for long. */
const CACHE_SECONDS = 300

/**
 * `GET /.well-known/credence/{project}/jwks.json`: the keys under which the platform signs a project's calls to its own
 * backends. One address for each project: a backend that trusted a set of all projects would take the calls of any of them.
 * The set is empty until the project's first signed call.
 */
export function serveProxyKeys(app: FastifyInstance, services: Pick<Services, 'vault'>): void {
  app.get<{ Params: { project: string } }>(
    '/.well-known/credence/:project/jwks.json',
    { schema: { hide: true } },
    async ({ params: { project } }, reply) => {
      if (!isId('proj', project)) throw new CodedError('NOT_FOUND')
      const { keys } = await services.vault.listSigningKeys({ purpose: 'proxy' }, callAs(servicePrincipal('gateway', project)))
      const set = keys.map(({ kid, publicKey }) => ({
        kty: 'OKP',
        crv: 'Ed25519',
        alg: 'EdDSA',
        use: 'sig',
        kid,
        x: Buffer.from(publicKey).toString('base64url'),
      }))
      return reply
        .header('cache-control', `public, max-age=${CACHE_SECONDS}`)
        .type('application/jwk-set+json')
        .serializer(JSON.stringify)
        .send({ keys: set })
    },
  )
}
