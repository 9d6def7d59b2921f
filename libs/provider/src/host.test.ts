import { describe, expect, test } from 'vitest'
import { hostProblem, isLocalLiteral } from './host.ts'

describe('hostProblem', () => {
  test.each(['example.com', 'a', '1.2.3.4', '0.0.0.0', '4chan.example', 'a-b.example', '1.2.3.4.example', '169.254.169.254.example'])(
    '%s can be called',
    (host) => {
      expect(hostProblem(host)).toBeUndefined()
    },
  )

  test.each(['', '1', '0x', '01.2.3.4', '1.2.3', '1.2.3.4.', '1.2.3.04', 'a.0x1', 'a.1', '169.254.1.1', 'metadata.google.internal'])(
    '%j is refused with a sentence that says what to write',
    (host) => {
      expect(hostProblem(host)).toMatch(/^Write .*\.$/)
    },
  )
})

describe('the sentence names the mistake', () => {
  test.each([
    ['acme.example.', 'without a dot at its end'],
    ['127.1', 'four decimal numbers'],
    ['0x7f000001', 'four decimal numbers'],
    ['acme.example/x', 'the host name alone'],
    ['bücher.example', 'xn--'],
    ['-a.example', 'hyphen'],
    ['instance-data', 'metadata'],
  ])('%s: %s', (host, words) => {
    expect(hostProblem(host)).toContain(words)
  })
})

describe('isLocalLiteral', () => {
  test('knows this machine and the addresses that no public network routes', () => {
    const local = ['localhost', '[::1]', '127.0.0.1', '127.9.9.9', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', '100.64.0.1']
    const foreign = [
      'localhost.example',
      'example.com',
      '8.8.8.8',
      '172.32.0.1',
      '172.15.0.1',
      '100.128.0.1',
      '192.169.0.1',
      '169.254.169.254',
      '0x7f.1',
    ]
    expect(local.filter((host) => !isLocalLiteral(host))).toEqual([])
    expect(foreign.filter(isLocalLiteral)).toEqual([])
  })
})
