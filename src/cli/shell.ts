import type { EventEmitter } from 'node:events'
import { HangupError, systemCode } from '../errors.js'
import type { Context } from './context.js'
import type { CommandDeclaration } from './declaration.js'
import { exitCodeOf, renderError } from './errors.js'
import { runProgram } from './program.js'
import { flushOutput, outputError } from './terminal/write.js'

export interface ShellInput {
  readonly argv: readonly string[]
  /** Where SIGINT, SIGTERM and SIGHUP arrive: `process`. */
  readonly signals: EventEmitter
  /** Ends the process at once. */
  readonly exit: (code: number) => void
  /** The world but for its signals, which the shell makes. */
  readonly world: Omit<Context, 'signal' | 'onReload'>
  readonly commands?: readonly CommandDeclaration[]
}

/**
 * Runs one command line from beginning to end, and ends the process once all output has left it.
 *
 * - The first SIGINT or SIGTERM aborts the context's signal, so that the command stops cleanly; exit code 130 or 143. A
 *   command that throws the abort has not come to its end, which is told. The second one ends the process at once.
 * - Nobody reads stdout any more (`| head`): the command is stopped in the same way and the exit code is 0. A command
 *   that does not notice is ended after `GRACE_MS`.
 * - stdout fails in another way (disk full): the error is told, exit code 1.
 */
export async function runShell(input: ShellInput): Promise<void> {
  const { argv, exit, world, commands } = input
  const stop = watchForStop(input)
  const outcome = await runProgram({
    argv,
    context: { ...world, signal: stop.signal, onReload: reloads(input.signals) },
    commands,
  }).then(
    (exitCode): Outcome => ({ exitCode }),
    (error: unknown): Outcome => ({ exitCode: exitCodeOf(error), error }),
  )
  stop.release()
  await flushOutput(world.stdout)
  const { exitCode, error, notice } = stop.reason === null ? outcome : settle(stop.reason, outcome)
  if (notice !== undefined) world.terminal.tell(notice)
  if (error !== undefined) {
    const lines = renderError(error, { debug: argv.includes('--debug'), style: world.terminal.messages.style })
    world.terminal.print(lines)
  }
  await flushOutput(world.stderr)
  exit(exitCode)
}

function reloads(signals: EventEmitter): Context['onReload'] {
  return (listener) => {
    signals.on('SIGHUP', listener)
    return () => void signals.off('SIGHUP', listener)
  }
}

/** How a run ends. */
interface Outcome {
  readonly exitCode: number
  readonly error?: unknown
  /** One line for stderr. */
  readonly notice?: string
}

interface Stop {
  readonly signal: AbortSignal
  /** Why the command was told to stop; null where it was not. */
  readonly reason: Outcome | null
  release(): void
}

const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const
const GRACE_MS = 2_000
const STOPPED = 'hangup: stopped: the input was not read to its end'

function watchForStop({ signals, exit, world: { stdout, stderr, terminal } }: ShellInput): Stop {
  const abort = new AbortController()
  let reason: Outcome | null = null
  const stop = (outcome: Outcome): void => {
    reason ??= outcome
    abort.abort()
  }
  let interrupted = false
  const interrupt = (exitCode: number): void => {
    if (interrupted) {
      exit(exitCode)
      return
    }
    interrupted = true
    stop({ exitCode })
    if (terminal.messages.isTerminal) terminal.tell('hangup: stopping; once more to stop at once')
  }
  const onInterrupt = (): void => interrupt(SIGNAL_EXIT_CODES.SIGINT)
  const onTerminate = (): void => interrupt(SIGNAL_EXIT_CODES.SIGTERM)
  signals.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate)
  stdout.on('error', (error) => {
    stop(systemCode(error) === 'EPIPE' ? { exitCode: 0 } : { exitCode: 1, error: outputError(error) })
    setTimeout(() => exit(reason?.exitCode ?? 1), GRACE_MS).unref()
  })
  stderr.on('error', () => {
    // Nobody reads our messages: the answer on stdout is still wanted.
  })
  return {
    signal: abort.signal,
    get reason() {
      return reason
    },
    release: () => void signals.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate),
  }
}

/** A command that was told to stop may end by throwing the abort or the failed write; any other error is news. */
function settle(reason: Outcome, { exitCode, error }: Outcome): Outcome {
  const isConsequence =
    error === undefined ||
    isAbort(error) ||
    (error instanceof HangupError && (error.code === 'output_failed' || error === reason.error))
  if (!isConsequence) return { exitCode, error: reason.error ?? error }
  const isBySignal = reason.exitCode !== 0 && reason.error === undefined
  return isBySignal && isAbort(error) ? { ...reason, notice: STOPPED } : reason
}

/** A `DOMException`, which is not an `Error` everywhere. */
function isAbort(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError'
}
