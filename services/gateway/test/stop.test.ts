import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { payload } from './fake-services.ts'
import { Platform } from './platform.ts'

const LINGER_MS = 5_000

interface Answer {
  readonly status: number | undefined
  readonly connection: string | undefined
  readonly isSame: boolean
}

/** Asks on one connection, which is kept as long as both sides want. */
function client(address: string, path: string): () => Promise<Answer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const [host, port] = address.split(':')
  return () =>
    new Promise((resolve, reject) => {
      const asked = httpRequest({ host, port, agent, path, headers: { authorization: 'Bearer crd_admin' } }, (response) => {
        response.resume()
        const { statusCode: status, headers } = response
        response.once('end', () => resolve({ status, connection: headers.connection, isSame: asked.reusedSocket }))
      })
      asked.once('error', reject)
      asked.end()
    })
}

function refusesConnections(address: string): Promise<boolean> {
  const [host, port] = address.split(':')
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', () => resolve(true))
  })
}

describe('a gateway that is told to stop', () => {
  test('[C-1] answers the next request on each kept connection and ends it with the answer, on both listeners', async () => {
    const platform = await Platform.start({ lingerMs: LINGER_MS })
    const { addresses } = platform.gateway
    const places = [
      { address: addresses.admin, ask: client(addresses.admin, '/v1/providers') },
      { address: addresses.public, ask: client(addresses.public, '/assets/none') },
    ]
    const before = await Promise.all(places.map(({ ask }) => ask()))
    expect(before).toEqual([200, 404].map((status) => ({ status, connection: 'keep-alive', isSame: false })))
    const stopped = platform.gateway.stop()
    for (const { address } of places) await expect.poll(() => refusesConnections(address)).toBe(true)
    const after = await Promise.all(places.map(({ ask }) => ask()))
    expect(after).toEqual([200, 404].map((status) => ({ status, connection: 'close', isSame: true })))
    // The clock stands still: it is the clients' going that ends the wait.
    await stopped
    await platform.stop()
  })

  test('gives an answer that was under way to whom it belongs, and ends the connection with it', async () => {
    const platform = await Platform.start({ lingerMs: LINGER_MS })
    const { id } = await platform.session({ provider_id: platform.fakes.addProvider(payload('bearer')), confirm: 'code' })
    const ask = client(platform.gateway.addresses.admin, `/v1/sessions/${id}/wait?timeout_ms=20000`)
    const { sleeping } = platform.clock
    const asking = ask()
    await expect.poll(() => platform.clock.sleeping).toBeGreaterThan(sleeping)
    const stopped = platform.gateway.stop()
    expect(await asking).toEqual({ status: 200, connection: 'close', isSame: false })
    // The session was made on a connection of its own.
    await platform.clock.advance(LINGER_MS)
    await stopped
    await platform.stop()
  })

  test('ends an event stream at its end, so that its reader goes on elsewhere without an error', async () => {
    const platform = await Platform.start({ lingerMs: LINGER_MS })
    const answer = await fetch(`${platform.adminUrl}/v1/events/stream`, { headers: { authorization: 'Bearer crd_admin' } })
    expect(answer.status).toBe(200)
    const stopped = platform.gateway.stop()
    expect(await answer.text()).toBe('')
    await platform.clock.advance(LINGER_MS)
    await stopped
    await platform.stop()
  })

  test('waits no longer than it was told for a client that says nothing more', async () => {
    const platform = await Platform.start({ lingerMs: LINGER_MS })
    const { admin } = platform.gateway.addresses
    const ask = client(admin, '/v1/providers')
    await ask()
    let isOver = false
    const stopped = platform.gateway.stop().then(() => {
      isOver = true
    })
    await expect.poll(() => refusesConnections(admin)).toBe(true)
    expect(isOver).toBe(false)
    await platform.clock.advance(LINGER_MS)
    await stopped
    await platform.stop()
  })
})
