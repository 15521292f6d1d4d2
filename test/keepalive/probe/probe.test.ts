import http from 'node:http'
import type net from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type ProbeInput, probe } from '../../../src/keepalive/probe/probe.js'
import { answer, type ProbedTarget, startTarget } from '../../support/probed/target.js'

const IDLE_MS = 100

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function target(onRequest: (socket: net.Socket, request: string) => void): Promise<ProbedTarget> {
  const started = await startTarget(onRequest)
  cleanups.push(() => started.close())
  return started
}

function input(port: number, given: Partial<ProbeInput> = {}): ProbeInput {
  return {
    target: { host: '127.0.0.1', port, tls: null, serverName: null },
    request: { method: 'GET', path: '/', userAgent: 'test' },
    times: 1,
    atOnce: 1,
    maxWaitMs: 30_000,
    connectTimeoutMs: 20_000,
    answerTimeoutMs: 20_000,
    signal: new AbortController().signal,
    nowMs: () => performance.now(),
    ...given,
  }
}

describe('a target that closes idle connections', () => {
  test('is measured from the end of its answer, not from its beginning', async () => {
    let nowMs = 0
    let close = (): void => {}
    const slowly = await target((socket) => {
      close = () => socket.end()
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n')
      nowMs += 600
      setImmediate(() => socket.write('0\r\n\r\n'))
    })
    const onIdle = (measured: readonly unknown[]): void => {
      if (measured.length > 0) return
      nowMs += 250
      close()
    }
    const { samples, failure } = await probe(input(slowly.port, { nowMs: () => nowMs, onIdle }))
    expect(failure).toBeNull()
    expect(samples).toEqual([{ outcome: 'closed', closedBy: 'fin', status: 200, header: null, idleMs: 250 }])
  })

  test('by a reset is told apart', async () => {
    const rude = await target((socket) => {
      socket.write(answer())
      setTimeout(() => socket.resetAndDestroy(), IDLE_MS)
    })
    expect((await probe(input(rude.port))).samples).toMatchObject([{ outcome: 'closed', closedBy: 'rst' }])
  })

  test('with a last word (408) is closed when it says it', async () => {
    const polite = await target((socket) => {
      socket.write(answer())
      setTimeout(() => socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'), IDLE_MS)
    })
    expect((await probe(input(polite.port))).samples).toMatchObject([{ outcome: 'closed', status: 200 }])
  })

  test('like the server of Node announces its time', async () => {
    const server = http.createServer((_, response) => response.end('ok'))
    server.keepAliveTimeout = 1_000
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => server.close())
    const { port } = server.address() as AddressInfo
    const { samples } = await probe(input(port, { request: { method: 'HEAD', path: '/', userAgent: 'test' } }))
    expect(samples).toMatchObject([{ outcome: 'closed', header: { timeoutMs: 1_000, maxRequests: null } }])
    expect(samples[0].idleMs).toBeGreaterThan(0)
  })
})

describe('what it does to a target', () => {
  test('is one request on each of as many connections as it was told, one after the other', async () => {
    const seen = await target((socket) => {
      socket.write(answer())
      setTimeout(() => socket.end(), 20)
    })
    const { samples } = await probe(input(seen.port, { times: 4 }))
    expect(samples).toHaveLength(4)
    expect(seen.requests).toHaveLength(4)
    expect(seen.open().most).toBe(1)
    expect(seen.requests[0]).toBe(
      `GET / HTTP/1.1\r\nHost: ${seen.name}\r\nUser-Agent: test\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n`,
    )
  })

  test('is as many connections at once as it was told, and no more', async () => {
    const waiting: net.Socket[] = []
    const seen = await target((socket) => {
      socket.write(answer())
      waiting.push(socket)
      if (waiting.length === 3) for (const each of waiting) each.end()
    })
    expect((await probe(input(seen.port, { times: 3, atOnce: 5 }))).samples).toHaveLength(3)
    expect(seen.open().most).toBe(3)
  })

  test('ends with the first connection that is not closed within the wait', async () => {
    const patient = await target((socket) => socket.write(answer()))
    const { samples } = await probe(input(patient.port, { times: 3, maxWaitMs: 100 }))
    expect(samples).toMatchObject([{ outcome: 'open', closedBy: null }])
    expect(patient.requests).toHaveLength(1)
  })

  test('ends with the first answer that ends its connection', async () => {
    const ending = await target((socket) => socket.end(answer(['Connection: close'])))
    const { samples } = await probe(input(ending.port, { times: 3 }))
    expect(samples).toMatchObject([{ outcome: 'not_kept', idleMs: null, closedBy: null }])
    expect(ending.requests).toHaveLength(1)
  })

  test('stops at once when it is told to, and leaves no connection', async () => {
    const patient = await target((socket) => socket.write(answer()))
    const abort = new AbortController()
    const probing = probe(input(patient.port, { signal: abort.signal, onIdle: () => abort.abort() }))
    await expect(probing).rejects.toMatchObject({ name: 'AbortError' })
    while (patient.open().now > 0) await new Promise((resolve) => setImmediate(resolve))
  })
})

describe('a target that cannot be measured', () => {
  const failing = (
    onRequest: (socket: net.Socket) => void,
    given: Partial<ProbeInput> = {},
  ): Promise<{ readonly message: string; readonly hint: string }> =>
    target(onRequest)
      .then(({ port }) => probe(input(port, given)))
      .then(
        () => {
          throw new Error('it was measured')
        },
        (error: { readonly message: string; readonly hint: string }) => error,
      )

  test.each<[string, (socket: net.Socket) => void, RegExp, Partial<ProbeInput>]>([
    [
      'closes before it answers',
      (socket) => socket.end(),
      /^the target closed the connection before it answered: /,
      {},
    ],
    [
      'resets before it answers',
      (socket) => socket.resetAndDestroy(),
      /^the target reset the connection before it/,
      {},
    ],
    [
      'closes in mid-answer',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'),
      /in the middle of/,
      {},
    ],
    ['does not speak HTTP', (socket) => socket.write('220 mail\r\n'), /^the answer is not HTTP\/1\.1 \(/, {}],
    ['answers HEAD with a body', (socket) => socket.write(answer()), /there is more behind its end/, head()],
    ['does not answer', () => {}, /^no whole answer within 0\.2 s: /, { answerTimeoutMs: 200 }],
  ])('since it %s is named with the reason', async (_, onRequest, message, given) => {
    const error = await failing(onRequest, given)
    expect(error).toMatchObject({ name: 'PermanentError', code: 'target_unusable' })
    expect(error.message).toMatch(message)
    expect(error.message).toMatch(/: 127\.0\.0\.1:\d+$/)
    expect(error.hint).not.toBe('')
  })

  test('since nothing listens is told so', async () => {
    const gone = await target(() => {})
    await gone.close()
    await expect(probe(input(gone.port))).rejects.toMatchObject({
      code: 'target_unreachable',
      message: `connection refused: ${gone.name}`,
    })
  })

  test('since nobody answers is given up', async () => {
    await expect(
      probe({ ...input(9), target: { host: '192.0.2.1', port: 9, tls: null, serverName: null }, connectTimeoutMs: 50 }),
    ).rejects.toMatchObject({ code: 'target_unreachable' })
  })

  test('since no TLS handshake comes is given up', async () => {
    const silent = await target(() => {})
    const secure = { host: '127.0.0.1', port: silent.port, tls: { verifies: true }, serverName: null }
    await expect(probe({ ...input(silent.port), target: secure, connectTimeoutMs: 200 })).rejects.toMatchObject({
      code: 'target_unusable',
      message: `no TLS handshake within 0.2 s: ${silent.name}`,
    })
  })

  test('any longer keeps what was measured before', async () => {
    let requests = 0
    const breaking = await target((socket) => {
      requests++
      if (requests === 2) socket.resetAndDestroy()
      else socket.end(answer())
    })
    const { samples, failure } = await probe(input(breaking.port, { times: 3 }))
    expect(samples).toHaveLength(1)
    expect(failure).toMatchObject({ code: 'target_unusable' })
  })
})

function head(): Partial<ProbeInput> {
  return { request: { method: 'HEAD', path: '/', userAgent: 'test' } }
}
