import type { Permitted } from './admit.ts'
import { type OpenSecret, openBare, openForCall } from './open.ts'
import type { VaultContext } from './vault-context.ts'

/** What a permitted call is made with: the secret of its credential, or nothing where its capability needs none. */
export function openFor(vault: VaultContext, { child, capability }: Permitted): Promise<OpenSecret> {
  return child === undefined ? openBare(vault, capability?.recipe ?? '') : openForCall(vault, child)
}
