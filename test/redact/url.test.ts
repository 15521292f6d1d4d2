import { describe, expect, test } from '@jest/globals'
import { redactBasePath, redactUrl, redactUrlField } from '../../src/redact/url.js'
import { takesLinearTime } from '../support/linear.js'

const SECRET = 'sEcReT0123456789'

describe('redactUrl', () => {
  test.each([
    ['a path', 'v1/orders', '/v1/orders', null],
    ['a query', 'v1/orders?a=1&b=2', '/v1/orders', null],
    ['no path', '', '/', null],
    ['a query alone', '?a=1', '/', null],
    ['two slashes at its start', '/v1/orders', '/v1/orders', null],
    ['a fragment', 'v1/orders#frag', '/v1/orders', null],
    ['a fragment with a token', `v1/orders#access_token=${SECRET}`, '/v1/orders', null],
    ['a fragment with a colon', `v1/orders#access_token:${SECRET}`, '/v1/orders', null],
    ['a question mark in a fragment', `v1/orders#a?b=${SECRET}`, '/v1/orders', null],
    ['an absolute url, which loses its first slash', 'http:/api.acme.example:8000/v1/orders?a=1', '/v1/orders', null],
    ['an absolute url with both', 'https://api.acme.example/v1', '/v1', null],
    ['userinfo', `http:/user:${SECRET}@api.acme.example/v1`, '/v1', null],
    ['an absolute url without path', 'http:/api.acme.example', '/', null],
    ['brackets', 'v1/a][b]', '/v1/a][b]', null],
    ['an asterisk', '*', '/*', null],
  ])('gives path and no query for %s', (_, url, path, query) => {
    expect(redactUrl(url, 'drop', null)).toEqual({ path, query })
  })

  test('says nothing of an empty url', () => {
    expect(redactUrl(null, 'drop', null)).toEqual({ path: null, query: null })
  })

  test.each([
    ['names stay', 'a?x=1&y=2', 'x=***&y=***'],
    ['a value with equal signs', 'a?x=1=2', 'x=***'],
    ['a value without name', `a?${SECRET}`, '***'],
    ['empty pieces', 'a?x=1&&', 'x=***&&'],
    ['an empty query', 'a?', ''],
    ['a fragment', `a?x=1#access_token:${SECRET}=1`, 'x=***'],
    ['a second question mark', `a?x=1?${SECRET}`, 'x=***'],
  ])('masks values where the query is to be masked: %s', (_, url, query) => {
    expect(redactUrl(url, 'mask', null).query).toBe(query)
  })

  test('shows the query where that is switched on', () => {
    expect(redactUrl(`a?x=${SECRET}`, 'show', null).query).toBe(`x=${SECRET}`)
  })

  test.each([
    ['the own key in a segment', `v1/${SECRET}/x`],
    ['a token in a segment', `v1/eyJhbGciOiJIUzI1NiJ9.${SECRET}.x`],
    ['an encoded query', `v1/x%3Fid%3D${SECRET}`],
    ['an encoded query in small letters', `v1/x%3fid=${SECRET}`],
    ['an encoded fragment', `v1/x%23id%3D${SECRET}`],
    ['a second encoded query', `v1/x%3F%3Fid%3D${SECRET}`],
    ['a matrix parameter', `v1/x;token=${SECRET}`],
  ])('masks %s of the path', (what, url) => {
    const ownKey = what.startsWith('the own key') ? SECRET : null
    expect(redactUrl(url, 'drop', ownKey).path).not.toContain(SECRET)
  })
})

describe('redactUrlField', () => {
  test.each([
    ['a plain url', 'v1/orders', 'v1/orders'],
    ['a query', 'v1/orders?a=1', 'v1/orders'],
    ['userinfo', `http:/user:${SECRET}@host/v1`, 'http:/***@host/v1'],
    ['a fragment with a token', `v1#access_token=${SECRET}`, 'v1'],
    ['a fragment with a colon', `v1/pay#access_token:${SECRET}`, 'v1/pay'],
    ['an anchor', 'v1#top', 'v1#top'],
    ['a fragment that is no anchor', `v1#${'x'.repeat(17)}`, 'v1'],
    ['an encoded question mark', 'v1/what%3F/x', 'v1/what%3F/x'],
    ['a mail address', 'v1/users/me@acme.example', 'v1/users/me@acme.example'],
    ['the own key', `v1/${SECRET}/x`, 'v1/***/x'],
  ])('keeps the form of the field for %s', (_, url, expected) => {
    expect(redactUrlField(url, 'drop', SECRET)).toBe(expected)
  })

  test('masks values of a query', () => {
    expect(redactUrlField(`v1?a=${SECRET}&b`, 'mask', null)).toBe('v1?a=***&***')
  })

  test.each(['%3f', '%3F', '%3', '%', '%23', '%3d', '#', '?', '=', '@', '/', 'a:/', 'http:/', 'a', 'eyJ', '&', ':'])(
    'takes linear time over many %s',
    (piece) => {
      for (const mode of ['drop', 'mask'] as const) {
        const linear = takesLinearTime((length) => {
          const url = `v1/${piece.repeat(length / piece.length)}`
          return () => {
            redactUrlField(url, mode, SECRET)
            redactUrl(url, mode, SECRET)
            redactBasePath(url, SECRET)
          }
        })
        expect(linear).toBe(true)
      }
    },
  )
})

describe('redactBasePath', () => {
  test.each([
    ['a base path', 'v2/orders', 'v2/orders'],
    ['an encoded query', `orders%3Fapi%3D${SECRET}`, 'orders'],
    ['an encoded query without pairs', `orders%3f${SECRET}`, 'orders'],
    ['an encoded query alone', `%3F${SECRET}`, null],
    ['a matrix parameter', `orders;token=${SECRET}`, 'orders;token=***'],
    ['the own key', `orders-${SECRET}`, 'orders-***'],
  ])('tells of %s what the url tells', (_, path, expected) => {
    expect(redactBasePath(path, SECRET)).toBe(expected)
  })
})
