import { createInterface } from 'node:readline/promises'
import { splitAddress } from '../../config/option-types.js'
import { DURATION_EXAMPLES, formatDuration, parseDuration } from '../../config/units.js'
import { nameOf } from '../../keepalive/probe/failure.js'
import type { Sample } from '../../keepalive/probe/measure.js'
import { MAX_AT_ONCE, MAX_CONNECTIONS, type ProbeInput, probe } from '../../keepalive/probe/probe.js'
import type { Context } from '../context.js'
import { tellProblem } from '../errors.js'
import type { KeepaliveProbeOptions } from '../options.js'
import { probeJson, renderProbe } from '../render/keepalive-probe.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'

type Settings = Pick<ProbeInput, 'target' | 'request' | 'times' | 'atOnce' | 'maxWaitMs'>

/** `hangup keepalive probe HOST:PORT`. */
export async function run(args: readonly string[], options: KeepaliveProbeOptions, context: Context): Promise<number> {
  const settings = readSettings(args, options, context)
  if (!(await mayTouch(settings, options, context))) {
    context.terminal.tell('nothing was sent')
    return 1
  }
  const wait = new Wait(settings.maxWaitMs)
  const bar = context.terminal.startProgress(() => wait.measure())
  const { samples, failure } = await probe({
    ...settings,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    answerTimeoutMs: ANSWER_TIMEOUT_MS,
    signal: context.signal,
    nowMs: () => performance.now(),
    onIdle: (measured) => wait.begin(measured),
  }).finally(() => bar.end())
  const text = options.json
    ? probeJson(settings, samples)
    : renderProbe(settings, samples, context.terminal.output).join('\n')
  await writeOutput(context.stdout, `${text}\n`)
  if (failure === null) return 0
  tellProblem(failure, context)
  return 1
}

const CONNECT_TIMEOUT_MS = 10_000
const ANSWER_TIMEOUT_MS = 30_000
const LONGEST_WAIT_MS = 3_600_000
const SEE = 'see hangup keepalive probe --help'

function readSettings(args: readonly string[], options: KeepaliveProbeOptions, context: Context): Settings {
  const [address] = args
  const split = splitAddress(address)
  if (split === null || split.port === 0) {
    throw usageError(`not a target: ${address}`, 'write host:port, such as 10.0.0.9:8080 or [2001:db8::9]:8080')
  }
  if (options.insecure && !options.tls) throw usageError('--insecure without --tls: there is no certificate', SEE)
  return {
    target: {
      ...split,
      tls: options.tls ? { verifies: !options.insecure } : null,
      serverName: readServerName(options.servername),
    },
    request: {
      method: readMethod(options.method),
      path: readPath(options.path),
      userAgent: `hangup/${context.version} (keepalive probe)`,
    },
    times: readCount('--times', options.times, MAX_CONNECTIONS),
    atOnce: readCount('--at-once', options.atOnce, MAX_AT_ONCE),
    maxWaitMs: readMaxWait(options.maxWait),
  }
}

function readMethod(text: string): 'HEAD' | 'GET' {
  const method = text.toUpperCase()
  if (method === 'HEAD' || method === 'GET') return method
  throw usageError(`not a method of the probe: ${text}`, 'HEAD or GET: a probe changes nothing')
}

/** Nothing that could begin another header or request. */
function readPath(text: string): string {
  if (/^\/[!-~]*$/.test(text)) return text
  throw usageError(
    `not a path: --path ${text}`,
    'begin with / and encode blanks and other characters, such as /health?a=%20',
  )
}

function readServerName(text: string | undefined): string | null {
  if (text === undefined) return null
  if (/^[\w.-]{1,253}$/.test(text)) return text
  throw usageError(`not a host name: --servername ${text}`, 'such as orders.example.com')
}

function readCount(flag: string, text: string, max: number): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= max) return count
  throw usageError(`not a count from 1 to ${max}: ${flag} ${text}`, 'a probe opens a handful of connections at most')
}

function readMaxWait(text: string): number {
  const durationMs = parseDuration(text)
  if (durationMs !== null && durationMs > 0 && durationMs <= LONGEST_WAIT_MS) return durationMs
  throw usageError(`not a time up to 1h: --max-wait ${text}`, `write ${DURATION_EXAMPLES}`)
}

/** Says what will be done to the host, and on a terminal asks. */
async function mayTouch(settings: Settings, { yes }: KeepaliveProbeOptions, context: Context): Promise<boolean> {
  const { terminal, stdin, stderr, signal } = context
  terminal.tell(notice(settings))
  const isAsked = !yes && terminal.messages.isTerminal && 'isTTY' in stdin && stdin.isTTY === true
  if (!isAsked) return true
  const lines = createInterface({ input: stdin, output: stderr, terminal: false })
  try {
    return /^y(es)?$/i.test((await lines.question('Go on? [y/N] ', { signal })).trim())
  } finally {
    lines.close()
  }
}

function notice({ target, request, times, atOnce, maxWaitMs }: Settings): string {
  const connections = times === 1 ? '1 connection' : `up to ${times} connections`
  const order = times === 1 ? '' : atOnce === 1 ? ', one after the other' : `, ${Math.min(atOnce, times)} at a time`
  const each = times === 1 ? 'it' : 'each'
  return (
    `hangup: opens ${connections} to ${nameOf(target)}${target.tls === null ? '' : ' (TLS)'}${order}, sends one ` +
    `${request.method} ${request.path} on ${each}, and leaves ${each} idle for up to ${formatDuration(maxWaitMs)} to see when the target closes it`
  )
}

/** How long the connection that became idle last has been so, of what is expected. */
class Wait {
  #sinceMs: number | null = null
  #totalMs: number

  constructor(maxWaitMs: number) {
    this.#totalMs = maxWaitMs
  }

  begin(measured: readonly Sample[]): void {
    this.#sinceMs = performance.now()
    this.#totalMs = measured.at(-1)?.idleMs ?? this.#totalMs
  }

  measure() {
    const waitedMs = this.#sinceMs === null ? 0 : performance.now() - this.#sinceMs
    return { done: waitedMs, total: this.#totalMs, unit: 'milliseconds' } as const
  }
}
