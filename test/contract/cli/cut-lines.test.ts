import fs from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { ndjson, projectDirectory, Sandbox } from '../../support/cli.js'
import { infoLine } from '../../support/lines.js'
import { corpusRun } from '../../support/truth.js'
import { oracleLines } from './oracle.js'
import { leaks } from './secrets.js'

const run = corpusRun('f-337-106')
const sandbox = new Sandbox()

/**
 * Events cut off behind the API key, within it, and behind the correlation id, as a full disk or a crash leaves them.
 * Without the hostile ones: where a whole fake line stands, a cut may leave just that line, and nobody could tell.
 */
const cutLines = oracleLines(run)
  .filter(({ event }) => event !== null && (event.clientId !== null || event.url?.includes('?')))
  .filter(({ event }) => !/[[\]]/.test(`${event?.host}${event?.url}${event?.clientId}`))
  .flatMap(({ text }) => {
    const behindKey = text.lastIndexOf('][', text.lastIndexOf('][plugins-middleware]') - 1)
    return [
      text.slice(0, behindKey),
      text.slice(0, behindKey - 2),
      text.slice(0, text.lastIndexOf('][plugins-middleware]')),
    ]
  })

afterAll(() => sandbox.remove())

test('lines that are cut in the middle are rejected, accounted for, and told without their secrets', async () => {
  const file = sandbox.write('edgemicro-emg-01-0-1-api.log', `${cutLines.join('\n')}\n`)
  const { code, stdout, stderr } = await sandbox.hangup(['parse', file])
  // Not one of them is a record that could be used.
  expect(code).toBe(1)
  const entries = ndjson(stdout)
  expect(entries.filter((entry) => entry.kind === 'event')).toEqual([])
  expect(entries.filter((entry) => entry.kind === 'rejected').length).toBe(cutLines.length)
  expect(leaks(run, stdout + stderr)).toEqual([])
  const good = sandbox.write('edgemicro-emg-02-0-1-api.log', `${infoLine()}\n`)
  const { ledger } = JSON.parse((await sandbox.hangup(['report', '--json', file, good])).stdout)
  expect(ledger).toMatchObject({ lines: cutLines.length + 1, events: 1, rejections: cutLines.length })
})

test('lines that are cut in the middle reach the dead letters without their secrets', async () => {
  const log = sandbox.write('input/edgemicro-emg-01-0-1-api.log', `${cutLines.join('\n')}\n`)
  const state = sandbox.path('run-state')
  const environment = { LOGS: log, HANGUP_STORE: path.join(state, 'hangup.duckdb'), HANGUP_STATE: state }
  fs.mkdirSync(state)
  const { code, stderr } = await sandbox.hangup(
    ['run', path.join(projectDirectory, 'pipelines/sample.yaml'), '--once'],
    {
      environment,
    },
  )
  expect({ code, leaks: leaks(run, stderr) }).toEqual({ code: 0, leaks: [] })
  const names = fs.readdirSync(state, { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => fs.statSync(path.join(state, name)).isFile())
  const texts = new Map(files.map((name) => [name, fs.readFileSync(path.join(state, name), 'utf8')]))
  expect([...texts].filter(([, text]) => leaks(run, text).length > 0).map(([name]) => name)).toEqual([])
  // They are there, one by one, and not just gone.
  const letters = [...texts].filter(([name]) => name.endsWith('.ndjson')).flatMap(([, text]) => ndjson(text))
  expect(letters.length).toBe(cutLines.length)
})
