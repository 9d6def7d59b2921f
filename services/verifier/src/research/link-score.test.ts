import { describe, expect, test } from 'vitest'
import { isPlainLink, linkScore } from './link-score.ts'

describe('a link', () => {
  test.each([
    ['https://calendario.example/docs/authentication', 'Authentication'],
    ['https://expresspress.example/docs/api-keys', 'API keys'],
    ['https://acme.example/docs/express/authentication', 'Authentication'],
    ['https://acme.example/docs/auth', ''],
    ['https://acme.example/razrabotchikam', 'Для разработчиков'],
    ['https://acme.example/guide/1', '인증'],
  ])('[S2-12] is promising whatever else its name holds: %s', (url, text) => {
    expect(linkScore({ url, text })).toBeGreaterThan(10)
  })

  test.each([
    'https://acme.example/calendar/api-2031',
    'https://acme.example/press/api-authentication',
    'https://status.acme.example/api',
    'https://acme.example/docs?page=7',
    'https://acme.example/api/login',
  ])('[S2-12] is not followed, neither for its words nor for want of better: %s', (url) => {
    expect(linkScore({ url, text: 'API authentication' })).toBe(0)
    expect(isPlainLink({ url, text: '' })).toBe(false)
  })
})
