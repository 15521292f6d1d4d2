import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { TextView } from '../../src/line-handler.js'
import { DeadLetters } from '../../src/pipeline/dead-letters.js'
import type { DeadLetter } from '../../src/records.js'
import { REDACT_ALL, Redactor } from '../../src/redact/redactor.js'
import type { DeadLetterSink } from '../../src/sinks/dead-letters/dead-letter-sink.js'
import { LetterFile } from '../../src/sinks/dead-letters/letter-file.js'
import { ndjson } from '../support/cli.js'
import { failure, traffic } from '../support/documents.js'
import { logSource, utf8 } from '../support/lines.js'
import { modeOf, temporaryDirectories } from './temporary.js'

const directory = temporaryDirectories()
const redactor = new Redactor(REDACT_ALL, new Uint8Array(32))

function view(line: string, offset = 0): TextView {
  const bytes = utf8(`before\n${line}\nbehind`)
  const lineStart = 7
  const lineEnd = bytes.length - 7
  const source = logSource({ path: '/log/edgemicro-gw-1-api.log' })
  return { bytes, source, offset, timeMs: Number.NaN, lineStart, lineEnd, level: null, pid: null, textStart: lineStart }
}

const lettersIn = (file: string, redact: (text: string) => string): DeadLetters =>
  new DeadLetters({ sink: new LetterFile(file), redact })

/** Letters on their way to a sink that keeps them when it is told to. */
function lettersTo(write: (letters: readonly DeadLetter[]) => Promise<void>): DeadLetters {
  const sink: DeadLetterSink = { write, close: async () => {} }
  return new DeadLetters({ sink, redact: (text) => text })
}

function door() {
  let open = (): void => {}
  const isOpen = new Promise<void>((resolve) => {
    open = resolve
  })
  return { isOpen, open }
}

const read = (file: string) => ndjson(fs.readFileSync(file, 'utf8'))

describe('dead letters', () => {
  test('are made with their directory when the first one comes, readable by their owner only', async () => {
    const file = path.join(directory(), 'state', 'letters.ndjson')
    const letters = lettersIn(file, (text) => text)
    await letters.flush()
    expect(fs.existsSync(path.dirname(file))).toBe(false)
    letters.add('bad_level', view('a line', 12))
    await letters.flush()
    expect(read(file)).toEqual([
      {
        kind: 'rejected',
        reason: 'bad_level',
        text: 'a line',
        position: { source: '/log/edgemicro-gw-1-api.log', offset: 12 },
        gateway: 'gw',
      },
    ])
    expect(modeOf(file)).toBe(0o600)
    expect(modeOf(path.dirname(file))).toBe(0o700)
  })

  test('are redacted', async () => {
    const file = path.join(directory(), 'letters.ndjson')
    const letters = lettersIn(file, (text) => redactor.rejected(text))
    letters.add(
      'unterminated',
      view('2026-11-23T02:53:42.000Z [error][gw][3] x-api-key: sk-Secret12345 /p?token=hunter2'),
    )
    await letters.flush()
    const text = fs.readFileSync(file, 'utf8')
    expect(text).toContain('2026-11-23T02:53:42.000Z')
    expect(text).not.toMatch(/Secret12345|hunter2/)
  })

  test('go behind those that are there, each once, in order', async () => {
    const file = path.join(directory(), 'letters.ndjson')
    for (const run of [0, 1]) {
      const letters = lettersIn(file, (text) => text)
      letters.add('no_record', view(`${run}: first`))
      await letters.flush()
      letters.add('no_record', view(`${run}: second`))
      letters.add('no_record', view(`${run}: third`))
      await letters.flush()
      await letters.flush()
    }
    const texts = read(file).map(({ text }) => text)
    expect(texts).toEqual(['0: first', '0: second', '0: third', '1: first', '1: second', '1: third'])
  })

  test('keep the beginning of a very long line, and survive bytes that are no text', async () => {
    const file = path.join(directory(), 'letters.ndjson')
    const letters = lettersIn(file, (text) => text)
    letters.add('too_long', view('x'.repeat(300_000)))
    const bytes = Uint8Array.of(0xff, 0x00, 0x22, 0x0a)
    letters.add('control_bytes', { ...view(''), bytes, lineStart: 0, lineEnd: 3 })
    await letters.flush()
    const [long, binary] = read(file)
    expect(long).toMatchObject({ text: 'x'.repeat(65_536), cut: true })
    expect(binary.text).toBe('\ufffd\u0000"')
    expect(binary).not.toHaveProperty('cut')
  })

  test('are written in the background where many wait, or at once where that is asked for', async () => {
    const written: number[] = []
    const letters = lettersTo(async (batch) => void written.push(batch.length))
    letters.add('no_record', view('one'))
    await letters.makeRoom()
    expect(written).toEqual([])
    await letters.makeRoom({ now: true })
    expect(written).toEqual([1])
    for (let count = 0; count < 20; count++) letters.add('too_long', view('x'.repeat(60_000)))
    await letters.makeRoom()
    expect(written).toEqual([1, 20])
  })

  test('hold up nobody while they are written, until too many wait', async () => {
    const first = door()
    const written: number[] = []
    const letters = lettersTo(async (batch) => {
      await first.isOpen
      written.push(batch.length)
    })
    letters.add('no_record', view('one'))
    await letters.makeRoom({ now: true })
    letters.add('no_record', view('two'))
    await letters.makeRoom({ now: true })
    expect([letters.pushed, letters.stored]).toEqual([2, 0])
    for (let count = 0; count < 20; count++) letters.add('too_long', view('x'.repeat(60_000)))
    let hasRoom = false
    const room = letters.makeRoom().then(() => {
      hasRoom = true
    })
    await new Promise(setImmediate)
    expect(hasRoom).toBe(false)
    first.open()
    await room
    await letters.flush()
    expect(written).toEqual([1, 21])
    expect([letters.pushed, letters.stored]).toEqual([22, 22])
  })

  test('stop for good at an error, which each later call throws', async () => {
    const letters = lettersTo(() => Promise.reject(new Error('no place')))
    letters.add('no_record', view('one'))
    await letters.makeRoom({ now: true })
    await new Promise(setImmediate)
    letters.add('no_record', view('two'))
    await expect(letters.makeRoom()).rejects.toThrow('no place')
    await expect(letters.flush()).rejects.toThrow('no place')
    expect(letters.stored).toBe(0)
  })

  test('tell the message that brought their line, the file where it is known, and the gateway', async () => {
    const kept: DeadLetter[] = []
    const sink: DeadLetterSink = { write: async (batch) => void kept.push(...batch), close: async () => {} }
    const letters = new DeadLetters({ sink, redact: (text) => text, gatewayOf: () => 'this-machine' })
    letters.add('bad_level', { ...view('a line', 12), message: { topic: 'raw', partition: 3, offset: 7 } })
    letters.addRefused({ sink: 'elasticsearch', status: 400, reason: 'no', document: failure() })
    letters.addRefused({ sink: 'elasticsearch', status: 400, reason: 'no', document: traffic() })
    await letters.flush()
    expect(kept).toMatchObject([
      {
        position: {
          source: '/log/edgemicro-gw-1-api.log',
          offset: 12,
          kafka: { topic: 'raw', partition: 3, offset: 7 },
        },
        gateway: 'this-machine',
      },
      { kind: 'refused', position: { source: expect.any(String), offset: expect.any(Number) } },
      { kind: 'refused', position: null },
    ])
    expect(letters.refused).toBe(2)
  })

  test('say that the disk is full', async () => {
    const letters = lettersIn('/dev/full', (text) => text)
    letters.add('no_record', view('a line'))
    await expect(letters.flush()).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'disk_full',
      message: 'cannot write dead letters: /dev/full (disk full)',
    })
  })

  test('say that they cannot be written', async () => {
    const file = path.join(directory(), 'a-file')
    fs.writeFileSync(file, '')
    const letters = lettersIn(path.join(file, 'letters.ndjson'), (text) => text)
    letters.add('no_record', view('a line'))
    await expect(letters.flush()).rejects.toMatchObject({ name: 'PermanentError', code: 'state_unusable' })
  })
})
