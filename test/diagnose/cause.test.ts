import { describe, expect, test } from '@jest/globals'
import { diagnose } from '../../src/diagnose/cause.js'
import type { Cause, Failure } from '../../src/records.js'
import { failureOf, type HalfSketch, half } from '../support/failures.js'

const both = (target: HalfSketch, client: HalfSketch = {}): Failure =>
  failureOf({
    target: [half('request_error', target)],
    client: half('client', { at: 1, errorMessage: target.errorMessage, errorCode: target.errorCode, ...client }),
  })

const clientOnly = (client: HalfSketch): Failure => failureOf({ client: half('client', client) })
const error = (errorMessage: string, errorCode: string | null): HalfSketch => ({ errorMessage, errorCode })

const HANG_UP = error('socket hang up', 'ECONNRESET')
const TIMED_OUT = { ...error('Gateway timed out trying to reach target', null), status: 504 }

describe('what the two halves prove', () => {
  test.each<[string, Failure, Cause]>([
    ['a target timeout, whose target half says ECONNRESET', both(HANG_UP, TIMED_OUT), 'target_timeout'],
    ['a target timeout without target half', clientOnly(TIMED_OUT), 'target_timeout'],
    ['a read that timed out', both(error('read ETIMEDOUT', 'ETIMEDOUT')), 'target_timeout'],
    ['a refused connection', both(error('connect ECONNREFUSED 127.0.0.1:28024', 'ECONNREFUSED')), 'connect_refused'],
    ['a connect that timed out', both(error('connect ETIMEDOUT 192.0.2.7:28021', 'ETIMEDOUT')), 'connect_timeout'],
    [
      'an unreachable host',
      both(error('connect EHOSTUNREACH 192.0.2.7:28021 - Local (0.0.0.0:0)', 'EHOSTUNREACH')),
      'host_unreachable',
    ],
    ['an unreachable network', both(error('connect ENETUNREACH 192.0.2.7:1', 'ENETUNREACH')), 'host_unreachable'],
    ['a name that is not found', both(error('getaddrinfo ENOTFOUND no.example', 'ENOTFOUND')), 'dns_notfound'],
    ['a name server that does not answer', both(error('getaddrinfo EAI_AGAIN a.example', 'EAI_AGAIN')), 'dns_notfound'],
    [
      'a TLS handshake that was cut, which says ECONNRESET too',
      both(error('Client network socket disconnected before secure TLS connection was established', 'ECONNRESET')),
      'tls_aborted',
    ],
    ['a TLS protocol error', both(error('write EPROTO 1:error:SSL routines', 'EPROTO')), 'tls_aborted'],
    [
      'a self-signed certificate on node 14',
      both(error('self signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT')),
      'tls_certificate',
    ],
    [
      'a self-signed certificate on node 20',
      both(error('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT')),
      'tls_certificate',
    ],
    ['an expired certificate', both(error('certificate has expired', 'CERT_HAS_EXPIRED')), 'tls_certificate'],
    [
      'a certificate of another name',
      both(error("Hostname/IP does not match certificate's altnames", 'ERR_TLS_CERT_ALTNAME_INVALID')),
      'tls_certificate',
    ],
    [
      'an unknown issuer',
      both(error('unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')),
      'tls_certificate',
    ],
    ['an answer that is not HTTP', both(error('Parse Error: Expected HTTP/', 'HPE_INVALID_CONSTANT')), 'bad_response'],
    ['no matching proxy', clientOnly({ ...error('no match found', null), status: 404 }), 'rejected_by_gateway'],
    [
      'no matching proxy in 2021, which quotes the path',
      clientOnly({ ...error('no match found for /no-such-base/]x[/ff911c', null), status: 404 }),
      'rejected_by_gateway',
    ],
    [
      'a refusal of a plugin',
      clientOnly({ ...error('SpikeArrest engaged', null), status: 503 }),
      'rejected_by_gateway',
    ],
    ['a 499', clientOnly({ ...error('aborted', null), status: 499 }), 'client_abort'],
    [
      'a client that aborted its upload, told by the note before',
      { ...both(HANG_UP), clientAbortedAfterMs: 40 },
      'client_abort',
    ],
    [
      'a body cut by FIN: no client half',
      failureOf({
        target: [half('response_error', { status: 200, ...error('aborted', 'ECONNRESET') }), half('response_aborted')],
      }),
      'response_aborted',
    ],
    [
      'a body cut by RST: the client half says 502, the client saw 200',
      failureOf({
        target: [
          half('request_error', error('read ECONNRESET', 'ECONNRESET')),
          half('response_error', error('aborted', 'ECONNRESET')),
          half('response_aborted', { errorMessage: null, errorCode: null }),
        ],
        client: half('client', error('read ECONNRESET', 'ECONNRESET')),
      }),
      'response_aborted',
    ],
  ])('%s', (_, failure, cause) => {
    const verdict = diagnose(failure)
    expect(verdict.cause).toBe(cause)
    expect(verdict.confidence).toBeGreaterThan(0)
    expect(verdict.confidence).toBeLessThanOrEqual(1)
  })
})

describe('a connection that was opened for the request', () => {
  const onNew = (error: HalfSketch): Failure => both({ ...error, connection: 'new' })

  test.each([
    ['was closed too early', HANG_UP],
    ['was reset too early', error('read ECONNRESET', 'ECONNRESET')],
    ['was reset during an upload', error('write EPIPE', 'EPIPE')],
  ])('%s', (_, of) => {
    expect(diagnose(onNew(of))).toMatchObject({ cause: 'premature_close', confidence: 0.99 })
  })

  test('proves nothing where the halves tell more', () => {
    expect(diagnose(onNew(error('connect ECONNREFUSED 127.0.0.1:28024', 'ECONNREFUSED'))).cause).toBe('connect_refused')
    expect(diagnose({ ...onNew(HANG_UP), clientAbortedAfterMs: 40 }).cause).toBe('client_abort')
    expect(diagnose(onNew(error('something new', 'EWHATEVER'))).cause).toBe('undetermined')
  })
})

describe('what they do not prove stays undetermined', () => {
  test.each<[string, Failure]>([
    ['a race or a premature FIN', both(HANG_UP)],
    ['a race of a slow write', both(error('write EPIPE', 'EPIPE'))],
    ['a race with unread data or a premature RST', both(error('read ECONNRESET', 'ECONNRESET'))],
    ['a close during an upload', both(error('write ECONNRESET', 'ECONNRESET'))],
    ['a client half alone, as 2021 writes it at level error', clientOnly(HANG_UP)],
    ['a client half alone with EPIPE', clientOnly(error('write EPIPE', 'EPIPE'))],
    ['a target half alone', failureOf({ target: [half('request_error', HANG_UP)] })],
    [
      'a reset of a connection that was reused',
      both({
        ...HANG_UP,
        connection: { idle_ms: 5_010, reuses: 400, reuses_near: 3, reuses_same: 1, resets_near: 2 },
      }),
    ],
    ['an unknown code', both(error('something new', 'EWHATEVER'))],
    ['a 502 without code', clientOnly(error('bad gateway', null))],
    ['a reset with another status and no target half', clientOnly({ ...HANG_UP, status: 500 })],
  ])('%s', (_, failure) => {
    expect(diagnose(failure)).toMatchObject({ cause: 'undetermined', confidence: 0 })
  })
})

describe('evidence', () => {
  const nothingOfConnection = {
    idle_ms: null,
    reused: null,
    reuses: null,
    reuses_near: null,
    reuses_same: null,
    resets_near: null,
  }

  test('gives the times that the halves tell', () => {
    const failure = failureOf({
      target: [half('request_error', { at: 100, elapsedMs: 395 })],
      client: half('client', { at: 105 }),
      clientAbortedAfterMs: 40,
    })
    expect(diagnose(failure).evidence).toEqual({
      elapsed_ms: 395,
      ...nothingOfConnection,
      halves_gap_ms: 5,
      client_aborted_after_ms: 40,
    })
  })

  test('is null where a half is missing', () => {
    expect(diagnose(clientOnly(HANG_UP)).evidence).toEqual({
      elapsed_ms: null,
      ...nothingOfConnection,
      halves_gap_ms: null,
      client_aborted_after_ms: null,
    })
  })

  test('gives what was seen of a connection that was reused', () => {
    const connection = { idle_ms: 5_010, reuses: 400, reuses_near: 3, reuses_same: 1, resets_near: 2 }
    expect(diagnose(both({ ...HANG_UP, connection })).evidence).toMatchObject({ reused: 1, ...connection })
  })

  test('says of a new connection that it was not reused', () => {
    expect(diagnose(both({ ...HANG_UP, connection: 'new' })).evidence).toMatchObject({
      ...nothingOfConnection,
      reused: 0,
    })
  })

  test('changes no verdict: the same failure has the same cause', () => {
    expect(diagnose(both(HANG_UP))).toEqual(diagnose(both(HANG_UP)))
  })
})

test.each(['constructor', 'hasOwnProperty', '__proto__'])('leaves open what the unknown code %s means', (code) => {
  expect(diagnose(both(error('socket hang up', code)))).toMatchObject({ cause: 'undetermined', confidence: 0 })
})
