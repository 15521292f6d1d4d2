import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CliResult } from '../cli.js'

export interface ProcessOptions {
  readonly cwd: string
  /** All of it, but for PATH. */
  readonly environment?: Readonly<Record<string, string>>
}

/** A process whose output is kept, with the name that messages about it have. */
export interface Running {
  readonly name: string
  readonly pid: number
  /** What it has printed so far, both outputs together. */
  output(): string
  hasEnded(): boolean
  signal(signal: NodeJS.Signals): void
  readonly ended: Promise<CliResult>
}

/** Starts a command as it stands: its first word is looked up in PATH, but `node` is the Node that runs the tests. */
export function startProcess(
  name: string,
  [program, ...parameters]: readonly string[],
  options: ProcessOptions,
): Running {
  const child = spawn(program === 'node' ? process.execPath : program, parameters, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const printed = { stdout: '', stderr: '', both: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      printed[stream] += text
      printed.both += text
    })
  }
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout: printed.stdout, stderr: printed.stderr }))
  })
  ended.catch(() => {}) // Whoever waits for it is told.
  return {
    name,
    pid: child.pid ?? 0,
    output: () => printed.both,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    signal: (signal) => void child.kill(signal),
    ended,
  }
}

/** Runs a command to its end. */
export function runProcess(command: readonly string[], options: ProcessOptions): Promise<CliResult> {
  return startProcess(command[0], command, options).ended
}

/** Waits until something holds; throws with what a process has printed where that ends before, or where it does not come to hold. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, process?: Running): Promise<void> {
  const endMs = Date.now() + 200_000
  while (!(await holds())) {
    if (Date.now() > endMs || process?.hasEnded()) {
      throw new Error(`it did not come: ${what}\n${process?.output().slice(-3_000) ?? ''}`)
    }
    await sleep(100)
  }
}

/** The status of an answer; 0 where nobody answers. */
export async function statusOf(url: string): Promise<number> {
  return fetch(url).then(
    async (answer) => {
      await answer.text()
      return answer.status
    },
    () => 0,
  )
}
