import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Unwrapped, unwrapCri, unwrapDocker } from '../../src/parse/envelope.js'
import { utf8 } from '../support/lines.js'

const textOf = (line: Unwrapped | null): string | undefined =>
  line === null ? undefined : new TextDecoder().decode(line.bytes.subarray(line.start, line.end))

const docker = (text: string) => unwrapDocker(utf8(text), 0, utf8(text).length)
const cri = (text: string) => unwrapCri(utf8(text), 0, utf8(text).length)

describe('unwrapDocker', () => {
  test('gives the text without its line end, and its stream', () => {
    const line = docker('{"log":"a \\"b\\" é\\n","stream":"stderr","time":"2026-11-23T02:41:07.896123456Z"}')
    expect(textOf(line)).toBe('a "b" é')
    expect(line).toMatchObject({ stream: 'stderr', partial: false })
  })

  test('tells a text without line end as partial', () => {
    expect(docker('{"log":"a","stream":"stdout"}')).toMatchObject({ stream: 'stdout', partial: true })
  })

  test('takes a line without stream for standard output', () => {
    expect(docker('{"log":"a\\n"}')).toMatchObject({ stream: 'stdout' })
  })

  test('gives what JSON says, whatever is escaped', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '"', '\\', '/', '\n', '\r', '\t', '\b', '\f', '\0', '<', '&', 'é', '€', '😀'),
    })
    const escaped = (json: string) =>
      json.replace(/[<&/€é]/g, (c) => (c === '/' ? '\\/' : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`))
    fc.assert(
      fc.property(text, fc.boolean(), fc.boolean(), (log, isEscaped, isWhole) => {
        const json = JSON.stringify({
          log: isWhole ? `${log}\n` : log,
          stream: 'stderr',
          time: '2026-11-23T02:41:07.896123456Z',
        })
        const line = docker(isEscaped ? escaped(json) : json)
        const partial = !isWhole && !log.endsWith('\n')
        expect(textOf(line)).toBe(isWhole || partial ? log : log.slice(0, -1))
        expect(line).toMatchObject({ stream: 'stderr', partial })
      }),
      { numRuns: 2_000 },
    )
  })

  test('takes other orders and blanks, as other programs write them', () => {
    expect(textOf(docker('{ "stream": "stdout", "log": "a\\n" }'))).toBe('a')
  })

  test('takes the attributes that labels and tags become', () => {
    expect(textOf(docker('{"log":"a\\n","stream":"stdout","attrs":{"tag":"x"},"time":"t"}'))).toBe('a')
  })

  test.each([
    ['torn JSON', '{"log":"a\\n","str'],
    ['JSON without log', '{"message":"a"}'],
    ['a log that is no text', '{"log":5}'],
    ['null', 'null'],
    ['a list', '["log"]'],
    ['a plain line', 'PROCESS PID : 7'],
  ])('leaves %s alone', (_, text) => {
    expect(docker(text)).toBeNull()
  })
})

describe('unwrapCri', () => {
  test.each([
    ['a whole line', 'stdout F text of a line', 'text of a line', 'stdout', false],
    ['a part of a line', 'stderr P text', 'text', 'stderr', true],
    ['an empty line', 'stdout F ', '', 'stdout', false],
    ['an empty line that lost its blank', 'stdout F', '', 'stdout', false],
    ['a line with leading blanks', 'stdout F   at f ()', '  at f ()', 'stdout', false],
    ['more tags', 'stdout F:x text', 'text', 'stdout', false],
  ])('unwraps %s', (_, rest, text, stream, partial) => {
    const line = cri(`2026-11-23T02:41:07.896123456Z ${rest}`)
    expect(textOf(line)).toBe(text)
    expect(line).toMatchObject({ stream, partial })
  })

  test('takes a local offset in the time', () => {
    expect(cri('2026-11-23T02:41:07.896123456+01:00 stdout F text')).not.toBeNull()
  })

  test.each([
    ['an event', '2026-11-23T02:41:07.896Z [error][h][1][o][e][u][][][][c][][GET][502][x][Y][]'],
    ['a plain line', '2026-11-23T02:41:07.896Z info 20015 worker 1 is online'],
    ['another stream', '2026-11-23T02:41:07.896123456Z stdin F text'],
    ['another tag', '2026-11-23T02:41:07.896123456Z stdout X text'],
    ['no tag', '2026-11-23T02:41:07.896123456Z stdout '],
    ['no blank at all', '2026-11-23T02:41:07.896123456Z'],
  ])('leaves %s alone', (_, text) => {
    expect(cri(text)).toBeNull()
  })
})
