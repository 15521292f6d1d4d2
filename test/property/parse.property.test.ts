import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { LineBlock } from '../../src/records.js'
import { blockOf, eventLine, expectedFields, infoLine, parsed, parsedBlocks, sumOf } from '../support/lines.js'
import { recordsOf, styles } from './written-lines.js'

describe('a line as the gateway writes it', () => {
  const cases = styles.chain((style) => fc.record({ style: fc.constant(style), sketch: recordsOf(style) }))

  test.each([
    ['a gateway that has shown what it is', true],
    ['a gateway of which nothing is known', false],
  ])('is read as written or rejected, never read wrong: %s', (_, isLearned) => {
    let events = 0
    fc.assert(
      fc.property(cases, ({ style, sketch }) => {
        const first = isLearned ? `${infoLine(style.writesAddress ? {} : { clientIp: '' })}\n` : ''
        const found = parsed(`${first}${eventLine(sketch)}\n`)
        const [event] = found.events.slice(isLearned ? 1 : 0)
        if (event === undefined) {
          expect(found.rejections).toHaveLength(1)
          return
        }
        events++
        const expected = expectedFields(sketch)
        const fields = { ...event.fields }
        for (const name of event.uncertain) {
          delete expected[name]
          Reflect.deleteProperty(fields, name)
        }
        expect(fields).toEqual(expected)
      }),
      { numRuns: 3_000 },
    )
    // That all were rejected would prove nothing.
    expect(events).toBeGreaterThan(isLearned ? 2_000 : 1_000)
  })
})

/** Bytes that are likely to hit upon something, and any others. */
const noise = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .constantFrom(
          '\n',
          '\r\n',
          '\0',
          '][',
          ']',
          '[',
          ' ',
          '2021-06-23T03:52:24.110Z ',
          '2021-06-23T03:52:24.110123456Z stdout P ',
          '2021-06-23T03:52:24.110Z stderr F ',
          '[error]',
          'info 2 ',
          'stats 1 requests=5, responses=4',
          '{"log":"',
          '\\n","stream":"stdout"}',
          eventLine(),
          infoLine(),
          eventLine({ message: 'a\nb]\nc' }),
          eventLine({ host: 'a][b', clientId: 'c][d' }),
        )
        .map((text) => Buffer.from(text)),
    ),
    { maxLength: 40 },
  )
  .map((chunks) => Buffer.concat(chunks))

describe('any bytes', () => {
  test('never throw, and each line is counted once', () => {
    fc.assert(
      fc.property(noise, fc.constantFrom(64, 300, 1 << 20), (bytes, maxLineBytes) => {
        const { ledger } = parsed(bytes, { maxLineBytes })
        expect(sumOf(ledger)).toBe(ledger.lines)
        expect(ledger.lines).toBeGreaterThanOrEqual(linesIn(bytes))
        if (!bytes.includes(0)) expect(ledger.lines).toBe(linesIn(bytes))
      }),
      { numRuns: 2_000 },
    )
  })

  test('give the same entries however whole lines are put into blocks', () => {
    fc.assert(
      fc.property(noise, fc.array(fc.nat(), { maxLength: 5 }), (bytes, cuts) => {
        const { ledger, events, rejections, continuations, plains } = parsed(bytes)
        expect(parsedBlocks(blocksOf(bytes, cuts))).toMatchObject({ ledger, events, rejections, continuations, plains })
      }),
      { numRuns: 1_000 },
    )
  })

  test('never throw where only halves are looked at', () => {
    fc.assert(
      fc.property(noise, (bytes) => {
        expect(parsed(bytes, { halvesOnly: true }).ledger.lines).toBe(parsed(bytes).ledger.lines)
      }),
    )
  })
})

describe('a log with holes of NUL bytes', () => {
  const lines = fc.array(fc.constantFrom(eventLine(), infoLine(), eventLine({ message: '', clientId: 'x' })), {
    minLength: 1,
    maxLength: 12,
  })
  const holes = fc.array(fc.record({ at: fc.nat(4000), length: fc.integer({ min: 16, max: 700 }) }), { maxLength: 3 })

  test('gives each line that was left whole as it was written, and no other event', () => {
    fc.assert(
      fc.property(lines, holes, fc.constantFrom('\n', '\r\n'), (lines, holes, lineEnd) => {
        const whole = Buffer.from(lines.map((line) => line + lineEnd).join(''))
        const bytes = Buffer.from(whole)
        for (const { at, length } of holes)
          bytes.fill(0, Math.min(at, bytes.length), Math.min(at + length, bytes.length))
        let offset = 0
        const left: number[] = []
        for (const line of lines) {
          if (bytes.subarray(offset, offset + line.length).equals(whole.subarray(offset, offset + line.length)))
            left.push(offset)
          offset += line.length + lineEnd.length
        }
        const { events, ledger } = parsed(bytes)
        expect(events.map((event) => event.offset)).toEqual(left)
        expect(sumOf(ledger)).toBe(ledger.lines)
      }),
      { numRuns: 1_000 },
    )
  })
})

function linesIn(bytes: Uint8Array): number {
  let lines = 0
  for (const byte of bytes) if (byte === 0x0a) lines++
  return bytes.length > 0 && bytes.at(-1) !== 0x0a ? lines + 1 : lines
}

/** Blocks of whole lines, cut behind the line ends next to the given places. */
function blocksOf(bytes: Uint8Array, cuts: readonly number[]): LineBlock[] {
  const places = cuts.map((cut) => bytes.indexOf(0x0a, cut % (bytes.length + 1)) + 1)
  const ends = [...new Set([...places.filter((end) => end > 0), bytes.length])].sort((a, b) => a - b)
  let offset = 0
  return ends.map((end) => {
    const block = blockOf(bytes.slice(offset, end), { offset, last: end === bytes.length })
    offset = end
    return block
  })
}
