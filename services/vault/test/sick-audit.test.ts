import { open } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { AppendHandle } from '../src/audit/append-file.ts'
import { createRefresh } from '../src/credential/refresh.ts'
import { rotateKeys } from '../src/credential/rotate-keys.ts'
import { check } from '../src/credential/send.ts'
import { fingerprint } from '../src/grant/grant-secret.ts'
import { CLIENT, grantRecipe, newClient, seedRecipe } from './connecting.ts'
import { type Outside, startOutside } from './outside.ts'
import { inForce, openParts, order, type Parts, PROJECT } from './parts.ts'

let parts: Parts
let outside: Outside | undefined
afterEach(async () => {
  await parts.close()
  await outside?.close()
  outside = undefined
})

/** A file whose disk is full while `isFull`: the write goes to /dev/full and fails with a real ENOSPC. */
function fullWhen(isFull: () => boolean): (path: string) => Promise<AppendHandle> {
  return async (path) => {
    const [file, full] = [await open(path, 'a+'), await open('/dev/full', 'a')]
    return {
      stat: file.stat.bind(file),
      read: file.read.bind(file),
      datasync: file.datasync.bind(file),
      truncate: file.truncate.bind(file),
      appendFile: (data: Uint8Array) => (isFull() ? full : file).appendFile(data),
      close: () => Promise.all([file.close(), full.close()]).then(() => undefined),
    } as unknown as AppendHandle
  }
}

describe('while the audit log cannot be written', () => {
  test('[B-1] no token is sent, and the intent does not say that one was', async () => {
    outside = await startOutside()
    let isFull = false
    parts = await openParts({ egress: outside.egress, openAudit: fullWhen(() => isFull) })
    const clientId = newClient()
    await parts.clients.register({
      id: clientId,
      project: PROJECT,
      oauthClientId: CLIENT.oauthClientId,
      secret: Buffer.from(CLIENT.secret),
    })
    const rtId = fingerprint(parts.digestKey, 'x', Buffer.from('rt'))
    const token = { issuedAt: new Date(0), scopes: [], rtId, clientGeneration: 1 }
    const child = await inForce(
      parts,
      grantRecipe(clientId, { refresh: { class: 'strict' } }),
      { access_token: 'at', refresh_token: 'rt' },
      token,
    )
    const { refresh } = createRefresh(parts)
    isFull = true
    await expect(refresh(order, { credentialId: child.id, cause: 'schedule' })).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
    expect(outside.as.ledger()).toEqual([])
    const after = await parts.children.need(child.id)
    expect([after.intent, after.lease?.until]).toEqual([undefined, 0])
    isFull = false
    expect(await refresh(order, { credentialId: child.id, cause: 'schedule' })).toMatchObject({
      outcome: 'failed',
      answer: { kind: 'error' },
    })
    expect(outside.as.ledger()).toHaveLength(1)
  })

  test('[S2-17] nothing is decrypted, and it goes on without a restart when there is room', async () => {
    let isFull = false
    parts = await openParts({ openAudit: fullWhen(() => isFull) })
    const child = await inForce(parts, seedRecipe('bearer'), { token: 'tok-1234567890' })
    let opened = 0
    const envelope = {
      ...parts.envelope,
      dataKey: (...args: Parameters<typeof parts.envelope.dataKey>) => {
        opened += 1
        return parts.envelope.dataKey(...args)
      },
    }
    const ann = { ...order, userNames: ['id:ann'], scopes: ['use'] }
    const asked = { credentialId: child.id, method: 'GET', path: '/x', consumer: '' }
    isFull = true
    for (let i = 0; i < 20; i++)
      await expect(check({ ...parts, envelope }, ann, asked)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
    expect(opened).toBe(0)
    isFull = false
    await check({ ...parts, envelope }, ann, asked)
    expect(opened).toBe(1)
  })
})

test('[B-7] a rotation waits for what was sealed under the former key and is not stored yet', async () => {
  parts = await openParts()
  const child = await inForce(parts, seedRecipe('bearer'), { token: 'tok-1234567890' })
  const { promise, resolve } = Promise.withResolvers<void>()
  const sealing = parts.keys.holding(() => promise)
  const rotation = rotateKeys(parts, { project: PROJECT, retire: true })
  let begun = false
  const first = rotation.next().then(() => {
    begun = true
  })
  await new Promise((done) => setTimeout(done, 50))
  expect(begun).toBe(false)
  resolve()
  await Promise.all([sealing, first])
  for await (const _progress of rotation) await Promise.resolve()
  expect((await parts.children.need(child.id)).sealed?.projectKeyId).toBe(`${PROJECT}:2`)
})
