import fs from 'node:fs'
import { afterAll, describe, expect, test } from '@jest/globals'
import { REDACT_ALL, Redactor } from '../../../src/redact/redactor.js'
import { readStore } from '../../fault/store.js'
import { ndjson, Sandbox } from '../../support/cli.js'
import { clientHalf, eventLine, infoLine, targetHalf } from '../../support/lines.js'
import { expectError } from './expect-error.js'

const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

const LOG = 'edgemicro-gw-1-1-api.log'
const idOf = (number: number): string => `00000000-0000-4000-8000-00000000000${number}`
const redactor = new Redactor(REDACT_ALL, new Uint8Array(32))

/** The letter of a line of the log, as a version that could not use it would have left it. */
function letterOf(line: string, offset: number): object {
  const position = { source: sandbox.path(LOG), offset }
  return { kind: 'rejected', reason: 'bad_field', text: redactor.rejected(line), position }
}

const lines = [
  targetHalf({ at: 0, correlationId: idOf(1) }),
  clientHalf({ at: 1, correlationId: idOf(1) }),
  infoLine({ at: 2, correlationId: idOf(2) }),
  targetHalf({ at: 3, correlationId: idOf(3) }),
  clientHalf({ at: 4, correlationId: idOf(3) }),
  eventLine({ at: 5, level: 'loud' }),
]
const offsetOf = (index: number): number => lines.slice(0, index).join('\n').length + (index > 0 ? 1 : 0)
const text = (kept: (line: string, index: number) => boolean): string =>
  // Lines keep their places: what is left out is blank.
  `${lines.map((line, index) => (kept(line, index) ? line : ' '.repeat(line.length))).join('\n')}\n`

/** A pipeline on the log, with a store of its own. */
function pipelineOf(
  name: string,
  more = '',
): { readonly file: string; readonly store: string; readonly letters: string } {
  const store = sandbox.path(`${name}.duckdb`)
  const yaml = `name: ${name}
source: { files: { paths: ["${sandbox.path(LOG)}"] } }
sinks: [{ duckdb: { path: "${store}" } }]
state: { directory: "${sandbox.path('state')}" }
${more}`
  const file = sandbox.write(`${name}.yaml`, yaml)
  return { file, store, letters: sandbox.path('state', `${name}.dead-letters.ndjson`) }
}

const write = (name: string, letters: readonly object[]): string =>
  sandbox.write(name, letters.map((letter) => `${JSON.stringify(letter)}\n`).join(''))

describe('a replay', () => {
  test('completes what is stored, changes nothing when it is repeated, and a pass over the lines has the last word', async () => {
    const { file, store, letters } = pipelineOf('replay')
    // The second half of one failure and all of another one were rejected; so was a request, and it stays uncounted.
    const lost = [1, 2, 3, 4]
    sandbox.write(
      LOG,
      text((_, index) => !lost.includes(index) && index !== 5),
    )
    expect(await sandbox.hangup(['run', '--once', file])).toMatchObject({ code: 0 })
    write(
      'state/replay.dead-letters.ndjson',
      [...lost, 5, 1].map((index) => letterOf(lines[index], offsetOf(index))),
    )

    const before = fs.readFileSync(letters)
    const dry = await sandbox.hangup(['dead-letters', 'replay', file, '--dry-run'])
    expect(dry.code).toBe(3)
    expect(dry.stderr).toContain('6 letters: 5 would be done, 1 remains')
    expect((await readStore(store)).failures).toMatchObject([{ id: idOf(1), halves: 'target' }])

    const left = sandbox.path('left.ndjson')
    const replayed = await sandbox.hangup(['dead-letters', 'replay', file, '--remaining', left])
    expect(replayed).toMatchObject({ code: 3, stdout: '' })
    expect(replayed.stderr).toBe(
      [
        '6 letters: 5 done, 1 remains',
        '  4 rejected lines stored as part of a failure',
        '  1 rejected line understood, with nothing to store: requests are not counted again',
        '  1 remains: this version cannot use the line either',
        `what is left: ${left}`,
        '',
      ].join('\n'),
    )
    expect(ndjson(fs.readFileSync(left, 'utf8'))).toEqual([letterOf(lines[5], offsetOf(5))])
    expect(fs.readFileSync(letters).equals(before)).toBe(true)
    const after = await readStore(store)
    expect(after.failures).toMatchObject([
      {
        id: idOf(1),
        halves: 'both',
        target: '10.0.0.9:8080',
        target_source: 'log',
        status_code: '502',
        org: 'acme-eval',
      },
      { id: idOf(3), halves: 'both', target: null, target_source: 'unknown', status_code: '502', org: null },
    ])
    expect(after.traffic).toEqual([])

    expect(await sandbox.hangup(['dead-letters', 'replay', file])).toMatchObject({ code: 3 })
    expect(await readStore(store)).toEqual(after)
    const rest = await sandbox.hangup(['dead-letters', 'replay', file, '--from', left, '--json'])
    expect(rest.code).toBe(3)
    expect(JSON.parse(rest.stdout)).toEqual({
      ...{ letters: 1, dry_run: false, documents: 0, failures: 0, understood: 0 },
      ...{ remaining: 1, remaining_by: { rejected: 1 }, left_alone: 0 },
    })

    // The lines themselves, in the same places, over what the letters gave: as if there had been no letters.
    sandbox.write(
      LOG,
      text((_, index) => index !== 5),
    )
    expect(await sandbox.hangup(['run', '--once', file])).toMatchObject({ code: 0 })
    const single = pipelineOf('single')
    expect(await sandbox.hangup(['run', '--once', single.file])).toMatchObject({ code: 0 })
    expect(await readStore(store)).toEqual(await readStore(single.store))
  }, 300_000)

  test('leaves letters of other reasons alone, and ends well where there are none', async () => {
    const { file, store } = pipelineOf('reasons')
    const none = await sandbox.hangup(['dead-letters', 'replay', file])
    expect(none).toMatchObject({ code: 0, stderr: '0 letters: 0 done, 0 remain\n' })
    expect(fs.existsSync(store)).toBe(false)
    const letters = write('mixed.ndjson', [
      letterOf(clientHalf({ correlationId: idOf(4) }), 0),
      { ...letterOf(clientHalf({ correlationId: idOf(5) }), 500), reason: 'bad_level' },
    ])
    sandbox.write('state/redact.key', '0123456789abcdef'.repeat(4))
    const left = sandbox.path('others.ndjson')
    const commandLine = [
      'dead-letters',
      'replay',
      file,
      '--from',
      letters,
      '--reason',
      'bad_level',
      '--remaining',
      left,
    ]
    const { code, stderr } = await sandbox.hangup(commandLine)
    expect(code).toBe(0)
    expect(stderr).toContain('1 letter: 1 done, 0 remain\n')
    expect(stderr).toContain('1 letter left alone: another reason')
    expect((await readStore(store)).failures).toMatchObject([{ id: idOf(5), halves: 'client' }])
    expect(ndjson(fs.readFileSync(left, 'utf8'))).toMatchObject([{ reason: 'bad_field' }])
  })

  test('reads what parse prints', async () => {
    const { file } = pipelineOf('piped')
    sandbox.write('state/redact.key', '0123456789abcdef'.repeat(4))
    sandbox.write('bad.log', `${eventLine({ level: 'loud' })}\n`)
    const parsed = await sandbox.hangup(['parse', 'bad.log'])
    const { code, stderr } = await sandbox.hangup(['dead-letters', 'replay', file, '--from', '-'], {
      stdin: parsed.stdout,
    })
    expect(code).toBe(3)
    expect(stderr).toContain('1 letter: 0 done, 1 remains')
  })

  test.each([
    ['no pipeline', ['replay'], 2, /^hangup: argument missing: PIPELINE/],
    ['a pipeline that is not there', ['replay', 'nowhere.yaml'], 2, /nowhere\.yaml/],
    ['a place that is not there', ['replay', 'PIPELINE', '--from', 'nowhere.ndjson'], 1, /nowhere\.ndjson/],
    ['a place that is a directory', ['replay', 'PIPELINE', '--from', 'state'], 1, /state/],
    ['no letters', ['replay', 'PIPELINE', '--from', 'PIPELINE'], 1, /not a file of dead letters: .* \(line 1\)/],
    ['a file that is read', ['replay', 'PIPELINE', '--from', 'x', '--remaining', './x'], 2, /--remaining \.\/x/],
    ['a reason that is none', ['replay', 'PIPELINE', '--reason', 'bad'], 2, /unknown reason: bad/],
    ['an option of list', ['replay', 'PIPELINE', '--limit', '3'], 2, /not an option of dead-letters replay: --limit/],
  ])('tells of %s', async (_, words, code, says) => {
    const { file } = pipelineOf('refused')
    sandbox.write('state/x', '')
    const result = await sandbox.hangup(['dead-letters', ...words.map((word) => (word === 'PIPELINE' ? file : word))])
    expectError(result, code)
    expect(result.stderr).toMatch(says)
  })

  test('tells where the store is in use, and has done nothing', async () => {
    const { file, store } = pipelineOf('locked')
    fs.mkdirSync(store)
    const letters = write('one.ndjson', [letterOf(clientHalf(), 0)])
    sandbox.write('state/redact.key', '0123456789abcdef'.repeat(4))
    const left = sandbox.path('never.ndjson')
    const result = await sandbox.hangup(['dead-letters', 'replay', file, '--from', letters, '--remaining', left])
    expectError(result, 1)
    expect(fs.existsSync(left)).toBe(false)
  })
})
