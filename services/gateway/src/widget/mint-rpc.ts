import type { MintTokenRequest, MintTokenResponse } from '@credence/proto/gateway'
import type { Principal } from '@credence/rpc'
import { Secret } from '@credence/secret'
import { requireScope } from '../connect/create-session.ts'
import type { Gateway } from '../gateway.ts'
import { mintRequest } from './mint-request.ts'
import { mint } from './mint-token.ts'

/** The same as `POST /widget/mint-token`, in the words of the proto; the values are wiped where they came in. */
export async function mintTokenRpc(gateway: Gateway, principal: Principal, request: MintTokenRequest): Promise<MintTokenResponse> {
  const { flow, random, settings, log } = gateway
  const { services, addresses, clock } = flow
  try {
    requireScope(principal, 'mint')
    const parts = { services, addresses, log, clock, random, publicUrl: settings.publicUrl }
    const { token, expiresAt, servers = [] } = await mint(parts, principal, mintRequest(bodyOf(request)))
    return { token, expiresAt, servers: servers.map(({ detail = '', ...one }) => ({ ...one, detail })) }
  } finally {
    for (const { headerValue } of headersOf(request)) headerValue.fill(0)
  }
}

function headersOf({ autoAuthenticate }: MintTokenRequest): readonly { readonly headerValue: Uint8Array }[] {
  return autoAuthenticate?.servers.flatMap(({ headers }) => headers) ?? []
}

/** As the HTTP body would be read: what is empty in a message is absent there. */
function bodyOf({ userEmail, context, origins, autoAuthenticate: auto }: MintTokenRequest): object {
  const given = Object.entries({ agent: context?.agent, channel: context?.channel }).filter(([, text]) => text)
  return {
    user_email: userEmail,
    ...(given.length === 0 ? {} : { context: Object.fromEntries(given) }),
    ...(origins.length === 0 ? {} : { origins }),
    ...(auto === undefined
      ? {}
      : {
          auto_authenticate: {
            force: auto.force,
            servers: auto.servers.map(({ serverName, headers }) => ({
              server_name: serverName,
              headers: headers.map((header) => ({ header_name: header.headerName, header_value: new Secret(header.headerValue) })),
            })),
          },
        }),
  }
}
