import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { entryFile, finished, projectDirectory, Sandbox } from '../../support/cli.js'

/**
 * The commands of the contract that this version has, and the one behind `npm start`. The examples of `run` make the
 * store that `verify` compares.
 */
const COMMANDS = [
  'report',
  'run',
  'pcap',
  'capture',
  'bundle',
  'parse',
  'failures',
  'frequency',
  'check',
  'explain',
  'verify',
  'dead-letters',
  'keepalive',
  'keepalive check',
  'keepalive probe',
  'keepalive plugin',
  'setup',
  'start',
]

/** Its example names a host of the reader's network. */
const TOUCHES_A_HOST = 'hangup keepalive probe '

const sandbox = new Sandbox()

beforeAll(() => {
  // Examples are written for someone in the project's directory, with `hangup` on the path.
  fs.cpSync(path.join(projectDirectory, 'pipelines'), sandbox.path('pipelines'), { recursive: true })
  sandbox.write('bin/hangup', `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ${JSON.stringify(entryFile)} "$@"\n`)
  fs.chmodSync(sandbox.path('bin/hangup'), 0o755)
})
afterAll(() => sandbox.remove())

test('--help lists every command', async () => {
  const { code, stdout, stderr } = await sandbox.hangup(['--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const command of COMMANDS.filter((name) => !name.includes(' ')))
    expect(stdout).toMatch(new RegExp(`^ +${command}\\b`, 'm'))
})

describe.each(COMMANDS)('%s --help', (command) => {
  test('fits a terminal and shows examples that work', async () => {
    const { code, stdout, stderr } = await sandbox.hangup([...command.split(' '), '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([])
    const examples = examplesIn(stdout)
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples.filter((each) => !each.startsWith(TOUCHES_A_HOST))) {
      const result = await runExample(example)
      // Of the sample gateway the answer is bad (3), but for that the command has done its work.
      const isDone = result.code === 0 || (command.startsWith('keepalive') && result.code === 3)
      expect({ example, isDone, errors: isDone ? '' : result.stderr }).toEqual({ example, isDone: true, errors: '' })
      expect(result.stdout + result.stderr).not.toBe('')
    }
  })
})

/** The command lines behind the heading: indented, the program's name first. */
function examplesIn(help: string): readonly string[] {
  const behindHeading = help.split(/^Examples?:$/m)[1] ?? ''
  return [...behindHeading.matchAll(/^ +(hangup .*)$/gm)].map(([, example]) => example)
}

function runExample(example: string) {
  const child = spawn('sh', ['-c', example], {
    cwd: sandbox.directory,
    env: { PATH: `${sandbox.path('bin')}:${process.env.PATH}`, HOME: sandbox.directory },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.destroy()
  return finished(child, [example], 30_000)
}
