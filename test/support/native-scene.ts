import type { Credential, Provider } from '@credence/sdk'
import { type GraphApi, startGraphApi } from '@credence/testkit'
import type { Page } from './person.ts'
import { atReturn, confirmAt, RETURN_URL, type Scene, type SceneOptions, settle, startScene } from './scene.ts'

/** A platform with the simulator of the Graph API behind the names of the catalogue's entry, its app registered once. */
export interface NativeScene extends Scene {
  readonly graph: GraphApi
  readonly provider: Provider
  /** A session's way until the person is asked what may be used. */
  signIn(options?: { readonly credentialId?: string }): Promise<{ readonly sessionId: string; readonly choice: Page }>
  /** The whole way, with these assets of `channel id`; all that are handed over when absent. */
  connect(options?: { readonly credentialId?: string; readonly assets?: readonly string[] }): Promise<Credential>
}

export const MARA = '10222270944537964'
export const IVER = '10222270944537965'
export const NUMBER = '106540352242922'
export const OTHER_NUMBER = '106540352242923'
export const PAGE_ID = '204000000000011'
export const INSTAGRAM = '17841400000000011'

export async function startNativeScene(
  options: Parameters<typeof startGraphApi>[0] = {},
  how: Pick<SceneOptions, 'start'> = {},
): Promise<NativeScene> {
  const graph = await startGraphApi(options)
  const scene = await startScene({ ...how, sites: { 'graph.facebook.com': graph.server, 'www.facebook.com': graph.server } })
  const provider = await scene.credence.providers.createFromCatalog('meta')
  const { appId: clientId, appSecret: clientSecret } = graph.app
  const client = await scene.credence.clients.put(provider.id, { clientId, clientSecret, fields: { config_id: '900100' } })
  graph.allowRedirect(client.redirectUri)
  const signIn: NativeScene['signIn'] = async ({ credentialId } = {}) => {
    const { session, link } = await scene.ann.sessions.create({
      ...(credentialId === undefined ? { providerId: provider.id } : { credentialId }),
      returnUrl: RETURN_URL,
    })
    const page = await scene.person.open(link)
    const choice = await settle(scene, await scene.person.submit(page, {}, { action: /\/grant$/, stopAt: atReturn }))
    return { sessionId: session.id, choice }
  }
  return {
    ...scene,
    graph,
    provider,
    signIn,
    async connect({ assets, ...order } = {}) {
      const { sessionId, choice } = await signIn(order)
      const all = [...choice.text.matchAll(/name="asset" value="([^"]+)"/g)].map(([, value = '']) => value)
      const chosen = await scene.person.submit(choice, { asset: assets ?? all }, { action: /\/choose$/, stopAt: atReturn })
      const id = await confirmAt(scene, sessionId, await settle(scene, chosen))
      return scene.ann.credentials.get(id)
    },
    async close() {
      await scene.close()
      await graph.close()
    },
  }
}
