import { PassThrough } from 'node:stream'
import type { Context } from '../../src/cli/context.js'
import { createStyle } from '../../src/cli/terminal/style.js'
import { createTerminal } from '../../src/cli/terminal/terminal.js'

/** What a terminal would obey: no control character but the line feed may come out. */
export const OBEYED = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/

export const PLAIN_STYLE = createStyle({ isTerminal: false, environment: {} })

export const COLOURED_STYLE = createStyle({ isTerminal: true, environment: {} })

export interface FakeWorld {
  readonly context: Context
  stdout(): string
  stderr(): string
}

/** A context over streams in memory, without a terminal. */
export function createWorld(environment: Readonly<Record<string, string>> = {}): FakeWorld {
  const stdin = new PassThrough()
  const stdout = collector()
  const stderr = collector()
  const context: Context = {
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    environment,
    cwd: '/somewhere',
    home: '/home/someone',
    version: '1.2.3',
    signal: new AbortController().signal,
    onReload: () => () => {},
    terminal: createTerminal({ stdout: stdout.stream, stderr: stderr.stream, environment }),
  }
  return { context, stdout: stdout.text, stderr: stderr.text }
}

function collector(): { readonly stream: PassThrough; text(): string } {
  const stream = new PassThrough()
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return { stream, text: () => text }
}
