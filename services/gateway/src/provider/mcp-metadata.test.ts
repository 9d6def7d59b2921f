import { CodedError } from '@credence/errors'
import { TestClock } from '@credence/testkit'
import { expect, test } from 'vitest'
import { DISCOVERY_MS, resourceMetadata, serverMetadata } from './mcp-metadata.ts'

test('[B-14] a server that never answers holds a caller for one deadline, at however many addresses', async () => {
  const clock = new TestClock()
  const asked: string[] = []
  const send = async ({ url, deadlineMs = 0 }: { url: string; deadlineMs?: number }): Promise<never> => {
    asked.push(url)
    await clock.advance(deadlineMs)
    throw new CodedError('UPSTREAM_TIMEOUT')
  }
  const startMs = clock.monotonicMs()
  const reading = { egress: { send }, project: 'proj_1', clock, untilMs: startMs + DISCOVERY_MS }
  await expect(resourceMetadata(reading, new URL('https://mcp.example/mcp'))).rejects.toThrow('in time')
  await expect(serverMetadata(reading, 'https://auth.example')).rejects.toThrow('in time')
  expect([asked.length, clock.monotonicMs() - startMs]).toEqual([2, DISCOVERY_MS])
})
