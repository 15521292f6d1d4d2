import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { CommandDeclaration } from '../../src/cli/declaration.js'
import { runShell } from '../../src/cli/shell.js'
import { HangupError, InputError, PermanentError } from '../../src/errors.js'
import { createWorld } from './support.js'

type Run = (stop: AbortSignal) => Promise<number>

/** Runs a command of our own in this process; resolves when the shell ends it. */
function shell(run: Run) {
  const world = createWorld()
  const signals = new EventEmitter()
  const exits: number[] = []
  const declaration: CommandDeclaration = {
    name: 'try',
    arguments: [],
    summary: 'a command of this test',
    options: [],
    examples: [],
    load: async () => ({ run: (_args, _options, context) => run(context.signal) }),
  }
  const ended = runShell({
    argv: ['try'],
    signals,
    exit: (code) => exits.push(code),
    world: world.context,
    commands: [declaration],
  })
  return { ended, signals, exits, stdout: world.context.stdout, stderr: world.stderr }
}

function aborted(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => stop.addEventListener('abort', () => resolve()))
}

describe('runShell', () => {
  test("ends with the command's exit code", async () => {
    const { ended, exits, stderr } = shell(async () => 3)
    await ended
    expect([exits, stderr()]).toEqual([[3], ''])
  })

  test('tells what went wrong and ends with 1', async () => {
    const { ended, exits, stderr } = shell(async () => {
      throw new InputError('no such file: x', { code: 'input_not_found', hint: 'check it' })
    })
    await ended
    expect([exits, stderr()]).toEqual([[1], 'hangup: no such file: x\n  check it\n'])
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('lets the command stop cleanly at %s', async (name, code) => {
    let cleaned = false
    const { ended, signals, exits, stderr } = shell(async (stop) => {
      setImmediate(() => signals.emit(name))
      await aborted(stop)
      cleaned = true
      return 0
    })
    await ended
    expect([exits, stderr(), cleaned]).toEqual([[code], '', true])
  })

  test('takes an abort that the command throws for a stop before the end, and says so', async () => {
    const { ended, signals, exits, stderr } = shell(async (stop) => {
      setImmediate(() => signals.emit('SIGINT'))
      await aborted(stop)
      return stop.throwIfAborted() as never
    })
    await ended
    expect([exits, stderr()]).toEqual([[130], 'hangup: stopped: the input was not read to its end\n'])
  })

  test('tells of a stop that was not clean', async () => {
    const { ended, signals, exits, stderr } = shell(async (stop) => {
      setImmediate(() => signals.emit('SIGTERM'))
      await aborted(stop)
      throw new PermanentError('cannot save: checkpoint', { code: 'state_unusable', hint: 'look' })
    })
    await ended
    expect([exits, stderr()]).toEqual([[1], 'hangup: cannot save: checkpoint\n  look\n'])
  })

  test('ends at once at the second signal', async () => {
    let release = (): void => {}
    const { ended, signals, exits } = shell(
      () =>
        new Promise((resolve) => {
          release = () => resolve(0)
          setImmediate(() => signals.emit('SIGINT') && signals.emit('SIGINT'))
        }),
    )
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    expect(exits).toEqual([130])
    release()
    await ended
  })

  test('stops the command and ends quietly with 0 when nobody reads its output', async () => {
    const { ended, exits, stdout, stderr } = shell(async (stop) => {
      setImmediate(() => stdout.destroy(Object.assign(new Error('gone'), { code: 'EPIPE' })))
      await aborted(stop)
      throw new HangupError('cannot write: standard output', { code: 'output_failed', hint: 'h' })
    })
    await ended
    expect([exits, stderr()]).toEqual([[0], ''])
  })

  test('is quiet also where the command throws the abort because nobody reads its output', async () => {
    const { ended, exits, stdout, stderr } = shell(async (stop) => {
      setImmediate(() => stdout.destroy(Object.assign(new Error('gone'), { code: 'EPIPE' })))
      await aborted(stop)
      return stop.throwIfAborted() as never
    })
    await ended
    expect([exits, stderr()]).toEqual([[0], ''])
  })

  test('says when the disk is full under its output', async () => {
    const { ended, exits, stdout, stderr } = shell(async (stop) => {
      setImmediate(() => stdout.destroy(Object.assign(new Error('full'), { code: 'ENOSPC' })))
      await aborted(stop)
      return 0
    })
    await ended
    expect(exits).toEqual([1])
    expect(stderr()).toMatch(/^hangup: disk full: standard output\n {2}make room/)
  })

  test('notices a write that failed in the last moment', async () => {
    const { ended, exits, stdout, stderr } = shell(async () => {
      stdout._write = (_chunk, _encoding, done) => done(Object.assign(new Error('full'), { code: 'ENOSPC' }))
      stdout.write('the answer')
      return 0
    })
    await ended
    expect([exits, stderr().split('\n')[0]]).toEqual([[1], 'hangup: disk full: standard output'])
  })

  test('leaves no listener behind', async () => {
    const { ended, signals } = shell(async () => 0)
    await ended
    expect(signals.eventNames()).toEqual([])
  })
})

describe('the built program', () => {
  const distribution = path.resolve(process.env.HANGUP_DIST ?? 'dist')
  let directory = ''

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'hangup-shell-'))
    await writeFile(path.join(directory, 'child.mjs'), childProgram(distribution))
  })
  afterAll(() => rm(directory, { recursive: true }))

  const child = (command: string): ChildProcess =>
    spawn(process.execPath, [path.join(directory, 'child.mjs'), command], { stdio: 'pipe' })

  test('stops cleanly at a real signal', async () => {
    const running = child('wait')
    running.stdout?.once('data', () => running.kill('SIGTERM'))
    expect(await outcome(running)).toEqual({ code: 143, stdout: 'ready\nclean\n', stderr: '' })
  })

  test('loses nothing of a large output that is read slowly', async () => {
    const running = child('large')
    running.stdout?.pause()
    setImmediate(() => running.stdout?.resume())
    const { code, stdout } = await outcome(running)
    expect([code, stdout.length]).toEqual([0, 4_000_000])
  })

  test('ends quietly when its reader goes', async () => {
    const running = child('endless')
    running.stdout?.once('data', () => running.stdout?.destroy())
    expect(await outcome(running)).toMatchObject({ code: 0, stderr: '' })
  })

  test('prints the version of the package', async () => {
    const running = spawn(process.execPath, [path.join(distribution, 'cli/main.js'), '--version'], { stdio: 'pipe' })
    const { code, stdout } = await outcome(running)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

function childProgram(distribution: string): string {
  const url = (file: string): string => JSON.stringify(pathToFileURL(path.join(distribution, file)).href)
  return `
    import { runShell } from ${url('cli/shell.js')}
    import { createTerminal } from ${url('cli/terminal/terminal.js')}
    import { writeOutput } from ${url('cli/terminal/write.js')}
    const commands = {
      async wait(context) {
        await writeOutput(context.stdout, 'ready\\n')
        const alive = setInterval(() => {}, 1000)
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve))
        clearInterval(alive)
        await writeOutput(context.stdout, 'clean\\n')
        return 0
      },
      async large(context) {
        context.stdout.write('x'.repeat(4_000_000))
        return 0
      },
      async endless(context) {
        for (;;) await writeOutput(context.stdout, 'y'.repeat(65_536))
      },
    }
    const { stdin, stdout, stderr } = process
    await runShell({
      argv: process.argv.slice(2),
      signals: process,
      exit: (code) => process.exit(code),
      world: {
        stdin, stdout, stderr, environment: {}, cwd: '/', home: '/', version: '0',
        terminal: createTerminal({ stdout, stderr, environment: {} }),
      },
      commands: Object.entries(commands).map(([name, run]) => ({
        name, arguments: [], summary: name, options: [], examples: [],
        load: async () => ({ run: (args, options, context) => run(context) }),
      })),
    })
  `
}

async function outcome(running: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = ''
  let stderr = ''
  running.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  running.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const code = await new Promise<number | null>((resolve) => running.once('close', (exitCode) => resolve(exitCode)))
  return { code, stdout, stderr }
}
