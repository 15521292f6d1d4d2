import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { PermanentError } from '../errors.js'

export interface TcpdumpRun {
  /** Absolute path of tcpdump. */
  readonly program: string
  readonly args: readonly string[]
  /** It is stopped after this time of capturing. */
  readonly limitMs: number
  /** Its abort stops it, too. */
  readonly signal: AbortSignal
  /** Called when it captures. */
  readonly onListening: () => void
}

export interface TcpdumpResult {
  readonly endedBy: 'limit' | 'signal' | 'itself'
  /** As it tells at its end; null where it tells nothing. */
  readonly captured: number | null
  readonly dropped: number | null
}

/**
 * Runs tcpdump without a shell, to its limit or until it is stopped, so that its files are whole. Throws `PermanentError`:
 * `capture_denied` where this user may not capture, else `capture_failed`.
 */
export async function runTcpdump({ program, args, limitMs, signal, onListening }: TcpdumpRun): Promise<TcpdumpResult> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { LC_ALL: 'C' }, shell: false })
  let limit: NodeJS.Timeout | undefined
  const said = new Said(() => {
    limit = setTimeout(() => stop('limit'), limitMs)
    onListening()
  })
  child.stderr.on('data', (chunk: Buffer) => said.add(chunk.toString('latin1')))
  let endedBy: TcpdumpResult['endedBy'] = 'itself'
  const stop = (by: TcpdumpResult['endedBy']): void => {
    if (endedBy === 'itself') endedBy = by
    interrupt(child)
  }
  const onAbort = (): void => stop('signal')
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    const [code] = await once(child, 'close').catch((error: unknown) => {
      throw failed('tcpdump cannot be started', program, error)
    })
    if (code !== 0 && endedBy === 'itself') throw failureOf(said.text)
  } finally {
    clearTimeout(limit)
    signal.removeEventListener('abort', onAbort)
  }
  return { endedBy, captured: said.count('captured'), dropped: said.count('dropped by kernel') }
}

const GRACE_MS = 5_000
const MAX_TEXT_LENGTH = 65_536

/** As Ctrl-C does, so that it writes what it has; what does not end by that is ended. */
function interrupt(child: ChildProcess): void {
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  child.once('close', () => clearTimeout(timer))
}

/** What tcpdump says on stderr. */
class Said {
  text = ''
  #isListening = false

  /** `onListening` is called once. */
  constructor(private readonly onListening: () => void) {}

  add(chunk: string): void {
    this.text = (this.text + chunk).slice(-MAX_TEXT_LENGTH)
    if (this.#isListening || !this.text.includes('listening on ')) return
    this.#isListening = true
    this.onListening()
  }

  count(what: string): number | null {
    const match = new RegExp(`^(\\d{1,15}) packets? ${what}`, 'm').exec(this.text)
    return match === null ? null : Number(match[1])
  }
}

const DENIED = /permission|not permitted|denied/i

function failureOf(text: string): PermanentError {
  const [line = ''] = text.split('\n').filter((each) => each.trim() !== '' && !each.includes('listening on '))
  const reason = line.replace(/^tcpdump: /, '').slice(0, 200)
  if (DENIED.test(text)) {
    return new PermanentError(`tcpdump may not capture: ${reason}`, {
      code: 'capture_denied',
      hint: 'run as root (sudo), or allow tcpdump to capture: setcap cap_net_raw,cap_net_admin+ep on its file; look also whether it may write there',
    })
  }
  return failed('tcpdump ended without a capture', reason === '' ? 'it says nothing' : reason)
}

function failed(what: string, subject: string, cause?: unknown): PermanentError {
  return new PermanentError(`${what}: ${subject}`, {
    code: 'capture_failed',
    hint: 'hangup capture without --run prints the command: try it by hand',
    cause,
  })
}
