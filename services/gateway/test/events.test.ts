import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { payload } from './fake-services.ts'
import { Platform } from './platform.ts'

describe('events for tenants', () => {
  let platform: Platform
  let bearer: string

  beforeAll(async () => {
    platform = await Platform.start()
    bearer = platform.fakes.addProvider(payload('bearer'))
  })
  afterAll(() => platform.stop())

  /** Server-sent events of a stream, one after the other. */
  async function* stream(path: string, headers: Readonly<Record<string, string>> = {}): AsyncGenerator<Record<string, string>> {
    const answer = await fetch(`${platform.adminUrl}${path}`, { headers: { authorization: 'Bearer crd_admin', ...headers } })
    let rest = ''
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      rest += chunk
      const blocks = rest.split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        if (block.startsWith(':')) continue
        yield Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
      }
    }
  }

  /** A session whose fact is out: those of two that wait for the relay may go in any order. */
  async function told(user?: string): Promise<string> {
    const { id } = await platform.session({ provider_id: bearer, confirm: 'code' }, user)
    await expect.poll(() => platform.facts.some(({ subject }) => subject === id)).toBe(true)
    return id
  }

  async function next(events: AsyncGenerator<Record<string, string>>): Promise<Record<string, string>> {
    return (await events.next()).value ?? {}
  }

  test('[B-6] a stream continues after the last event that its reader saw', async () => {
    const [first, second] = [await told(), await told()]
    const from = '/v1/events/stream?from=2026-01-01T00:00:00Z&types=session.'
    const reading = stream(from)
    const one = await next(reading)
    expect([one.event, JSON.parse(one.data ?? '').subject]).toEqual(['session.started', first])
    const again = stream(from, { 'last-event-id': one.id ?? '' })
    expect(JSON.parse((await next(again)).data ?? '').subject).toBe(second)
    await Promise.all([reading.return(undefined), again.return(undefined)])
  })

  test('[B-6] a caller for a user sees what is that user’s, and nothing else', async () => {
    const own = await told('id:carl')
    await told('id:dora')
    const last = await told('id:carl')
    const reading = stream('/v1/events/stream?from=2026-01-01T00:00:00Z&types=session.', { 'credence-user': 'id:carl' })
    expect([JSON.parse((await next(reading)).data ?? '').subject, JSON.parse((await next(reading)).data ?? '').subject]).toEqual([
      own,
      last,
    ])
    await reading.return(undefined)
  })

  test('[B-6] a place that is none is refused, and a foreign one is answered with a reset', async () => {
    expect((await platform.api('GET', '/v1/events?from=nonsense')).body).toMatchObject({ code: 'INVALID_CURSOR' })
    expect((await platform.api('GET', '/v1/events/stream?from=nonsense')).body).toMatchObject({ code: 'INVALID_CURSOR' })
    const reading = stream('/v1/events/stream?from=0123456789abcdef.7')
    expect((await next(reading)).event).toBe('reset')
    await reading.return(undefined)
  })

  test('[B-6] a page of events is what happened so far, with the place to go on from', async () => {
    await told()
    const asked = platform.api('GET', '/v1/events?types=session.started&limit=2')
    await expect.poll(async () => platform.clock.advance(300).then(() => Promise.race([asked, undefined]))).toBeDefined()
    const { body } = await asked
    expect(body.events).toHaveLength(2)
    expect(body.cursor).toBe((body.events as { cursor: string }[])[1]?.cursor)
  })

  test('[B-6] the rpc tells the same facts', async () => {
    const caller = await platform.caller('')
    const end = new AbortController()
    for await (const { message } of caller.tailEvents({ from: '2026-01-01T00:00:00Z', types: ['session.'] }, { signal: end.signal })) {
      expect(message).toMatchObject({ $case: 'event', value: { type: 'dev.credence.session.started', source: 'credence/gateway' } })
      break
    }
    end.abort()
  })
})
