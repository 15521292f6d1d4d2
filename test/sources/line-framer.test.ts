import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { LineFramer } from '../../src/sources/line-framer.js'
import { PositionedLines } from '../../src/sources/positioned-lines.js'

interface FramedLine {
  readonly offset: number
  readonly text: string
}

/** All lines that come out, with their offsets, whether or not the framer is flushed after each chunk. */
function frame(chunks: readonly Uint8Array[], maxLineBytes: number, flushed: boolean): readonly FramedLine[] {
  const framer = new LineFramer(maxLineBytes)
  const lines: FramedLine[] = []
  const take = (block: { bytes: Uint8Array; offset: number } | null) => {
    if (block !== null) lines.push(...split(Buffer.from(block.bytes), block.offset))
  }
  for (const chunk of chunks) {
    for (const block of framer.push(chunk)) take(block)
    if (flushed) take(framer.flush())
  }
  const end = framer.end()
  expect(end.end).toBe(true)
  take(end)
  return lines
}

/** What the framer should find, the plain way. */
function expected(content: Buffer, maxLineBytes: number): readonly FramedLine[] {
  const mark = content.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0
  return split(content.subarray(mark), mark).flatMap((line) => cutLine(line, maxLineBytes + 1))
}

function cutLine({ offset, text }: FramedLine, limit: number): readonly FramedLine[] {
  const end = text.endsWith('\n') ? '\n' : ''
  const line = text.slice(0, text.length - end.length)
  if (line.length < limit) return [{ offset, text }]
  const records = [...line.matchAll(/(?<=\0)[0-9{]/g)].map(({ index }) => index)
  const record = records.findLast((index) => index < limit) ?? records.find((index) => index >= limit)
  if (record === undefined) return [{ offset, text: line.slice(0, limit) + end }]
  const rest = { offset: offset + record, text: line.slice(record) + end }
  return [{ offset, text: `${line.slice(0, Math.min(record, limit))}\n` }, ...cutLine(rest, limit)]
}

function split(bytes: Buffer, offset: number): readonly FramedLine[] {
  const lines: FramedLine[] = []
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline < 0 ? bytes.length : newline + 1
    lines.push({ offset: offset + start, text: bytes.toString('latin1', start, end) })
    start = end
  }
  return lines
}

function cut(content: Buffer, sizes: readonly number[]): readonly Uint8Array[] {
  const chunks: Uint8Array[] = []
  let start = 0
  for (let turn = 0; start < content.length; turn++) {
    const size = sizes[turn % sizes.length]
    chunks.push(content.subarray(start, start + size))
    start += size
  }
  return chunks
}

/** All lines of a file that is read by position, with their offsets. */
async function readPositioned(content: Buffer, maxLineBytes: number, bufferBytes: number) {
  const readAt = async (buffer: Uint8Array, position: number) => content.copy(buffer, 0, position)
  const reader = new PositionedLines({ readAt, startOffset: 0, maxLineBytes })
  const buffer = Buffer.alloc(bufferBytes)
  const lines: FramedLine[] = []
  while (true) {
    const block = await reader.next(buffer, 'deliver')
    if (block === null) throw new Error('no lines and no end')
    lines.push(...split(Buffer.from(block.bytes), block.offset))
    if (block.end) return lines
  }
}

describe('lines read by position', () => {
  test('are those that the framer finds, whatever the buffer', async () => {
    const content = fc.string({ unit: fc.constantFrom('\n', 'a', 'é', '\ufeff', '\0', '\0', '2', '{'), maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(
        content,
        fc.integer({ min: 4, max: 40 }),
        fc.integer({ min: 4, max: 90 }),
        async (text, limit, size) => {
          const bytes = Buffer.from(text)
          expect(await readPositioned(bytes, limit, size)).toEqual(expected(bytes, limit))
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

describe('the line framer', () => {
  test('finds the same lines at the same offsets in any chunks, cut where they are too long', () => {
    const content = fc.string({
      unit: fc.constantFrom('\n', 'a', 'b', '\r', 'é', '\ufeff', '\0', '\0', '2', '{'),
      maxLength: 300,
    })
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(content, sizes, fc.integer({ min: 4, max: 40 }), fc.boolean(), (text, chunkSizes, limit, flushed) => {
        const bytes = Buffer.from(text)
        expect(frame(cut(bytes, chunkSizes), limit, flushed)).toEqual(expected(bytes, limit))
      }),
      { numRuns: 2_000 },
    )
  })

  test('delivers an over-long line alone in its block', () => {
    const framer = new LineFramer(10)
    const blocks: (readonly [string, number])[] = []
    for (const { bytes, offset } of framer.push(Buffer.from(`a\n${'x'.repeat(30)}\nb\n`))) {
      blocks.push([Buffer.from(bytes).toString(), offset])
    }
    expect(blocks).toEqual([
      ['a\n', 0],
      ['xxxxxxxxxxx\n', 2],
    ])
    expect(framer.flush()).toMatchObject({ offset: 33 })
  })

  test('does not keep what it leaves out of a line without end', () => {
    const framer = new LineFramer(1000)
    const chunk = Buffer.alloc(64 * 1024, 'x')
    for (let count = 0; count < 1000; count++) expect([...framer.push(chunk)]).toEqual([])
    expect(framer.end().bytes.buffer.byteLength).toBeLessThan(2000)
  })

  test('has nothing to flush before a line is whole', () => {
    const framer = new LineFramer()
    expect([...framer.push(Buffer.from('half'))]).toEqual([])
    expect(framer.flush()).toBeNull()
  })
})
