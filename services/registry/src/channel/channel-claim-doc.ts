import type { Doc } from '@credence/store'

/**
 * Who stands on a native channel (`registry_channels`). Two claims make one attachment, each by the hash of its key:
 *
 *     (project, channel, native id)   a number, an account or a page stands on one agent
 *     (project, agent, channel)       a channel of an agent has one credential
 *
 * N1 The claim that was inserted first is the truth, whatever came of it: everybody else is refused while it is there.
 * N2 `taking` until the vault knows of it. What stopped there a sweeper finishes, or removes: it is `leaving` before its consumer
 *    is looked for, and whoever comes back later with one finds that the claim is not his any more.
 * N3 A claim is removed by its own consumer alone, after the vault has forgotten it.
 */
export interface ChannelClaim extends Doc {
  readonly project: string
  readonly channel: string
  readonly nativeId: string
  readonly agent: string
  readonly credentialId: string
  readonly consumerId: string
  readonly state: 'taking' | 'held' | 'leaving'
  /** Present while it is taken: the first member of the sweeper's index. */
  readonly takingSince?: Date | undefined
}
