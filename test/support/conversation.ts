import type { Credence, Grant, Provider } from '@credence/sdk'
import { untilPlanned } from './exchanges.ts'
import type { Page } from './person.ts'
import { atReturn, factOf, provide, type Scene, settle } from './scene.ts'

/** A provider at the mock API that people sign in to, with its client. */
export async function provideSignIn(scene: Scene, members: object = {}): Promise<Provider> {
  const provider = await provide(
    scene,
    {
      type: 'OAUTH',
      oauth_config: {
        authorize_uri: 'https://login.wire.example/authorize',
        token_uri: 'https://login.wire.example/token',
        available_scopes: [
          { scope: 'read', display_name: 'Read your things', required: true },
          { scope: 'write', display_name: 'Change your things' },
        ],
      },
    },
    members,
  )
  const { clientId, clientSecret } = scene.login.client
  const { redirectUri } = await scene.credence.clients.put(provider.id, { clientId, clientSecret })
  scene.login.allowRedirect(redirectUri)
  return provider
}

/** The customer opens the link and signs in; the page that his way ends at. */
export async function signIn(scene: Scene, link: string | undefined): Promise<Page> {
  if (link === undefined) throw new TypeError('there is no link to open')
  const consent = await scene.person.open(link)
  return settle(scene, await scene.person.submit(consent, {}, { action: /\/grant$/, stopAt: atReturn }))
}

/** The six digits that the page asks him to send back. */
export function digitsOn(page: Page): string {
  const digits = /data-code="(\d{6})"/.exec(page.text)?.[1]
  if (digits === undefined) throw new TypeError(`no digits at ${page.url.href}: ${page.text.slice(0, 600)}`)
  return digits
}

/** A whole conversation: the link, the sign-in, the digits in the chat. Answers the credential's id. */
export async function converse(scene: Scene, grant: Grant): Promise<string> {
  const page = await signIn(scene, grant.link)
  return (await grant.confirm(digitsOn(page))).id
}

/**
 * The provider takes back what the owner granted to a capability, and one call finds out. Resolves when everybody was told: the
 * record says `expired` a moment before every vault does, and the fact comes after both.
 */
export async function loseGrant(scene: Scene, lost: { owner: Credence; capabilityId: string; credentialId: string }): Promise<void> {
  const { owner, capabilityId, credentialId } = lost
  await untilPlanned(owner, credentialId)
  scene.login.behave({ endpoint: 'token', answer: 'oauth_error', error: 'invalid_grant' })
  scene.api.accept(() => false)
  try {
    await (await owner.fetch(capabilityId, '/events')).arrayBuffer()
    await factOf(scene, 'credential.expired', credentialId)
  } finally {
    scene.login.behave({})
    scene.api.accept(() => true)
  }
}
