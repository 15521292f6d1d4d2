import type { Readable, Writable } from 'node:stream'
import type { GlobalOptions } from './options.js'
import type { Terminal } from './terminal/terminal.js'

/** All of the world that a command may touch; made from `process` in `main.ts` and nowhere else. */
export interface Context {
  readonly stdin: Readable
  /** Machine output and answers; write through `writeOutput`, which waits for a slow reader. */
  readonly stdout: Writable
  readonly stderr: Writable
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home: string
  readonly version: string
  /** Aborts at the first SIGINT or SIGTERM, and when nobody reads stdout any more: stop cleanly and return. */
  readonly signal: AbortSignal
  /** Calls the listener at each SIGHUP until the returned function is called; where nobody listens, SIGHUP ends the process. */
  readonly onReload: (listener: () => void) => () => void
  readonly terminal: Terminal
}

/** What `commands/<name>.ts` exports. */
export interface CommandModule {
  /**
   * Runs the command and returns its exit code. `args` are the positional arguments, flat and in order. Throws
   * `ConfigError` (exit 2) or another `HangupError` (exit 1). A method, so that each command may name its own options.
   */
  run(args: readonly string[], options: GlobalOptions, context: Context): Promise<number>
}
