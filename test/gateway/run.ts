import { setTimeout as wait } from 'node:timers/promises'
import { type Answer, type CORES, type Gateway, startGateway } from './gateway.js'
import { type Act, type Seen, startTarget, type Target } from './target.js'

/**
 * What may be said of the hard pair. It takes an estimate of the target's idle timeout to tell them apart, and where the evidence for one is not
 * enough both stay undetermined; neither is ever taken for the other.
 */
const RACE: readonly string[] = ['keepalive_race', 'undetermined']
const PREMATURE_CLOSE: readonly string[] = ['premature_close', 'undetermined']

const IDLE_TIMEOUT_MS = 300
export const REPEATS = 5

/** What the requests of one kind come to, where their connection was not given up. */
export interface Kind {
  readonly basePath: string
  readonly act?: Act
  /** That the client sees. */
  readonly status: number | null
  readonly causes: readonly string[]
  readonly halves: 'both' | 'client'
  /** What may be said of them where the log has no info lines; absent: the same. */
  readonly causesWithoutInfo?: readonly string[]
  /** Absent: in all. 3.1.x writes nothing of a client that goes away in the middle of its upload. */
  readonly onlyIn?: keyof typeof CORES
}

export const KINDS: Readonly<Record<string, Kind>> = {
  close: { basePath: '/v1/orders', act: 'close', status: 502, causes: PREMATURE_CLOSE, halves: 'both' },
  reset: { basePath: '/v1/orders', act: 'reset', status: 502, causes: PREMATURE_CLOSE, halves: 'both' },
  babble: { basePath: '/v1/orders', act: 'babble', status: 502, causes: ['bad_response'], halves: 'both' },
  cut: { basePath: '/v1/cut', act: 'cut', status: 200, causes: ['response_aborted'], halves: 'both' },
  hang: { basePath: '/v1/slow', act: 'hang', status: 504, causes: ['target_timeout'], halves: 'both' },
  refused: { basePath: '/v1/gone', status: 502, causes: ['connect_refused'], halves: 'both' },
  lost: { basePath: '/nowhere', status: 404, causes: ['rejected_by_gateway'], halves: 'client' },
  abort: {
    basePath: '/v1/upload',
    act: 'hang',
    status: null,
    causes: ['client_abort'],
    // The note of it (499) is an info line.
    causesWithoutInfo: ['client_abort', 'undetermined'],
    halves: 'both',
    onlyIn: '3.3.7',
  },
}

export const RACE_KIND: Kind = { basePath: '/v1/idle', act: 'answer', status: 502, causes: RACE, halves: 'both' }

interface Sent {
  readonly path: string
  readonly answer: Answer
}

/** `/backend/close-3` and `/v1/orders/close-3` → `close-3`. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Logs that are read: of which version, with which lines. */
export interface LogKind {
  readonly version: keyof typeof CORES
  readonly level: 'info' | 'error'
}

/** A gateway before a target that misbehaves, and what each request came to. */
export class Run {
  readonly sent: Sent[] = []
  target!: Target
  gateway!: Gateway
  /** Where nothing listens. */
  goneTarget = ''

  constructor(private readonly log: LogKind) {}

  async start(): Promise<void> {
    this.target = await startTarget({ idleTimeoutMs: IDLE_TIMEOUT_MS })
    const gone = await startTarget({ idleTimeoutMs: 1 })
    await gone.close()
    this.goneTarget = gone.name
    const url = `http://${this.target.name}/backend`
    this.gateway = await startGateway({
      version: this.log.version,
      level: this.log.level,
      workers: 2,
      apis: [
        { basePath: '/v1/orders', url },
        { basePath: '/v1/idle', url },
        { basePath: '/v1/cut', url },
        { basePath: '/v1/upload', url },
        { basePath: '/v1/slow', url, timeoutMs: 400 },
        { basePath: '/v1/gone', url: `http://${gone.name}` },
      ],
    })
  }

  async sendAll(): Promise<void> {
    const kinds = this.kinds().filter((kind) => kind !== 'abort')
    for (let turn = 0; turn < REPEATS; turn++) {
      await Promise.all([...kinds.map((kind) => this.#send(kind, KINDS[kind])), this.#send('answer', RACE_KIND)])
    }
    if (this.kinds().includes('abort')) {
      for (let turn = 0; turn < REPEATS; turn++) await this.#abort(`abort-${turn}`)
    }
    // A worker's connection is used by every other request: gaps that keep it, and gaps that do not.
    for (const gapMs of [40, 40, 60, 60, 170, 170, 310, 310, 310, 310, 330, 330, 400, 400]) {
      await this.#send('idle', RACE_KIND)
      await wait(gapMs)
    }
  }

  async stop(): Promise<void> {
    await this.gateway.stop()
    await this.target.close()
  }

  /** Those that this version writes of. */
  kinds(): readonly string[] {
    return Object.keys(KINDS).filter((kind) => [undefined, this.log.version].includes(KINDS[kind].onlyIn))
  }

  requests(kind: string): readonly Sent[] {
    return this.sent.filter(({ path }) => nameOf(path).startsWith(`${kind}-`))
  }

  races(): readonly Seen[] {
    return this.target.seen.filter(({ wasGivenUp }) => wasGivenUp)
  }

  /** Paths of the requests that failed, as target and clients know it. */
  failing(): readonly string[] {
    return this.sent.map(({ path }) => path).filter((path) => this.kindOf(path) !== null)
  }

  /** What a request must have come to; null where it was answered. */
  kindOf(path: string): Kind | null {
    if (path.startsWith('/nowhere/')) return KINDS.lost
    if (this.races().some((each) => nameOf(each.path) === nameOf(path))) return RACE_KIND
    return KINDS[nameOf(path).split('-')[0]] ?? null
  }

  /** What may be said of the requests of a kind. */
  causesOf({ causes, causesWithoutInfo = causes }: Kind): readonly string[] {
    return this.log.level === 'info' ? causes : causesWithoutInfo
  }

  targetOf(basePath: string): string | null {
    return basePath === '/nowhere' ? null : basePath === '/v1/gone' ? this.goneTarget : this.target.name
  }

  async #send(kind: string, { basePath, act }: Kind): Promise<void> {
    const path = `${basePath}/${kind}-${this.requests(kind).length}`
    const answer = await this.gateway.request(path, {
      ...(act === undefined ? {} : { headers: { 'x-act': act } }),
      ...(act === 'cut' ? { onBody: () => this.target.cut(`/backend/${nameOf(path)}`) } : {}),
    })
    this.sent.push({ path, answer })
  }

  /** Goes away when the target has read the head of the upload. */
  async #abort(name: string): Promise<void> {
    const path = `${KINDS.abort.basePath}/${name}`
    const arrived = (): Promise<void> =>
      until(`${name} is at the target`, () => this.target.seen.some((each) => nameOf(each.path) === name))
    const answer = await this.gateway.request(path, { headers: { 'x-act': 'hang' }, abortUploadWhen: arrived })
    this.sent.push({ path, answer })
    await until(`${name} is logged`, () => this.#isLogged(name))
  }

  /** Whether the gateway has written the client half of a request, its last word on it. */
  #isLogged(name: string): boolean {
    return this.gateway
      .log()
      .split('\n')
      .some((line) => line.includes(`/${name}]`) && line.includes('[microgateway-core]'))
  }
}

/** Looks every few milliseconds; rejects where it does not come true. */
async function until(what: string, isTrue: () => boolean): Promise<void> {
  const endMs = performance.now() + 30_000
  while (!isTrue()) {
    if (performance.now() > endMs) throw new Error(`it never came to this: ${what}`)
    await wait(5)
  }
}
