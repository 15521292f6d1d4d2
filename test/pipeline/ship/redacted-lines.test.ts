import { describe, expect, test } from '@jest/globals'
import { RedactedLines } from '../../../src/pipeline/ship/redacted-lines.js'
import { REDACT_ALL, Redactor, SHOW_ALL } from '../../../src/redact/redactor.js'
import { blockOf, eventLine, infoLine, logSource, timestamp } from '../../support/lines.js'
import { shippedText } from './shipped.js'

const redactor = new Redactor(REDACT_ALL, Buffer.from('one'))
const KEY = redactor.clientKey('k-3f9a7c55e1') ?? ''
const ship = (text: string): string => shippedText(text, redactor)

describe('a line that leaves', () => {
  test('has the hash of its API key and a url without query, and is the same otherwise', () => {
    const line = `${eventLine({ url: 'v1/orders?token=abc', errorMessage: 'a  b\tc' })} \r\n`
    expect(ship(line)).toBe(line.replace('k-3f9a7c55e1', KEY).replace('?token=abc', ''))
  })

  test('is left as it is where all is shown', () => {
    const text = `${eventLine({ url: 'v1?a=b' })}\n  at x\n${timestamp()} info 1 token=abc\r\n`
    expect(shippedText(text, new Redactor(SHOW_ALL, Buffer.from('one')))).toBe(text)
  })

  test('keeps bytes that are no UTF-8', () => {
    const text = Buffer.concat([Buffer.from(`${timestamp()} info 1 a`), Buffer.from([0x80, 0xff, 0x0a])])
    const lines = new RedactedLines(redactor)
    lines.add(blockOf(text))
    expect(Buffer.compare(lines.take()[0].bytes, text)).toBe(0)
  })

  test('has a path still where nothing of its url may be told', () => {
    expect(ship(`${infoLine({ url: '?a=b' })}\n`)).toContain('[test][#][127.0.0.22]')
  })

  test('of several lines keeps them; those that a secret took are blank behind it', () => {
    const harmless = `${eventLine({ errorMessage: 'a\nb' })}\n`
    expect(ship(harmless)).toBe(harmless.replace('k-3f9a7c55e1', KEY))
    const masked = ship(`${eventLine({ errorMessage: '-----BEGIN X-----\nabc\n-----END X-----' })}\n${infoLine()}\n`)
    expect(masked.split('\n')).toHaveLength(5)
    expect(masked).toMatch(/\[\*\*\*]\[ECONNRESET]\[]\n\n\n/)
  })

  test('is looked at together with the lines around it that belong to the same record', () => {
    const text = `${infoLine()}\n-----BEGIN X-----\nabcdef\n-----END X-----\n${infoLine()}\n`
    const left = ship(text)
    expect(left).not.toContain('abcdef')
    expect(left.split('\n')).toHaveLength(text.split('\n').length)
  })

  test('that is rejected is masked and stays one', () => {
    const left = ship(`${infoLine()}\n${timestamp()} [error][a][b][sEcReT123]\n`)
    expect(left.split('\n')).toHaveLength(3)
    expect(left).not.toContain('sEcReT123')
  })

  test("of a container leaves without the container's envelope, and its pieces as one", () => {
    const [first, second] = [infoLine().slice(0, 50), infoLine().slice(50)]
    const entry = (log: string): string => JSON.stringify({ log, stream: 'stdout', time: 'x' })
    expect(ship(`${entry(first)}\n${entry(`${second}\n`)}\n`)).toBe(`${infoLine().replace('k-3f9a7c55e1', KEY)}\n\n`)
  })
})

test('lines are told with their places, and what belongs to the last record waits for the next one', () => {
  const lines = new RedactedLines(redactor)
  const source = logSource()
  const first = `${infoLine()}\n`
  lines.add(blockOf(`${first}  at x\n`, { offset: 100, last: false, source }))
  expect(lines.take()).toMatchObject([{ source, starts: [0], offsets: [100] }])
  lines.add(blockOf(first, { offset: 107 + first.length, last: false, source }))
  expect(lines.take()).toMatchObject([{ starts: [0, 7], offsets: [100 + first.length, 107 + first.length] }])
  lines.add(blockOf('  at y\n', { offset: 500, last: false, source }))
  expect(lines.take()).toEqual([])
  lines.end(source)
  expect(lines.take().map(({ bytes }) => bytes.toString())).toEqual(['  at y\n'])
})
