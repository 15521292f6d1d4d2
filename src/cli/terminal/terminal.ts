import { type Measure, type Progress, ProgressBar } from './progress.js'
import { createStyle, type Style } from './style.js'
import { visible } from './text.js'

/** One stream as people see it. */
export interface Surface {
  readonly isTerminal: boolean
  /** Columns: the terminal's, or 100 where there is none. */
  readonly width: number
  readonly style: Style
}

/** What commands say to people. Machine output goes to `stdout` itself. */
export interface Terminal {
  /** stdout: answers. */
  readonly output: Surface
  /** stderr: bars, warnings, summaries. */
  readonly messages: Surface
  /** One line on stderr, above a bar. Any text will do: what a terminal would obey is made visible. */
  tell(text: string): void
  /** Lines on stderr that are fit for a terminal already (styled, made visible), above a bar. */
  print(lines: readonly string[]): void
  /**
   * A bar on stderr if that is a terminal and `--no-progress` was not given, else nothing. With `whileWriting`, for
   * commands that write to stdout as they go, there is none where stdout is the same terminal.
   */
  startProgress(measure: () => Measure, options?: { readonly whileWriting?: boolean }): Progress
  /** The same terminal without bars. */
  withoutProgress(): Terminal
}

export interface TerminalStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface TerminalInput {
  readonly stdout: TerminalStream
  readonly stderr: TerminalStream
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly showsProgress?: boolean
}

export function createTerminal(input: TerminalInput): Terminal {
  const { stdout, stderr, environment, showsProgress = true } = input
  const messages = createSurface(stderr, environment)
  const output = createSurface(stdout, environment)
  const drawsBars = showsProgress && messages.isTerminal && environment.TERM !== 'dumb'
  let bar: ProgressBar | null = null
  const print = (lines: readonly string[]): void => {
    bar?.erase()
    stderr.write(lines.map((line) => `${line}\n`).join(''))
  }
  return {
    output,
    messages,
    print,
    tell: (text) => print([visible(text)]),
    startProgress(measure, { whileWriting = false } = {}) {
      bar?.end()
      bar = drawsBars && !(whileWriting && output.isTerminal) ? new ProgressBar({ screen: stderr, measure }) : null
      return bar ?? { end() {} }
    },
    withoutProgress: () => createTerminal({ ...input, showsProgress: false }),
  }
}

const WIDTH_WITHOUT_TERMINAL = 100

function createSurface(stream: TerminalStream, environment: TerminalInput['environment']): Surface {
  const isTerminal = stream.isTTY === true
  return {
    isTerminal,
    get width() {
      return isTerminal && stream.columns ? stream.columns : WIDTH_WITHOUT_TERMINAL
    },
    style: createStyle({ isTerminal, environment }),
  }
}
