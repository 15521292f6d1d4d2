import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectDirectory = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

const manifest = JSON.parse(fs.readFileSync(path.join(projectDirectory, 'package.json'), 'utf8'))

export const version: string = manifest.version

/** The built entry file; `npm test` builds it first. `HANGUP_DIST` names a build elsewhere. */
export const entryFile =
  process.env.HANGUP_DIST === undefined
    ? path.join(projectDirectory, manifest.bin.hangup)
    : path.resolve(process.env.HANGUP_DIST, 'cli/main.js')

export interface CliResult {
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly stdin?: string | Uint8Array
  /** Added to an otherwise bare environment. */
  readonly environment?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** It is killed after this time, and the promise rejects. */
  readonly timeoutMs?: number
}

/** A directory of its own for a test file: working directory, home, and state of every command that it runs. */
export class Sandbox {
  readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-cli-'))

  path(...parts: string[]): string {
    return path.join(this.directory, ...parts)
  }

  /** Writes a file, with the directories above it, and returns its path. */
  write(name: string, content: string | Uint8Array): string {
    const file = this.path(name)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, content)
    return file
  }

  /** Runs `hangup` to its end; both outputs are whole. */
  async hangup(commandLine: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    const child = this.start(commandLine, options)
    child.stdin.on('error', () => {}) // It may end without reading its input.
    child.stdin.end(options.stdin ?? '')
    return finished(child, commandLine, options.timeoutMs ?? 30_000)
  }

  /** Starts `hangup` and leaves it to the caller. */
  start(commandLine: readonly string[], options: CliOptions = {}) {
    return spawn(process.execPath, [entryFile, ...commandLine], {
      cwd: options.cwd ?? this.directory,
      env: {
        PATH: process.env.PATH,
        HOME: this.directory,
        TZ: 'UTC',
        HANGUP_STATE: this.path('state'),
        ...options.environment,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  }

  remove(): void {
    fs.rmSync(this.directory, { recursive: true, force: true })
  }
}

/** Collects what a child process prints until it has ended. */
export function finished(
  child: ReturnType<Sandbox['start']>,
  commandLine: readonly string[],
  timeoutMs: number,
): Promise<CliResult> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`hangup did not end within ${timeoutMs} ms: ${commandLine.join(' ')}`))
    }, timeoutMs)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, stdout: text(stdout), stderr: text(stderr) })
    })
  })
}

/** Resolves to the first group of the first match in what a process tells on stderr; rejects where it ends without. */
export function told(child: ReturnType<Sandbox['start']>, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk
      const found = pattern.exec(text)
      if (found !== null) resolve(found[1])
    })
    child.on('close', () => reject(new Error(`it ended without: ${pattern}\n${text}`)))
  })
}

/** The objects of NDJSON, one for each line. */
// biome-ignore lint/suspicious/noExplicitAny: what a black box prints has the shape that a test asserts.
export function ndjson(output: string): any[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8')
}
