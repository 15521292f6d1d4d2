import { describe, expect, test } from '@jest/globals'
import { unwrapCri, unwrapDocker } from '../../src/parse/envelope.js'
import { utf8 } from '../support/lines.js'

const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

const docker = (text: string) => unwrapDocker(utf8(text), 0, utf8(text).length)
const cri = (text: string) => unwrapCri(utf8(text), 0, utf8(text).length)

describe('unwrapDocker', () => {
  test('gives the text without its line end, and its stream', () => {
    const line = docker('{"log":"a \\"b\\" é\\n","stream":"stderr","time":"2026-11-23T02:41:07.896123456Z"}')
    expect(decode(line?.bytes)).toBe('a "b" é')
    expect(line).toMatchObject({ stream: 'stderr', partial: false })
  })

  test('tells a text without line end as partial', () => {
    expect(docker('{"log":"a","stream":"stdout"}')).toMatchObject({ stream: 'stdout', partial: true })
  })

  test('takes a line without stream for standard output', () => {
    expect(docker('{"log":"a\\n"}')).toMatchObject({ stream: 'stdout' })
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
    expect(decode(line?.bytes)).toBe(text)
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

  test('gives bytes that outlive the block', () => {
    const bytes = utf8('2026-11-23T02:41:07.896123456Z stdout F text')
    const line = unwrapCri(bytes, 0, bytes.length)
    bytes.fill(0)
    expect(decode(line?.bytes)).toBe('text')
  })
})
