import { CodedError } from '@credence/errors'
import {
  MongoInvalidArgumentError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb'
import { expect, it } from 'vitest'
import { asCoded, faultOf, isUncertain, storeUnavailable } from './fault.ts'

const server = (code: number, message = ''): MongoServerError => new MongoServerError({ message, code })

it('tells an outage from a slow server and from a refused user', () => {
  expect(faultOf(new MongoNetworkError('reset'))).toBe('unreachable')
  expect(faultOf(new MongoNetworkTimeoutError('timed out'))).toBe('stalled')
  expect(faultOf(server(10_107))).toBe('unreachable')
  expect(faultOf(server(64))).toBe('stalled')
  expect(faultOf(server(18))).toBe('denied')
  expect(faultOf(server(14_031))).toBe('full')
})

it('says that a write is in doubt only when it may have been sent', () => {
  expect(isUncertain(new MongoNetworkError('reset'))).toBe(true)
  expect(isUncertain(server(64))).toBe(true)
  expect(isUncertain(new MongoServerSelectionError('nobody', {} as never))).toBe(false)
  expect(isUncertain(server(11_000))).toBe(false)
  expect(isUncertain(server(13))).toBe(false)
})

it('repeats nothing of what the driver or the server said', () => {
  const secret = 'canary-value'
  for (const error of [server(121, secret), server(13, secret), new MongoNetworkError(secret), new MongoInvalidArgumentError(secret)]) {
    const thrown = asCoded(error) as Error
    expect(JSON.stringify([thrown.message, thrown.stack, thrown.cause, Object.entries(thrown)])).not.toContain(secret)
  }
  expect(asCoded(server(121))).toBeInstanceOf(TypeError)
})

it('leaves errors of ours what they are', () => {
  for (const error of [new TypeError('ours'), new CodedError('CONFLICT'), storeUnavailable('closed')]) expect(asCoded(error)).toBe(error)
})
