import { describe, expect, test } from '@jest/globals'
import { EntryNames } from '../../src/bundle/entry-names.js'
import { LogFiles, type TimeRange } from '../../src/bundle/log-files.js'
import { logLevelWarnings } from '../../src/bundle/log-level.js'
import { Spool } from '../../src/bundle/spool.js'
import { REDACT_ALL, Redactor } from '../../src/redact/redactor.js'
import { T0 } from '../support/documents.js'
import { clientHalf, infoLine, targetHalf, timestamp } from '../support/lines.js'

const ALL: TimeRange = { sinceMs: null, untilMs: null }

/** Keeps its pieces. */
class Kept extends Spool {
  text = ''
  override async append(piece: Uint8Array): Promise<void> {
    this.text += Buffer.from(piece).toString()
    await super.append(piece)
  }
}

async function logsOf(texts: Readonly<Record<string, string>>, range = ALL) {
  const spools: Kept[] = []
  const openSpool = (): Spool => {
    const spool = new Kept(null, 0)
    spools.push(spool)
    return spool
  }
  const redactor = new Redactor({ ...REDACT_ALL, tokens: 'mask' }, new Uint8Array(32))
  const logs = new LogFiles({ redactor, range, names: new EntryNames(), openSpool })
  for (const [path, text] of Object.entries(texts)) {
    await logs.add({
      source: { path, partition: path, gateway: null },
      bytes: Buffer.from(text),
      offset: 0,
      last: false,
    })
  }
  const entries = await logs.end()
  return entries.map(({ entry, ...log }) => ({
    name: entry.name,
    text: spools.find(({ bytes, text }) => bytes === entry.bytes && text !== '')?.text,
    ...log,
  }))
}

describe('logs of a time', () => {
  const lines = [infoLine({ at: 0 }), targetHalf({ at: 1000 }), '    at a stack trace', clientHalf({ at: 2000 })]

  test('hold all lines where no time is named', async () => {
    const [{ text, lines: count, hasInfo }] = await logsOf({ 'a.log': `${lines.join('\n')}\n` })
    expect({ times: text?.split('\n').map((line) => line.slice(0, 24)), count, hasInfo }).toEqual({
      times: [timestamp(0), timestamp(1000), '    at a stack trace', timestamp(2000), ''],
      count: 4,
      hasInfo: true,
    })
  })

  test('begin with the first millisecond and end before the last, with what follows a record', async () => {
    const range = { sinceMs: T0 + 1000, untilMs: T0 + 2000 }
    const [{ text, lines: count, hasInfo }] = await logsOf({ 'a.log': `${lines.join('\n')}\n` }, range)
    expect(text).toMatch(new RegExp(`^${timestamp(1000)} .*\\n    at a stack trace\\n$`))
    expect({ count, hasInfo }).toEqual({ count: 2, hasInfo: false })
  })

  test('leave out logs without a line in it', async () => {
    const texts = { 'a.log': `${infoLine({ at: 0 })}\n`, 'b.log': `${infoLine({ at: 9000 })}\n` }
    expect((await logsOf(texts, { sinceMs: T0 + 5000, untilMs: null })).map(({ name }) => name)).toEqual(['logs/b.log'])
  })

  test('have the names that the gateway gave, and others without what may be a secret', async () => {
    const own = 'edgemicro-emg-7d9f8b6c5d-x2k4z-af837600-e6ea-11f1-8a20-cdd16feea2c8-1-api.log'
    const line = `${infoLine()}\n`
    const paths = [`/token=q7/${own}.gz`, 'x?token=hunter.log', 'q7Zk2Vx9Tn4Lw8Rb3Yc6.log', '-']
    const names = (await logsOf(Object.fromEntries(paths.map((path) => [path, line])))).map(({ name }) => name)
    expect(names).toEqual([`logs/${own}`, 'logs/x_', 'logs/_.log', 'logs/standard-input.log'])
  })
})

describe('the log level', () => {
  const log = (name: string, hasInfo: boolean) => ({
    entry: { name, bytes: 1, sha256: '', read: () => [] },
    lines: 1,
    hasInfo,
  })
  const FILE = 'acme-test-config.yaml'

  test('of info is right', () => {
    expect(logLevelWarnings({ level: 'info', logs: [log('logs/a', true)], file: FILE })).toEqual([])
  })

  test.each(['error', 'warn', 'debug'])('of %s is warned of, with how to set it', (level) => {
    const [warning, ...others] = logLevelWarnings({ level, logs: [log('logs/a', false)], file: FILE })
    expect(warning).toContain(`log level is ${level}`)
    expect(warning).toContain(`Set edgemicro.logging.level: info in ${FILE}`)
    expect(others).toEqual([])
  })

  test('is told by the lines where no configuration is there, or it was changed since', () => {
    const logs = [log('logs/a', false), log('logs/b', true)]
    for (const level of [null, 'info']) {
      expect(logLevelWarnings({ level, logs, file: FILE })).toEqual([
        expect.stringMatching(/^no info lines in logs\/a: /),
      ])
    }
    expect(logLevelWarnings({ level: null, logs: [log('logs/a', false)], file: FILE })[0]).toMatch(
      /^no info lines in these logs: /,
    )
  })
})
