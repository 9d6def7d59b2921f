import type { Consumer } from './messages.ts'
import { type ListOptions, listAll } from './pages.ts'
import { path, type Rest } from './rest.ts'

export interface NewConsumer {
  readonly credentialId: string
  readonly kind: 'tool' | 'channel' | 'agent'
  /** What your own system calls it. */
  readonly externalRef: string
  readonly label?: string | undefined
}

export interface Consumers {
  /** Tells where a credential is used: a delete then asks first, and orphans are told. */
  bind(consumer: NewConsumer): Promise<Consumer>
  list(credentialId: string, options?: ListOptions): AsyncIterable<Consumer>
  unbind(consumerId: string): Promise<void>
}

export function consumersOf(rest: Rest): Consumers {
  return {
    bind: ({ credentialId, ...body }) =>
      rest.call({ method: 'POST', path: path`/v1/credentials/${credentialId}/consumers`, body, creates: true }),
    list: (id, options) => listAll(rest, { path: path`/v1/credentials/${id}/consumers`, items: 'consumers' }, options),
    unbind: (id) => rest.call({ method: 'DELETE', path: path`/v1/consumers/${id}` }),
  }
}

export interface NewAttachment {
  readonly credentialId: string
  /** What your own system calls the agent. */
  readonly agent: string
  readonly channel: string
  /** The id of one of the credential's `assets` of this channel. */
  readonly nativeId: string
  readonly label?: string | undefined
}

export interface Channels {
  /** Gives an agent's channel one asset of the credential. Throws CHANNEL_TAKEN while it stands elsewhere. */
  attach(attachment: NewAttachment): Promise<Consumer>
  /** Frees the channel and the asset at once. */
  detach(consumerId: string): Promise<void>
}

export function channelsOf(rest: Rest): Channels {
  return {
    attach: ({ credentialId, ...body }) =>
      rest.call({ method: 'POST', path: path`/v1/credentials/${credentialId}/channels`, body, creates: true }),
    detach: (id) => rest.call({ method: 'DELETE', path: path`/v1/channels/${id}` }),
  }
}
