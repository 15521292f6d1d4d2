import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseCaptureTarget } from '../../src/capture/capture-target.js'
import { captureFilter } from '../../src/capture/filter.js'

describe('a target', () => {
  test.each([
    ['10.0.0.9:8080', '10.0.0.9', 8080],
    ['t1.backend.example:28021', 't1.backend.example', 28021],
    ['orders_v2.svc.cluster.local.:80', 'orders_v2.svc.cluster.local.', 80],
    ['localhost:1', 'localhost', 1],
    ['[2001:db8::9]:443', '2001:db8::9', 443],
    ['2001:db8::9', '2001:db8::9', null],
    ['t1.backend.example', 't1.backend.example', null],
  ])('is read out of %s', (text, host, port) => {
    expect(parseCaptureTarget(text)).toEqual({ name: text, host, port })
  })

  test.each([
    '',
    ':80',
    'a:0',
    'a:65536',
    'a:80:90',
    '-rf:80',
    'a-:80',
    '-w/etc/passwd',
    'a b:80',
    'a;reboot:80',
    '$(reboot):80',
    '`reboot`:80',
    "a'b:80",
    'a\nb:80',
    'a\u001b[2J:80',
    'port 22 or host a',
    '999.1.1.1:80',
    '1.2.3:80',
    '[10.0.0.9]:80',
    '[::1%eth0]:80',
    `${'a'.repeat(64)}.example:80`,
    'ü.example:80',
  ])('is not made of %j', (text) => {
    expect(parseCaptureTarget(text)).toBeNull()
  })

  test('never has a host with anything but letters, digits, dots, colons, dashes and underscores', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[-a.\d:[\]]+$/)), (text) => {
        const host = parseCaptureTarget(text)?.host ?? 'a'
        expect(host).toMatch(/^[\w.:][\w.:-]*$/)
      }),
    )
  })
})

describe('a filter', () => {
  const target = (port: number | null, ...addresses: readonly string[]) => ({ name: '', host: '', port, addresses })

  test.each([
    ['one address', [target(8080, '10.0.0.9')], null, 'tcp port 8080 and host 10.0.0.9'],
    ['an address twice', [target(8080, '10.0.0.9', '10.0.0.9')], null, 'tcp port 8080 and host 10.0.0.9'],
    ['two addresses', [target(80, '10.0.0.9', '::1')], null, 'tcp port 80 and (host 10.0.0.9 or host ::1)'],
    ['no port', [target(null, '10.0.0.9')], null, 'tcp and host 10.0.0.9'],
    [
      'two targets and clients',
      [target(80, '10.0.0.9'), target(81, '10.0.0.8')],
      8000,
      '(tcp port 80 and host 10.0.0.9) or (tcp port 81 and host 10.0.0.8) or (tcp port 8000)',
    ],
  ])('is made for %s', (_, targets, listenPort, filter) => {
    expect(captureFilter(targets, listenPort)).toBe(filter)
  })

  test.each(['t1.example', '10.0.0.9 or port 22', 'fe80::1%eth0', ''])('takes no %j for an address', (address) => {
    expect(() => captureFilter([target(80, address)], null)).toThrow('not an address')
  })
})
