import type { Placement } from '@credence/provider'
import { type OnBehalfOf, type OnBehalfSigner, signOnBehalfOf } from '../signing/sign-on-behalf-of.ts'
import { type InjectedRequest, inject, type PlainRequest } from './inject.ts'
import type { OpenSecret } from './open.ts'
import { signRequest } from './sign/sign-request.ts'
import type { VaultContext } from './vault-context.ts'

/** A request to the API before anything secret is in it. */
export interface BareRequest extends PlainRequest {
  readonly method: string
  /** Whole where the recipe's signature covers it. */
  readonly body: Uint8Array | undefined
  /** In place of the recipe's own, and unsigned: for a call that the client makes about the secret. */
  readonly placements?: readonly Placement[]
}

/** Places the secret, then signs where the recipe signs: in this order, so that a signature can cover what was placed. */
export function prepare(vault: Pick<VaultContext, 'clock' | 'random'>, secret: OpenSecret, bare: BareRequest): InjectedRequest {
  const { fields, plain, recipe } = secret
  const { random, clock } = vault
  const request = inject(bare, bare.placements ?? recipe.placements, { fields, plain, random })
  if (recipe.sign === undefined || bare.placements !== undefined) return request
  return signRequest(request, recipe.sign, { method: bare.method, body: bare.body, fields, plain, now: clock.now(), random })
}

/** As `prepare`; a call to the team's own backend is signed by the project on top, over all that was placed. */
export async function prepareFor(
  vault: OnBehalfSigner,
  { secret, project, onBehalfOf }: { readonly secret: OpenSecret; readonly project: string; readonly onBehalfOf?: OnBehalfOf | undefined },
  bare: BareRequest,
): Promise<InjectedRequest> {
  const request = prepare(vault, secret, bare)
  if (onBehalfOf === undefined) return request
  return signOnBehalfOf(vault, request, { project, method: bare.method, body: bare.body, claim: onBehalfOf })
}
