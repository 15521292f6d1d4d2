import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { LineBlock } from '../../../src/records.js'
import { REDACT_ALL, Redactor } from '../../../src/redact/redactor.js'
import { recordsOf, styles } from '../../property/written-lines.js'
import { blockOf, eventLine, infoLine, sumOf } from '../../support/lines.js'
import { messagesOf, received, shipped, told } from './shipped.js'

const redactor = new Redactor(REDACT_ALL, Buffer.from('one'))

const cases = styles.chain((style) =>
  fc.record({
    first: fc.constant(style.writesAddress ? infoLine() : infoLine({ clientIp: '' })),
    // A key over several segments of the path is masked in the path, but not in its first segment alone, the proxy.
    sketch: recordsOf(style).map((sketch) => ({ ...sketch, clientId: sketch.clientId?.replaceAll('/', '-') })),
  }),
)

const noise = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          '\n',
          '\r\n',
          '\0',
          '][',
          ']',
          ' ',
          '{',
          'token: "abc',
          'x-api-key=abcdef',
          '-----BEGIN KEY-----',
          '2021-06-23T03:52:24.110Z ',
          '2021-06-23T03:52:24.110123456Z stdout P ',
          '2021-06-23T03:52:24.110Z stderr F ',
          '[error]',
          'info 2 ',
          'stats 1 requests=5, responses=4',
          '{"log":"',
          'a\\nb',
          '\\n","stream":"stdout"}',
          eventLine(),
          infoLine(),
          eventLine({ errorMessage: 'a\nb]\nc' }),
          eventLine({ errorMessage: 'password: {\na\nb}' }),
          eventLine({ host: 'a][b', clientId: 'c][d' }),
          eventLine({ url: '?a=b', correlationId: '' }),
        )
        .map((text) => Buffer.from(text)),
    ),
    { maxLength: 30 },
  )
  .map((chunks) => Buffer.concat(chunks))

const blocksOfNoise = fc.array(noise, { minLength: 1, maxLength: 3 }).map((parts) => {
  let offset = 0
  return parts.map((part, index) => {
    const bytes = Buffer.concat([part, Buffer.from('\n')])
    const block = blockOf(bytes, { offset, last: index === parts.length - 1 })
    offset += bytes.length
    return block
  })
})

/** Each line with its place. */
function placed(blocks: readonly LineBlock[]): readonly (readonly [text: string, offset: number])[] {
  return blocks.flatMap(({ bytes, offsetAt }) => {
    const lines: [string, number][] = []
    for (let start = 0; start < bytes.length; ) {
      const end = bytes.indexOf(0x0a, start) + 1 || bytes.length
      lines.push([Buffer.from(bytes.subarray(start, end)).toString('latin1'), offsetAt!(start)])
      start = end
    }
    return lines
  })
}

const linesIn = (blocks: readonly LineBlock[]): number =>
  Buffer.concat(blocks.map(({ bytes }) => bytes)).reduce((sum, byte) => sum + (byte === 0x0a ? 1 : 0), 0)

describe('lines that were shipped', () => {
  test('give the documents of the lines themselves, whatever an attacker writes into his request', () => {
    fc.assert(
      fc.property(cases, ({ first, sketch }) => {
        // Without the key in it, a Host with fake fields may be read in two ways: the line is rejected, not read wrong.
        fc.pre(!sketch.host?.includes('][') || !sketch.clientId || !sketch.host.includes(sketch.clientId))
        const blocks = [blockOf(`${first}\n${eventLine(sketch)}\n`)]
        const raw = told(blocks, redactor)
        const there = told(shipped(blocks, redactor), redactor)
        expect(there.documents).toEqual(raw.documents)
        expect(there.ledger).toEqual(raw.ledger)
        // Masked, it may be unusable for another reason.
        expect(there.rejections.map(([, offset]) => offset)).toEqual(raw.rejections.map(([, offset]) => offset))
      }),
      { numRuns: 2_000 },
    )
  })

  test('are the same, and stood at the same places, however they were packed', async () => {
    await fc.assert(
      fc.asyncProperty(
        blocksOfNoise,
        fc.nat(2_000),
        fc.integer({ min: 1, max: 5 }),
        async (blocks, messageBytes, batch) => {
          const messages = await messagesOf(blocks, { redactor, messageBytes })
          expect(messages.filter(({ value, count }) => count > 1 && value.length > messageBytes)).toEqual([])
          expect(placed(received(messages, blocks, batch))).toEqual(placed(shipped(blocks, redactor)))
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('are as many as were read, whatever their bytes and blocks', () => {
    fc.assert(
      fc.property(blocksOfNoise, (blocks) => {
        const raw = told(blocks, redactor)
        const there = shipped(blocks, redactor)
        expect(linesIn(there)).toBe(raw.ledger.lines)
        const { ledger } = told(there, redactor)
        expect(ledger.lines).toBe(raw.ledger.lines)
        expect(sumOf(ledger)).toBe(ledger.lines)
      }),
      { numRuns: 2_000 },
    )
  })
})
