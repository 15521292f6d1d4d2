import { describe, expect, test } from '@jest/globals'
import { type ConfiguredProxy, ProxyFinder } from '../../src/enrich/proxy.js'
import { utf8 } from '../support/lines.js'

/** The base path that is found in a url field, which stands amid other bytes. */
function basePathOf(url: string, configured: readonly ConfiguredProxy[] = []): string {
  const finder = new ProxyFinder(configured)
  const before = utf8('][')
  const bytes = utf8(`][${url}][/x/y`)
  const end = before.length + utf8(url).length
  const from = finder.startOfBasePath(bytes, before.length, end)
  const to = finder.endOfBasePath(bytes, before.length, end)
  return new TextDecoder().decode(bytes.subarray(from, to))
}

const proxy = (basePath: string, target = '10.0.0.9:8080'): ConfiguredProxy => ({ name: basePath, basePath, target })

describe('a guessed base path', () => {
  test.each([
    ['the first segment', 'emg_badtarget/flakey/hangup', 'emg_badtarget'],
    ['one segment alone', 'orders', 'orders'],
    ['a segment with a query', 'orders?a=/b/c', 'orders'],
    ['a segment with a fragment', 'orders#frag/x', 'orders'],
    ['behind a version', 'v2/orders/94976/detail', 'v2/orders'],
    ['behind a version with a dot', 'v2.1/orders/94976', 'v2.1/orders'],
    ['behind an interface', 'api/orders/17', 'api/orders'],
    ['behind an interface and a version', 'rest/v1/orders/17', 'rest/v1/orders'],
    ['a version alone', 'v2', 'v2'],
    ['a version and a query', 'v2?x=1', 'v2'],
    ['a word that begins like a version', 'vendors/17', 'vendors'],
    ['behind empty segments', '//orders/17', '//orders'],
    ['no more segments than it looks at', 'api/rest/v1/v2/orders/17', 'api/rest/v1/v2'],
    ['no url', '', ''],
    ['a query alone', '?a=b', ''],
    ['an asterisk', '*', '*'],
    ['in upper case', 'API/orders', 'API'],
    ['with bytes above 0x7f', 'café/x', 'café'],
    ['with brackets', 'a][b/x', 'a][b'],
  ])('is %s', (_, url, expected) => {
    expect(basePathOf(url)).toBe(expected)
  })

  test.each([
    ['a url that lost its first slash', 'http:/api.acme.example:8000/v1/orders/17', 'v1/orders'],
    ['a url with both slashes', 'https://api.acme.example/orders/17', 'orders'],
    ['upper case', 'HTTP:/api.acme.example/orders/17', 'orders'],
    ['userinfo', 'http:/user:pass@api.acme.example/orders', 'orders'],
    ['no path', 'http:/api.acme.example', ''],
    ['a query and no path', 'http:/api.acme.example?a=/b', ''],
    ['a proxy whose name begins with http', 'https-proxy/x', 'https-proxy'],
    ['a proxy named http', 'http/x', 'http'],
  ])('stands behind scheme and host of an absolute url: %s', (_, url, expected) => {
    expect(basePathOf(url)).toBe(expected)
  })
})

describe('a configured base path', () => {
  const configured = [proxy('/v2'), proxy('/v2/orders'), proxy('/v2/*/items'), proxy('/edge/')]

  test.each([
    ['the longest that fits', 'v2/orders/17', 'v2/orders'],
    ['a shorter one where the longer does not fit', 'v2/other/17', 'v2'],
    ['whole segments only', 'v2/orders-old/17', 'v2'],
    ['before a query', 'v2/orders?x=1', 'v2/orders'],
    ['with any segment at a wildcard', 'v2/17/items/4', 'v2/17/items'],
    ['without the slash at its end', 'edge/x', 'edge'],
    ['in an absolute url', 'http:/api.acme.example/v2/orders/17', 'v2/orders'],
    ['a guess where none fits', 'api/users/17', 'api/users'],
  ])('is found: %s', (_, url, expected) => {
    expect(basePathOf(url, configured)).toBe(expected)
  })

  test('names its proxy', () => {
    const finder = new ProxyFinder(configured)
    expect(finder.configured('v2/orders')?.basePath).toBe('/v2/orders')
    expect(finder.configured('v2/17/items')?.basePath).toBe('/v2/*/items')
    expect(finder.configured('edge')?.basePath).toBe('/edge/')
    expect(finder.configured('api/users')).toBeNull()
    expect(finder.configured('v2/orders/17')).toBeNull()
  })

  test('is the longest in characters, as the gateway chooses, not in segments', () => {
    expect(basePathOf('orders/17/x', [proxy('/*/*/x'), proxy('/orders')])).toBe('orders')
  })

  test('is the exact one before a wildcard', () => {
    const finder = new ProxyFinder([proxy('/v2/*', 'wild:1'), proxy('/v2/orders', 'exact:1')])
    expect(finder.configured('v2/orders')?.target).toBe('exact:1')
    expect(finder.configured('v2/users')?.target).toBe('wild:1')
  })
})
