import { CodedError } from '@credence/errors'
import type { Recipe } from '@credence/provider'
import type { Access, ChannelBinding, Child } from '../credential/child.ts'
import type { SecretFields } from '../credential/secret-fields.ts'
import { foldedPath } from '../credential/target.ts'
import { ACCESS_TOKEN } from '../grant/grant-secret.ts'
import { tokenField } from './native.ts'

/**
 * What a call of a platform's credential may reach. An asset – a number, an account, a page – is called by the consumer that
 * it is attached to and by nobody else, and that consumer calls no other one; what the person withheld is called by nobody.
 * Answers the consumer's binding, if it has one.
 */
export function channelOf(
  child: Child & { readonly access: Access },
  recipe: Recipe,
  asked: { readonly consumer: string; readonly target: URL; readonly base: string },
): ChannelBinding | undefined {
  const { native } = recipe
  if (native === undefined) return undefined
  const path = foldedPath(asked.target).slice(foldedPath(new URL(asked.base)).length)
  if (native.refusedPaths?.some((refused) => path === refused.replace(/\/$/, '').toLowerCase())) throw new CodedError('PATH_REFUSED')
  const binding = asked.consumer === '' ? undefined : child.access.channels?.find(({ consumer }) => consumer === asked.consumer)
  const assets = child.native?.assets ?? []
  const own = assets.find(({ channel, id }) => channel === binding?.channel && id === binding.nativeId)
  if (binding !== undefined && own === undefined) throw new CodedError('ASSET_NOT_GRANTED', undefined, { credentialId: child.id })
  const [, node = ''] = path.split('/')
  const isAsset = assets.some(({ id }) => id.toLowerCase() === node)
  const mayCall = own !== undefined && [own.id, own.parent].some((id) => id?.toLowerCase() === node)
  if (isAsset && !mayCall) throw new CodedError('CHANNEL_REQUIRED', undefined, { credentialId: child.id })
  const isWithheld = child.native?.withheld?.some((id) => id.toLowerCase() === node) ?? false
  if (isWithheld && !mayCall) throw new CodedError('ASSET_NOT_GRANTED', undefined, { credentialId: child.id })
  return binding
}

/** The fields that the call is made with: where its channel takes the asset's token, that one stands for the person's. */
export function channelFields(fields: SecretFields, recipe: Recipe, binding: ChannelBinding | undefined): SecretFields {
  if (binding === undefined) return fields
  const channel = recipe.native?.channels.find((one) => one.channel === binding.channel)
  if (channel === undefined) throw new CodedError('ASSET_NOT_GRANTED')
  if (channel.token === 'user') return fields
  const token = fields.get(tokenField({ channel: binding.channel, id: binding.nativeId }))
  if (token === undefined) throw new CodedError('ASSET_NOT_GRANTED')
  return new Map([...fields, [ACCESS_TOKEN, token]])
}
