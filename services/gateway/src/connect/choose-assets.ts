import { isCoded } from '@credence/errors'
import type { Account, Asset } from '@credence/proto/credential'
import { callAs } from '@credence/rpc'
import type { Stored } from '@credence/store'
import type { Browser } from './browser.ts'
import { type Flow, requireState, startChecking } from './flow.ts'
import { judge } from './judge.ts'
import { actingFor, type Candidate, type ConnectSession, type HandedAsset } from './session.ts'
import { recover } from './submit-secret.ts'

const NOTHING_CHOSEN = 'Choose at least one of them.'

/** After the sign-in: the person says which of what was handed over may be used. */
export async function offerAssets(
  flow: Pick<Flow, 'sessions'>,
  session: Stored<ConnectSession>,
  found: { readonly candidate: Candidate; readonly assets: readonly Asset[]; readonly account: Account | undefined },
): Promise<Stored<ConnectSession>> {
  const { account, candidate } = found
  const handed = found.assets.map(({ channel, id, name, label }) => ({ channel, id, name, ...(label === '' ? {} : { label }) }))
  const known = account === undefined ? candidate : { ...candidate, accountId: account.id, accountName: account.name }
  return flow.sessions.change(session, { state: 'choosing', candidate: known, handed, lastTry: undefined, sweepAt: session.expiresAt })
}

/** The person's choice: the vault wipes the rest, then the candidate is proven as any other. */
export async function chooseAssets(
  flow: Flow,
  session: Stored<ConnectSession>,
  { chosen, browser }: { readonly chosen: unknown; readonly browser: Browser },
): Promise<Stored<ConnectSession>> {
  requireState(flow, session, ['choosing'])
  const { candidate, reserved, handed = [] } = session
  if (candidate === undefined || reserved === undefined) throw new TypeError('a choice is about a candidate')
  const values = new Set([chosen].flat().map(String))
  const assets = handed.filter(({ channel, id }) => values.has(`${channel} ${id}`))
  if (assets.length === 0) return flow.sessions.change(session, { lastTry: { plain: {}, problem: NOTHING_CHOSEN } })
  const checking = await startChecking(flow, session, { handed: undefined, lastTry: { plain: {} } })
  try {
    await flow.services.vault.chooseAssets(
      { credentialId: reserved.credentialId, candidateId: candidate.id, assets: assets.map(orderOf) },
      callAs(actingFor(session)),
    )
    return await judge(flow, checking, { browser, tried: { plain: {} } })
  } catch (error) {
    return recover(flow, session.id, { error, tried: { plain: {} } })
  }
}

function orderOf({ channel, id }: HandedAsset): Asset {
  return { channel, id, name: '', label: '', parent: '' }
}

/** Which boxes are ticked when the page is first seen: what was in use before, else the only one of its channel. */
export async function tickedOf(flow: Pick<Flow, 'services'>, session: ConnectSession): Promise<(channel: string, id: string) => boolean> {
  const { handed = [] } = session
  const before = await assetsBefore(flow, session)
  if (before.length > 0) return (channel, id) => before.some((asset) => asset.channel === channel && asset.id === id)
  return (channel) => handed.filter((asset) => asset.channel === channel).length === 1
}

async function assetsBefore({ services }: Pick<Flow, 'services'>, session: ConnectSession): Promise<readonly Asset[]> {
  if (session.credentialId === undefined || session.anonymous === true) return []
  try {
    const { credential } = await services.registry.get({ credentialId: session.credentialId }, callAs(actingFor(session)))
    return credential?.assets ?? []
  } catch (error) {
    // Deleted meanwhile: the session will say so when it is finished.
    if (isCoded(error, 'NOT_FOUND')) return []
    throw error
  }
}
