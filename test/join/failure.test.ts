import { describe, expect, test } from '@jest/globals'
import { earlier, mergeFailures, withHalf } from '../../src/join/failure.js'
import type { Connection } from '../../src/records.js'
import { facts, failureOf, half } from '../support/failures.js'

const reuseOf = (reuses: number): Connection => ({
  idle_ms: 5_000,
  reuses,
  reuses_near: 0,
  reuses_same: 0,
  resets_near: 0,
})

describe('withHalf', () => {
  test('keeps one half for each role, in the order of roles', () => {
    const halves = [half('response_aborted'), half('request_error'), half('response_error'), half('response_error')]
    const joined = halves.reduce<ReturnType<typeof withHalf>>((all, each) => withHalf(all, each), [])
    expect(joined.map(({ role }) => role)).toEqual(['request_error', 'response_error', 'response_aborted'])
  })

  test('keeps the earlier of two halves of a role, in either order', () => {
    const [first, second] = [half('request_error', { at: 0 }), half('request_error', { at: 5 })]
    expect(withHalf([first], second)).toEqual([first])
    expect(withHalf([second], first)).toEqual([first])
  })

  test('leaves what it was given as it was', () => {
    const halves = [half('response_error')]
    withHalf(halves, half('request_error'))
    expect(halves).toEqual([half('response_error')])
  })
})

describe('earlier', () => {
  test('goes by time, then by place', () => {
    const at = (timeMs: number, offset: number) => half('client', { at: timeMs, position: { source: 'a', offset } })
    expect(earlier(at(1, 9), at(2, 0))).toEqual(at(1, 9))
    expect(earlier(at(1, 9), at(1, 3))).toEqual(at(1, 3))
    expect(earlier(at(1, 3), at(1, 9))).toEqual(at(1, 3))
  })

  test('takes of two sightings of one line the one that knows more, in either order', () => {
    const whole = half('client', { host: 'h', status: 502, errorMessage: 'x', errorCode: 'E' })
    const masked = { ...whole, host: null, errorMessage: null }
    expect(earlier(whole, masked)).toEqual(whole)
    expect(earlier(masked, whole)).toEqual(whole)
  })

  test.each([
    ['a connection that is known to one that is not', 'new' as const, null],
    ['one that saw more requests, whatever the number of digits', reuseOf(10), reuseOf(9)],
  ])('prefers %s, in either order', (_, more, less) => {
    const of = (connection: Connection) => half('request_error', { connection })
    expect(earlier(of(more), of(less)).connection).toEqual(more)
    expect(earlier(of(less), of(more)).connection).toEqual(more)
  })

  test('says the same in either order of two files', () => {
    const at = (source: string) => half('client', { position: { source, offset: 0 } })
    expect(earlier(at('a'), at('b'))).toEqual(earlier(at('b'), at('a')))
  })
})

describe('mergeFailures', () => {
  const target = failureOf({ target: [half('request_error')] })
  const client = failureOf({ client: half('client', { at: 1 }) })

  test('puts two halves together, in either order', () => {
    const whole = failureOf({ target: target.target, client: client.client })
    expect(mergeFailures(target, client)).toEqual(whole)
    expect(mergeFailures(client, target)).toEqual(whole)
  })

  test('changes nothing where a sighting comes twice', () => {
    const whole = mergeFailures(target, client)
    expect(mergeFailures(whole, target)).toEqual(whole)
    expect(mergeFailures(client, whole)).toEqual(whole)
  })

  test('fills in what only one sighting knows', () => {
    const less = failureOf({ request: facts({ clientIp: null, clientKey: null }), clientAbortedAfterMs: 40 })
    expect(mergeFailures(less, client)).toMatchObject({ request: facts(), clientAbortedAfterMs: 40 })
    expect(mergeFailures(client, less)).toMatchObject({ request: facts(), clientAbortedAfterMs: 40 })
  })

  test('says the same in either order where sightings differ', () => {
    const one = failureOf({ request: facts({ path: '/a', org: 'x' }), clientAbortedAfterMs: 5 })
    const other = failureOf({ request: facts({ path: '/b', org: 'y' }), clientAbortedAfterMs: 7 })
    expect(mergeFailures(one, other)).toEqual(mergeFailures(other, one))
  })
})
