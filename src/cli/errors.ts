import { inspect } from 'node:util'
import { ConfigError, HangupError } from '../errors.js'
import type { Context } from './context.js'
import type { Style } from './terminal/style.js'
import { visible } from './terminal/text.js'

export interface ErrorForm {
  /** With stack traces and causes. */
  readonly debug: boolean
  readonly style: Style
}

/**
 * An error as lines for stderr: `hangup: <what happened>: <which thing>`, the single faults where the error holds
 * several (`lines()`), the hint. An error of any class but `HangupError` is a bug and says so.
 */
export function renderError(error: unknown, { debug, style }: ErrorForm): string[] {
  const { message, faults, hint } = describe(error)
  return [
    `${style.red('hangup:')} ${visible(message)}`,
    ...faults.map((fault) => `  ${visible(fault)}`),
    ...(hint === '' ? [] : [style.dim(`  ${visible(hint)}`)]),
    ...(debug ? inspect(error, { depth: 4 }).split('\n').map(visible) : []),
  ]
}

/** 2 for wrong usage or configuration, found before anything was touched; 1 for everything else. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof ConfigError ? 2 : 1
}

interface Description {
  readonly message: string
  readonly faults: readonly string[]
  readonly hint: string
}

function describe(error: unknown): Description {
  if (error instanceof HangupError) return { message: error.message, faults: faultsOf(error), hint: error.hint }
  return {
    message: `internal error: ${error instanceof Error ? error.message : String(error)}`,
    faults: [],
    hint: 'this is a bug in hangup: run the command again with --debug and report what it prints',
  }
}

/** The single faults, where an error holds several. */
export function faultsOf(error: HangupError): readonly string[] {
  return 'lines' in error && typeof error.lines === 'function' ? error.lines() : []
}

/** Tells of an input that failed while the run goes on, in the form of an error. */
export function tellProblem(problem: HangupError, { terminal }: Pick<Context, 'terminal'>): void {
  terminal.print(renderError(problem, { debug: false, style: terminal.messages.style }))
}
