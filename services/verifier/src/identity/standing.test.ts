import { SECURITY_LEVELS } from '@credence/credential'
import { describe, expect, test } from 'vitest'
import { attemptsLeft, counted, firstStanding, givenBack, passed, type Standing, standingAt, standingId } from './standing.ts'

const OF = { project: 'proj_1', capability: 'cap_1', user: 'usr_1' }
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** So many wrong answers one after the other, each as soon as it is taken; the times at which a round was locked, and for how long. */
function guess(level: 'basic' | 'strict', times: number): { doc: Standing; locks: number[] } {
  let doc = firstStanding(OF)
  let now = 0
  const locks: number[] = []
  for (let n = 0; n < times; n++) {
    doc = standingAt(doc, now)
    if (doc.lockedUntil !== undefined) throw new TypeError('an answer was taken while it was locked')
    doc = counted(doc, level, now)
    if (doc.lockedUntil !== undefined) {
      locks.push((doc.lockedUntil.getTime() - now) / MINUTE)
      now = doc.lockedUntil.getTime()
    }
  }
  return { doc, locks }
}

describe('a standing', () => {
  test('[S0-13] locks with the attempt that uses up the round, for longer each time', () => {
    expect(guess('basic', 30).locks).toEqual([15, 60, 240, 1440, 1440, 1440])
    expect(guess('strict', 9).locks).toEqual([60, 1440, 1440])
  })

  test('[S0-13] lets through few guesses of a zip in a year, however patient somebody is', () => {
    const { locks } = guess('basic', 2000)
    const daysUntil = (round: number): number => locks.slice(0, round).reduce((sum, minutes) => sum + minutes, 0) / (24 * 60)
    const rounds = locks.findIndex((_, round) => daysUntil(round) > 365)
    expect(rounds * SECURITY_LEVELS.basic.attempts).toBeLessThan(1900)
  })

  test('[S0-13] counts down what is left, and has nothing left while it is locked', () => {
    let doc = firstStanding(OF)
    const left = [attemptsLeft(doc, 'strict')]
    for (let n = 0; n < 3; n++) {
      doc = counted(doc, 'strict', 0)
      left.push(attemptsLeft(doc, 'strict'))
    }
    expect(left).toEqual([3, 2, 1, 0])
    expect(attemptsLeft(standingAt(doc, HOUR - 1), 'strict')).toBe(0)
    expect(attemptsLeft(standingAt(doc, HOUR), 'strict')).toBe(3)
  })

  test('[S0-13] gets an attempt back that could not be compared, with the lock that it brought, and never the challenge', () => {
    const before = counted(counted(firstStanding(OF), 'strict', 0), 'strict', 0)
    const last = counted(before, 'strict', 0)
    const after = givenBack(last, last)
    expect([after.used, after.locks, after.lockedUntil]).toEqual([2, 0, undefined])
    expect(after.serial).toBe(last.serial)
    // Another attempt locked it meanwhile: that lock stays.
    expect(givenBack(last, before).lockedUntil).toEqual(last.lockedUntil)
  })

  test('[S0-13] begins anew with a pass, after a day without a try, and with short locks after a month', () => {
    const { doc } = guess('basic', 12)
    const pass = { id: 'pass_1', version: 1, grantedAt: new Date(0), expiresAt: new Date(1) }
    expect(passed(doc, pass, ['id:ann'])).toMatchObject({ used: 0, locks: 0, pass, passIn: 'proj_1', names: ['id:ann'], generation: 1 })
    const tried = doc.triedAt?.getTime() ?? 0
    expect([standingAt(doc, tried + DAY - 1).used, standingAt(doc, tried + DAY).used]).toEqual([2, 0])
    expect([standingAt(doc, tried + 30 * DAY - 1).locks, standingAt(doc, tried + 30 * DAY).locks]).toEqual([2, 0])
  })

  test('[S0-13] is one per customer, capability and project', () => {
    const others = [{ project: 'proj_2' }, { capability: 'cap_2' }, { user: 'usr_2' }].map((other) => standingId({ ...OF, ...other }))
    expect(new Set([standingId(OF), ...others]).size).toBe(4)
  })
})
