import { describe, expect, test } from '@jest/globals'
import type { LineBlock } from '../../../src/records.js'
import { REDACT_ALL, type RedactionSettings, Redactor, SHOW_ALL } from '../../../src/redact/redactor.js'
import { sourceAt } from '../../../src/sources/log-file-name.js'
import { leaks } from '../../contract/cli/secrets.js'
import { corpusRun, RUNS } from '../../support/truth.js'
import { messagesOf, received, shipped, told } from './shipped.js'

const BLOCK_BYTES = 64 * 1024

const redactorOf = (settings: RedactionSettings): Redactor => new Redactor(settings, Buffer.from('one'))

describe.each(RUNS)('the lines of run %s', (name) => {
  const run = corpusRun(name)
  const blocks = run.logs.flatMap(({ file, text }) => blocksOf(file.replace(/\.gz$/, ''), Buffer.from(text)))

  test.each<[string, RedactionSettings]>([
    ['as by default', REDACT_ALL],
    ['with masked queries', { ...REDACT_ALL, query: 'mask' }],
    ['with keys dropped', { ...REDACT_ALL, clientId: 'drop' }],
  ])('give the same documents once they were shipped: %s', (_, settings) => {
    const redactor = redactorOf(settings)
    const raw = told(blocks, redactor)
    const there = told(shipped(blocks, redactor), redactor)
    expect(raw.documents.length).toBeGreaterThan(0)
    expect(there.documents).toEqual(raw.documents)
    expect(there.ledger).toEqual(raw.ledger)
    expect(there.rejections).toEqual(raw.rejections)
  })

  test.each([0, 16_384])('give the same documents out of messages of up to %d bytes', async (messageBytes) => {
    const redactor = redactorOf(REDACT_ALL)
    const raw = told(blocks, redactor)
    const messages = await messagesOf(blocks, { redactor, messageBytes })
    const there = told(received(messages, blocks), redactor)
    expect(there.documents).toEqual(raw.documents)
    expect(there.ledger).toEqual(raw.ledger)
    expect(there.rejections).toEqual(raw.rejections)
  })

  test('hold no secret once they were shipped', () => {
    expect(leaks(run, textOf(shipped(blocks, redactorOf(REDACT_ALL))))).toEqual([])
  })

  test('stay as they are where all is shown, and where they were shipped before', () => {
    expect(textOf(shipped(blocks, redactorOf(SHOW_ALL)))).toBe(textOf(blocks))
    const once = shipped(blocks, redactorOf(REDACT_ALL))
    expect(textOf(shipped(once, redactorOf(REDACT_ALL)))).toBe(textOf(once))
  })
})

const textOf = (blocks: readonly LineBlock[]): string => Buffer.concat(blocks.map(({ bytes }) => bytes)).toString()

function blocksOf(path: string, bytes: Buffer): LineBlock[] {
  const source = sourceAt(path)
  const blocks: LineBlock[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, Math.min(bytes.length, offset + BLOCK_BYTES) - 1)
    const end = newline < 0 ? bytes.length : newline + 1
    blocks.push({ source, bytes: bytes.subarray(offset, end), offset, last: end === bytes.length })
    offset = end
  }
  return blocks
}
