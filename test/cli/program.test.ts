import { describe, expect, test } from '@jest/globals'
import type { CommandModule, Context } from '../../src/cli/context.js'
import type { CommandDeclaration } from '../../src/cli/declaration.js'
import { COMMANDS } from '../../src/cli/declarations.js'
import { runProgram } from '../../src/cli/program.js'
import { createWorld } from './support.js'

interface Call {
  readonly name: string
  readonly args: readonly string[]
  readonly options: object
  readonly context: Context
}

/** The real command line with commands that only note how they were called. */
async function run(argv: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const world = createWorld(environment)
  const calls: Call[] = []
  const loaded: string[] = []
  const noting = (declaration: CommandDeclaration): CommandDeclaration => {
    const { name, commands } = declaration
    if (commands !== undefined) return { ...declaration, commands: commands.map(noting) }
    const module: CommandModule = {
      async run(args, options, context) {
        calls.push({ name, args, options, context })
        return 3
      },
    }
    const load = async (): Promise<CommandModule> => {
      loaded.push(name)
      return module
    }
    return { ...declaration, load }
  }
  const exitCode = await runProgram({ argv, context: world.context, commands: COMMANDS.map(noting) })
  return { exitCode, call: calls[0], calls, loaded, stdout: world.stdout(), stderr: world.stderr() }
}

describe('runProgram', () => {
  test('runs the command that was named, with its arguments, and returns its exit code', async () => {
    const { exitCode, calls, loaded } = await run(['report', 'a.log', '-', '--json'])
    expect(exitCode).toBe(3)
    expect(calls).toMatchObject([{ name: 'report', args: ['a.log', '-'], options: { json: true } }])
    expect(loaded).toEqual(['report'])
  })

  test('gives every option of a command a value', async () => {
    const { call } = await run(['frequency'])
    expect(call.args).toEqual([])
    expect(call.options).toEqual({
      by: 'target',
      json: false,
      csv: false,
      showSecrets: false,
      maskQuery: false,
      debug: false,
      progress: true,
      state: '/somewhere/.hangup',
      stateGiven: false,
    })
  })

  test('takes filters and log options as written', async () => {
    const argv =
      'failures --halves-only --since 2h --until now --code EPIPE --target a:1 --proxy v2 --gateway-config g --mask-query --show-secrets x'
    const { call } = await run(argv.split(' '))
    expect(call).toMatchObject({
      args: ['x'],
      options: {
        halvesOnly: true,
        since: '2h',
        until: 'now',
        code: 'EPIPE',
        target: 'a:1',
        proxy: 'v2',
        gatewayConfig: 'g',
        maskQuery: true,
        showSecrets: true,
      },
    })
  })

  test('collects an option that may be given several times', async () => {
    const { call } = await run(['run', 'p.yaml', '--set', 'a.b=1', '--once', '--set', 'c=2'])
    expect(call).toMatchObject({ args: ['p.yaml'], options: { once: true, set: ['a.b=1', 'c=2'] } })
    expect((await run(['run', 'p.yaml'])).call).toMatchObject({ options: { once: false, set: [] } })
  })

  test('takes global options before and after the command', async () => {
    const before = await run(['--debug', '--no-progress', '--state', '/s', 'parse'])
    const after = await run(['parse', '--debug', '--no-progress', '--state', '/s'])
    expect(before.call.options).toMatchObject({ debug: true, progress: false, state: '/s', stateGiven: true })
    expect(after.call.options).toEqual(before.call.options)
  })

  test('finds the state directory in HANGUP_STATE unless --state says otherwise', async () => {
    const environment = { HANGUP_STATE: 'elsewhere' }
    expect((await run(['parse'], environment)).call.options).toMatchObject({
      state: '/somewhere/elsewhere',
      stateGiven: false,
    })
    expect((await run(['parse', '--state', 'here'], environment)).call.options).toMatchObject({
      state: '/somewhere/here',
    })
  })

  test('runs a command below another one, with every option of it', async () => {
    const { call } = await run(['keepalive', 'check', '--target', 'a:1=5s', '--debug', '--target', 'b:2=never'])
    expect(call).toMatchObject({
      name: 'check',
      args: [],
      options: {
        target: ['a:1=5s', 'b:2=never'],
        gatewayConfig: '~/.edgemicro',
        rtt: '100ms',
        json: false,
        debug: true,
      },
    })
  })

  test('hands the correlation id and the logs over in order', async () => {
    expect((await run(['explain', 'id-1', 'a.log', 'b.log'])).call.args).toEqual(['id-1', 'a.log', 'b.log'])
  })

  test('prints the version', async () => {
    expect(await run(['--version'])).toMatchObject({ exitCode: 0, stdout: '1.2.3\n', stderr: '', loaded: [] })
  })

  test.each([
    ['an unknown option', ['report', '--jsn'], 'unknown option: --jsn', 'did you mean --json?'],
    ['an option of a later version', ['report', '--html', 'x'], 'unknown option: --html', 'hangup report --help'],
    ['an unknown command', ['reprt'], 'unknown command: reprt', 'did you mean report?'],
    ['a missing argument', ['run'], 'argument missing: PIPELINE', 'hangup run --help'],
    ['a missing value', ['report', '--since'], 'value missing: --since <TIME>', 'hangup report --help'],
    ['too many arguments', ['run', 'a', 'b'], 'too many arguments: run (Expected 1 argument but got 2)', '--help'],
    [
      'options that exclude each other',
      ['frequency', '--json', '--csv'],
      'options exclude each other: --json and --csv',
      '--help',
    ],
    ['no command', ['--debug'], 'no command given: hangup COMMAND', 'hangup report'],
    ['no command below one', ['keepalive'], 'no command given: hangup keepalive COMMAND', 'hangup keepalive --help'],
    ['an unknown command below one', ['keepalive', 'chek'], 'unknown command: chek', 'did you mean check?'],
    [
      'an unknown option below one',
      ['keepalive', 'check', '--targt'],
      'unknown option: --targt',
      'keepalive check --help',
    ],
  ])('refuses %s before anything is loaded', async (_name, argv, message, hint) => {
    await expect(run(argv)).rejects.toMatchObject({ code: 'usage', message, hint: expect.stringContaining(hint) })
  })

  test.each(COMMANDS.map(({ name }) => name))('help of %s shows an example and loads nothing', async (name) => {
    const { exitCode, stdout, loaded } = await run([name, '--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/\nExamples?:\n/)
    expect(stdout).toContain(`\n  hangup ${name}`)
    expect(loaded).toEqual([])
  })

  test('the help fits 100 columns and carries no escape sequences without a terminal', async () => {
    const { stdout } = await run(['--help'])
    expect(stdout).not.toContain('\x1b')
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100)
    for (const { name } of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
  })

  test('the help has colours where they are forced', async () => {
    expect((await run(['--help'], { FORCE_COLOR: '1' })).stdout).toContain('\x1b[1mUsage:\x1b[22m')
  })
})

test('every example is a command line that is accepted', async () => {
  const runnable = COMMANDS.flatMap((each) => each.commands ?? [each])
  for (const { name, examples } of runnable) {
    for (const { command } of examples) {
      const { call } = await run(command.split(' ').slice(1))
      expect(call.name).toBe(name)
    }
  }
})
