import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { entryFile, ndjson, projectDirectory, Sandbox, version } from '../../support/cli.js'
import { corpusRun } from '../../support/truth.js'
import { expectError, STACK_TRACE } from './expect-error.js'

const sandbox = new Sandbox()
const [log] = corpusRun('d-337-102').logs
const samplePipeline = path.join(projectDirectory, 'pipelines/sample.yaml')

afterAll(() => sandbox.remove())

describe('wrong usage ends with 2 and says what is wrong', () => {
  test.each([
    ['an unknown command', ['reprot'], /reprot/],
    ['an unknown option', ['report', '--jsno', log.file], /--jsno/],
    ['a missing argument', ['explain'], /./],
    ['a time that is none', ['report', '--since', 'next blue moon', log.file], /next blue moon/],
    ['an interval that is none', ['frequency', '--every', 'often', log.file], /often/],
    ['a dimension that is none', ['frequency', '--by', 'colour', log.file], /colour/],
    ['a store that is none', ['frequency', '--store', 'shoebox:under-the-bed'], /shoebox/],
    ['an override without a value', ['run', samplePipeline, '--once', '--set', 'join.window'], /join\.window/],
  ])('%s', async (_, commandLine, mentions) => {
    const result = await sandbox.hangup(commandLine)
    expectError(result, 2)
    expect(result.stderr).toMatch(mentions)
    expect(result.stdout).toBe('')
  })

  test('and names the nearest right word', async () => {
    expect((await sandbox.hangup(['reprot'])).stderr).toContain('report')
    expect((await sandbox.hangup(['report', '--jsno', log.file])).stderr).toContain('--json')
  })
})

describe('input that can not be read ends with 1 and names the file', () => {
  const notADirectory = path.join(log.file, 'below-a-file.log')
  const empty = sandbox.path('empty-directory')
  fs.mkdirSync(empty)

  test.each([
    ['a file that is not there', sandbox.path('nowhere.log'), 'nowhere.log'],
    ['a path below a file', notADirectory, 'below-a-file.log'],
    ['a directory without logs', empty, 'empty-directory'],
    ['a glob without a match', sandbox.path('edgemicro-*.log'), 'edgemicro-*.log'],
    ['a binary file', sandbox.write('binary.log', Buffer.from([...Array(8192).keys()])), 'binary.log'],
  ])('%s', async (_, input, mentions) => {
    for (const command of ['report', 'parse', 'failures']) {
      const result = await sandbox.hangup([command, input])
      expectError(result, 1)
      expect(result.stderr).toContain(mentions)
      expect(result.stdout).toBe('')
    }
  })
})

describe('input that is only partly there', () => {
  test('is no error where it is empty, but it is said', async () => {
    const file = sandbox.write('edgemicro-emg-01-0-1-api.log', '')
    const { code, stdout, stderr } = await sandbox.hangup(['report', file])
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout + stderr).toMatch(/\b(empty|nothing|no lines|0 lines)\b/i)
    expect(await sandbox.hangup(['parse', file])).toMatchObject({ code: 0, stdout: '' })
    expect(await sandbox.hangup(['failures', '-'])).toMatchObject({ code: 0, stdout: '' })
  })

  test('is reported as far as a truncated gzip goes, with 1', async () => {
    const packed = fs.readFileSync(log.file)
    const file = sandbox.write('truncated/edgemicro-emg-01-0-1-api.log.gz', packed.subarray(0, packed.length / 2))
    const result = await sandbox.hangup(['parse', file])
    expectError(result, 1)
    expect(result.stderr).toContain('edgemicro-emg-01-0-1-api.log.gz')
    expect(ndjson(result.stdout).length).toBeGreaterThan(1000)
    const report = await sandbox.hangup(['report', '--json', file])
    expect(report.code).toBe(1)
    expect(JSON.parse(report.stdout).failures).toBeGreaterThan(10)
  })

  test('is reported from the good files where one of several is bad', async () => {
    const missing = sandbox.write('good-and-bad/edgemicro-emg-01-0-2-api.log', Buffer.from([...Array(8192).keys()]))
    const good = sandbox.write('good-and-bad/edgemicro-emg-01-0-1-api.log', log.text)
    const result = await sandbox.hangup(['report', '--json', good, missing])
    expectError(result, 1)
    expect(JSON.parse(result.stdout).failures).toBeGreaterThan(100)
  })

  test('ends quietly where nobody reads its output to the end', async () => {
    const child = sandbox.start(['parse', corpusRun('e-337-111').logs[0].file])
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [code, signal] = await once(child, 'close')
    expect({ code, signal, stderr }).toEqual({
      code: 0,
      signal: null,
      stderr: expect.not.stringMatching(/EPIPE|error/i),
    })
  })

  test('fails with 1 where its output finds no room', async () => {
    const full = fs.openSync('/dev/full', 'w')
    const child = spawn(process.execPath, [entryFile, 'parse', log.file], {
      cwd: sandbox.directory,
      env: { PATH: process.env.PATH, HOME: sandbox.directory, HANGUP_STATE: sandbox.path('state') },
      stdio: ['ignore', full, 'pipe'],
    })
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk))
    const [code] = await once(child, 'close')
    fs.closeSync(full)
    expectError({ code, signal: null, stdout: '', stderr }, 1)
  })
})

test('--version prints the version and nothing else', async () => {
  expect(await sandbox.hangup(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' })
})

test('NO_COLOR is respected also where a colour is asked for by nobody', async () => {
  const { stdout, stderr } = await sandbox.hangup(['report', log.file], { environment: { NO_COLOR: '1' } })
  expect(stdout + stderr).not.toContain('\u001b')
})

test('--debug adds the stack trace that is left out otherwise', async () => {
  const { code, stderr } = await sandbox.hangup(['--debug', 'report', sandbox.path('nowhere.log')])
  expect(code).toBe(1)
  expect(stderr).toMatch(STACK_TRACE)
})
