import { CodedError, type Fault } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { candidateBinding } from '../credential/binding.ts'
import type { Candidate } from '../credential/child.ts'
import { openCandidate } from '../credential/open.ts'
import { change } from '../credential/record-change.ts'
import { packFields, type SecretFields } from '../credential/secret-fields.ts'
import type { VaultContext } from '../credential/vault-context.ts'
import { type NativeAsset, type NativeFacts, tokenField } from './native.ts'

export interface Choice {
  readonly credentialId: string
  readonly candidateId: string
  readonly assets: readonly Pick<NativeAsset, 'channel' | 'id'>[]
}

/** Seals the candidate anew with what was chosen: the tokens of the rest are nowhere any more. */
export async function chooseAssets(vault: VaultContext, principal: Principal, order: Choice): Promise<readonly NativeAsset[]> {
  const { credentialId, candidateId } = order
  let kept: readonly NativeAsset[] = []
  await vault.keys.holding(() =>
    vault.children.change(credentialId, async (child) => {
      if (child.project !== principal.project) throw new CodedError('NOT_FOUND')
      const { candidate } = child
      if (candidate?.id !== candidateId || candidate.native === undefined)
        throw new CodedError('NOT_FOUND', 'The candidate is gone: connect again.')
      kept = chosenOf(candidate.native.assets, order.assets)
      using secret = await openCandidate(vault, child, candidateId)
      const sealedFields = new Map([...secret.fields].filter(([name]) => !Object.hasOwn(candidate.plain, name)))
      const dropped = candidate.native.assets.filter((asset) => !kept.includes(asset))
      const fields = withoutTokensOf(sealedFields, dropped)
      const { sealed, dataKey } = await vault.envelope.seal(packFields(fields), candidateBinding(child, candidate, secret.recipe))
      dataKey[Symbol.dispose]()
      const next: Candidate = { ...candidate, sealed, native: chosenFacts(candidate.native, kept, dropped) }
      return { ...child, candidate: next }
    }),
  )
  await change(vault, principal, { action: 'seal', credential: credentialId })
  return kept
}

/** Chosen once more, what was withheld before stays so. */
function chosenFacts(native: NativeFacts, assets: readonly NativeAsset[], dropped: readonly NativeAsset[]): NativeFacts {
  const withheld = [...new Set([...(native.withheld ?? []), ...dropped.map(({ id }) => id)])].filter((id) =>
    assets.every((kept) => kept.id !== id),
  )
  return { ...native, assets, chosen: true, ...(withheld.length === 0 ? {} : { withheld }) }
}

/** The fields that are sealed again: every token but those of the dropped assets. */
export function withoutTokensOf(fields: SecretFields, dropped: readonly NativeAsset[]): SecretFields {
  const names = new Set(dropped.map(tokenField))
  return new Map([...fields].filter(([name]) => !names.has(name)))
}

function chosenOf(offered: readonly NativeAsset[], chosen: Choice['assets']): readonly NativeAsset[] {
  const faults = chosen.flatMap(({ channel, id }, i): Fault[] =>
    offered.some((asset) => asset.channel === channel && asset.id === id)
      ? []
      : [{ pointer: `/assets/${i}`, code: 'NOT_ALLOWED', detail: 'Choose among what was handed over.' }],
  )
  if (chosen.length === 0) faults.push({ pointer: '/assets', code: 'MISSING', detail: 'Choose at least one.' })
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
  return offered.filter((asset) => chosen.some(({ channel, id }) => asset.channel === channel && asset.id === id))
}
