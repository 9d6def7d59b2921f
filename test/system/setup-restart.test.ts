import { createServer } from 'node:http'
import { createCredence } from '@credence/sdk'
import { startStandIns, tempHome } from '@credence/testkit'
import { bearerSite, headerSite, startDocSites } from '@credence/testkit/doc-sites'
import { afterAll, expect, test } from 'vitest'
import { startPlatform } from '../support/platform.ts'

const home = tempHome()
afterAll(() => home.remove())

test('[S2-16] a batch whose research was under way when the platform stopped goes on at the next start, each item for itself', async () => {
  const sites = startDocSites([bearerSite(), headerSite()])
  const held = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  // The home page of one site is not answered before the platform has stopped.
  const slow = createServer(async (request, response) => {
    asked.resolve()
    await held.promise
    sites.servers['acornmail.example']?.emit('request', request, response)
  })
  const names = Object.entries({ ...sites.servers, 'acornmail.example': slow }).map(([host, target]) => ({ host, target }))
  const standIns = await startStandIns(names)
  const env = {
    CREDENCE_EGRESS_RESOLVE: standIns.egressResolve,
    CREDENCE_EGRESS_ALLOW: standIns.egressAllow,
    CREDENCE_EGRESS_CA: standIns.caFile,
  }
  const first = await startPlatform({ home: home.path, env })
  const key = first.key ?? ''
  const before = createCredence({ apiUrl: first.admin, key, user: 'id:ann' })
  const { batchId, results } = await before.setups.startMany(['acornmail.example', 'birchmaps.example', 'Freshdesk'])
  const [waiting, quick] = results.flatMap((result) => ('setup' in result ? [result.setup.id] : []))
  expect((await before.setups.wait(quick ?? '')).state).toBe('guided')
  await asked.promise
  expect((await before.setups.get(waiting ?? '')).state).toBe('research')
  await first.process.stop()

  held.resolve()
  const second = await startPlatform({ home: home.path, env })
  const after = createCredence({ apiUrl: second.admin, key, user: 'id:ann' })
  expect(await after.setups.wait(waiting ?? '')).toMatchObject({ id: waiting, state: 'guided', name: 'Acorn Mail', batchId })
  expect((await after.setups.get(quick ?? '')).state).toBe('guided')
  await second.process.stop()
  await standIns.close()
  await sites.close()
}, 120_000)
