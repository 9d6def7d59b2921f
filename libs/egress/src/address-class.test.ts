import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressClass } from './address-class.ts'
import { ipText, parseIp } from './ip-address.ts'

/** The rows of smokescreen's classification test and of its deny lists, and what they leave out. */
const CLASSES: Record<string, readonly string[]> = {
  public: [
    '8.8.8.8',
    '8.8.9.8',
    '1.1.1.1',
    '172.32.0.1',
    '192.169.0.1',
    '11.0.0.1',
    '2606:4700::1111',
    '64:ff9b::8.8.8.8',
    '::ffff:8.8.8.8',
    '100.128.0.1',
  ],
  private: [
    '10.0.0.1',
    '10.0.1.1',
    '10.255.255.255',
    '172.16.0.1',
    '172.16.1.1',
    '172.31.255.255',
    '192.168.0.1',
    '192.168.1.1',
    '127.0.0.1',
    '127.0.1.1',
    '127.255.255.255',
    '::1',
    '100.64.0.1',
    '100.127.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.7',
    '203.0.113.7',
    '240.0.0.1',
    'fc00::1',
    'fd12:3456::1',
    'fec0::1',
    '2001:db8::1',
    '2001::1',
    '100::1',
    '3fff::1',
    '5f00::1',
    '::8.8.8.8',
    '64:ff9b:1::8.8.8.8',
    '::ffff:10.0.0.1',
    '::10.0.0.1',
    '::ffff:0:192.168.0.1',
    '64:ff9b::10.0.0.1',
    '2002:0a00:0001::1',
    '2002:7f00:0001::1',
    '2001:470::5efe:10.0.0.1',
    '2001:0:4136:e378:8000:63bf:f5ff:fffe',
  ],
  never: [
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '169.254.0.1',
    '169.254.170.2',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '224.0.0.1',
    '239.255.255.255',
    '255.255.255.255',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'ff02:0:0:0:0:0:0:2',
    'ff0e::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '64:ff9b::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '2002:a9fe:a9fe::',
    '2001:0:1:1:1:1:5601:5601',
    'fd12::5efe:169.254.169.254',
  ],
}

describe('address classes', () => {
  test.each(Object.entries(CLASSES))('[S1-3] %s addresses are known as such', (expected, addresses) => {
    for (const address of addresses) expect([address, addressClass(address)]).toEqual([address, expected])
  })

  test('[S1-3] every way to write an address gives the same class', () => {
    const loopback = [
      '127.0.0.1',
      '127.1',
      '127.0.1',
      '2130706433',
      '0x7f000001',
      '0x7f.1',
      '0x7F.0x0.0x0.0x1',
      '0177.0.0.1',
      '017700000001',
      '127.0.0.1.',
    ]
    const metadata = [
      '169.254.169.254',
      '2852039166',
      '0xa9fea9fe',
      '0xa9.254.0xa9fe',
      '0251.0376.0251.0376',
      '169.254.43518',
      '169.16689662',
    ]
    for (const text of loopback) expect([text, addressClass(text)]).toEqual([text, 'private'])
    for (const text of metadata) expect([text, addressClass(text)]).toEqual([text, 'never'])
    for (const text of ['[::1]', '0:0:0:0:0:0:0:1', '::0001', '::ffff:7f00:1', '[::FFFF:127.0.0.1]'])
      expect(addressClass(text)).toBe('private')
  })

  test('names and broken addresses have no class', () => {
    const names = [
      'example.com',
      '',
      '.',
      '1.2.3.4.5',
      '256.1.1.1',
      '1.2.3.256',
      '4294967296',
      '0x1ffffffff',
      'a.1',
      '::1::',
      ':::',
      '1:2:3:4:5:6:7',
      '::g',
      '1:2:3:4:5:6:7:8:9',
      '::1.2.3',
      '-1',
    ]
    for (const text of names) expect([text, addressClass(text)]).toEqual([text, undefined])
  })

  test('an address read back from its own text is the same', () => {
    const bytes = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
    fc.assert(
      fc.property(bytes, (address) => {
        const text = ipText(address)
        const again = parseIp(text)
        return again !== undefined && ipText(again) === ipText(parseIp(ipText(again)) ?? new Uint8Array())
      }),
    )
  })

  test('an IPv4 address has one class however it is spelt', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (number) => {
        const dotted = ipText(Uint8Array.from([24, 16, 8, 0], (shift) => (number >>> shift) & 255))
        const spellings = [String(number), `0x${number.toString(16)}`, `0${number.toString(8)}`, `::ffff:${dotted}`]
        return spellings.every((text) => addressClass(text) === addressClass(dotted))
      }),
    )
  })
})
