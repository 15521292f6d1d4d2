import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { TransientError } from '../../../src/errors.js'
import { type OpenOptions, openElasticsearchSink } from '../../../src/sinks/elasticsearch/open.js'
import { clusterUrl, eventually, removeAll, uniquePrefix } from '../../support/elasticsearch/cluster.js'
import { counts, expectStored, failures, halves, UnderWay } from './faults.js'
import { sinkOptions, withSink } from './sink-options.js'

/** Between a sink and the server of the tests. */
let line: Line
let prefix: string
let stop: AbortController
let retries: TransientError[]

beforeEach(async () => {
  line = await Line.to(clusterUrl())
  prefix = uniquePrefix('silent')
  stop = new AbortController()
  retries = []
})

afterEach(async () => {
  line.close()
  await removeAll(prefix)
})

const options = (timeoutMs: number): OpenOptions =>
  sinkOptions(prefix, {
    node: line.url,
    timeoutMs,
    patient: true,
    retry: {
      pause: (milliseconds, signal) => sleep(Math.min(milliseconds, 100), undefined, { signal }).catch(() => undefined),
      random: () => 1,
      signal: stop.signal,
      onRetry: (error) => retries.push(error),
    },
  })

const SILENCES = [
  ['takes no request', 'deaf'],
  ['carries requests out and gives no answer', 'mute'],
] as const

describe('a server that accepts connections and', () => {
  test.each(SILENCES)('%s is given up after the timeout and tried again, until it answers', async (_, silence) => {
    const [target, client] = [0, 1].map((which) =>
      failures(50).map(({ id, document }) => {
        const { target, client } = halves(id, Date.parse(document['@timestamp']))
        return which === 0 ? target : client
      }),
    )
    const written = [...failures(50), ...counts(5)]
    await withSink(options(500), async (sink) => {
      await sink.write([...target, ...counts(2)])
      line.state = silence
      const late = new UnderWay(sink.write([...client, ...counts(5)]))
      await late.waitsThrough(retries, 4)
      line.state = 'open'
      await late.promise
    })
    expect(retries[0].message).toMatch(/no answer from Elasticsearch in time/)
    await expectStored(prefix, written)
  })

  test('never answers is waited for at the start, too', async () => {
    line.state = 'deaf'
    const opening = openElasticsearchSink(options(300))
    const started = new UnderWay(opening.then(() => {}))
    await started.waitsThrough(retries)
    line.state = 'open'
    const sink = await opening
    await sink.write(failures(1))
    await sink.close()
    await expectStored(prefix, failures(1))
  })

  test('never answers at the start does not hold up a stop either', async () => {
    line.state = 'deaf'
    const opening = openElasticsearchSink(options(300))
    const ended = expect(opening).rejects.toMatchObject({ code: 'store_unreachable' })
    await eventually('it was tried again', async () => retries.length > 1)
    stop.abort()
    await ended
  })

  test('never answers does not hold up a stop for as long as a request may take', async () => {
    const sink = await openElasticsearchSink(options(600_000))
    await sink.write(failures(10))
    line.state = 'deaf'
    const late = sink.write(failures(100))
    const settled = sink.settle({ now: true })
    await line.heard()
    stop.abort()
    const error = { code: 'store_unreachable', message: expect.stringMatching(/stopped before Elasticsearch answered/) }
    await expect(late).rejects.toMatchObject(error)
    await expect(settled).rejects.toMatchObject({ code: 'store_unreachable' })
    await sink.close()
    await expectStored(prefix, failures(10))
  }, 120_000)

  test('never answers is not waited for where the sink is closed', async () => {
    const sink = await openElasticsearchSink(options(600_000))
    line.state = 'deaf'
    const late = sink.write(failures(10))
    const ended = expect(late).rejects.toMatchObject({ code: 'store_unreachable' })
    await line.heard()
    await sink.close()
    await ended
  }, 60_000)
})

/** Passes on what comes, or keeps it: `deaf` what a client says, `mute` what the server answers. */
class Line {
  state: 'open' | 'deaf' | 'mute' = 'open'
  readonly #sockets = new Set<net.Socket>()
  readonly #server: net.Server
  #heard = () => {}

  private constructor(server: string) {
    const { hostname, port } = new URL(server)
    this.#server = net.createServer((client) => {
      const upstream = net.connect(Number(port), hostname)
      client.on('data', (data) => {
        if (this.state === 'deaf') this.#heard()
        else upstream.write(data)
      })
      upstream.on('data', (data) => {
        if (this.state !== 'mute') client.write(data)
      })
      this.#join(client, upstream)
      this.#join(upstream, client)
    })
  }

  static async to(server: string): Promise<Line> {
    const line = new Line(server)
    line.#server.listen(0, '127.0.0.1')
    await once(line.#server, 'listening')
    return line
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`
  }

  /** Resolves when something was said that is kept. */
  heard(): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = resolve
    })
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(socket: net.Socket, other: net.Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      other.destroy()
    })
  }
}
