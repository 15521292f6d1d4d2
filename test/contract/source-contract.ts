import { afterEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { LineBlock } from '../../src/records.js'
import type { Source } from '../../src/sources/source.js'

/** A source over some content, and what must be cleaned up behind it. */
export interface SourceHarness {
  readonly source: Source
  remove(): Promise<void>
}

export interface SourceOptions {
  readonly maxLineBytes?: number
}

export interface SourceTraits {
  /** False for a source that goes on waiting for more. */
  readonly ends: boolean
}

export interface CollectedBlock {
  readonly offset: number
  readonly bytes: Buffer
  readonly last: boolean
}

const LINE =
  '2021-06-23T03:52:24.110Z [error][h][1][o][e][/p][][][][microgateway-core][][GET][502][socket hang up][ECONNRESET][]'

const CONTENTS: readonly (readonly [string, Buffer])[] = [
  ['one line', Buffer.from(`${LINE}\n`)],
  ['many megabytes', Buffer.from(`${LINE}\n`.repeat(25_000))],
  ['blank lines', Buffer.from(`\n\n${LINE}\n\n\n`)],
  ['carriage returns', Buffer.from(`${LINE}\r\n${LINE}\r\n`)],
  ['invalid UTF-8', Buffer.concat([Buffer.from(`${LINE} `), Buffer.from([0xff, 0xfe, 0x85, 0x0a, 0xc3, 0x28, 0x0a])])],
  ['lines longer than a block of packed data', Buffer.from(`${LINE}\n${'x'.repeat(300_000)}\n${LINE}\n`)],
]

/** What every source promises: all bytes once and in order, at true offsets, in whole lines, however they come. */
export function describeSource(
  name: string,
  make: (content: Buffer, options?: SourceOptions) => Promise<SourceHarness>,
  { ends }: SourceTraits,
): void {
  describe(`${name} source`, () => {
    const harnesses: SourceHarness[] = []

    afterEach(async () => {
      for (const harness of harnesses.splice(0)) await harness.remove()
    })

    async function open(content: Buffer, options?: SourceOptions): Promise<Source> {
      const harness = await make(content, options)
      harnesses.push(harness)
      return harness.source
    }

    /** All blocks; of a source that does not end, those up to `endOffset`. */
    async function readAll(content: Buffer, options?: SourceOptions & { endOffset?: number }) {
      const endOffset = options?.endOffset ?? content.length
      return collect(await open(content, options), ends ? undefined : (block) => endOf(block) >= endOffset)
    }

    test.each(CONTENTS)('delivers %s once, in order and at true offsets', async (_name, content) => {
      const blocks = await readAll(content)
      expect(Buffer.concat(blocks.map(({ bytes }) => bytes)).equals(content)).toBe(true)
      expectContiguous(blocks)
    })

    test('delivers whole lines only', async () => {
      const blocks = await readAll(CONTENTS[1][1])
      expect(blocks.length).toBeGreaterThan(1)
      for (const { bytes } of blocks.filter(({ bytes }) => bytes.length > 0)) expect(bytes.at(-1)).toBe(0x0a)
    })

    test('delivers any lines as they are', async () => {
      const line = fc
        .uint8Array({ maxLength: 40 })
        .map((bytes) => Buffer.from(bytes.map((b) => (b === 0x0a ? 0x2e : b))))
      const contents = fc.array(line, { minLength: 1, maxLength: 20 })
      await fc.assert(
        fc.asyncProperty(contents, async (lines) => {
          // The first line tells that it is a log, whatever bytes follow.
          const content = Buffer.concat([LINE, ...lines].flatMap((part) => [Buffer.from(part), Buffer.from('\n')]))
          const blocks = await readAll(content)
          expect(Buffer.concat(blocks.map(({ bytes }) => bytes)).equals(content)).toBe(true)
        }),
        { numRuns: 15 },
      )
    })

    test('skips a byte order mark and keeps the offsets behind it true', async () => {
      const content = Buffer.from(`\ufeff${LINE}\n`)
      const [first] = await readAll(content)
      expect(first).toMatchObject({ offset: 3, bytes: content.subarray(3) })
    })

    test('cuts a line that is too long, delivers it alone, and keeps later offsets true', async () => {
      const content = Buffer.from(`${LINE}\n${'x'.repeat(500)}\n${LINE}\n`)
      const blocks = await readAll(content, { maxLineBytes: 150 })
      const start = LINE.length + 1
      expect(blocks.find(({ offset }) => offset === start)?.bytes.toString()).toBe(`${'x'.repeat(151)}\n`)
      expect(blocks.find(({ offset }) => offset === start + 501)?.bytes.toString()).toBe(`${LINE}\n`)
    })

    test('keeps a line whole that is exactly as long as allowed', async () => {
      const content = Buffer.from(`${LINE}\n${'x'.repeat(150)}\n${LINE}\n`)
      const blocks = await readAll(content, { maxLineBytes: 150 })
      expect(Buffer.concat(blocks.map(({ bytes }) => bytes)).equals(content)).toBe(true)
    })

    test('ends promptly when it is aborted between blocks', async () => {
      const source = await open(CONTENTS[1][1])
      const controller = new AbortController()
      let blocks = 0
      for await (const _block of source.read(controller.signal)) {
        blocks++
        controller.abort()
      }
      expect(blocks).toBe(1)
    })

    test('delivers nothing when it is aborted before it begins', async () => {
      const source = await open(CONTENTS[0][1])
      const blocks = await collect(source, undefined, AbortSignal.abort())
      expect(blocks).toEqual([])
    })

    test('can be left early', async () => {
      const source = await open(CONTENTS[1][1])
      const blocks = await collect(source, () => true)
      expect(blocks).toHaveLength(1)
    })

    const unfinished = Buffer.from(`${LINE}\n${LINE}`)

    if (ends) {
      test('marks exactly its last block, and delivers a last line without its end', async () => {
        const blocks = await readAll(unfinished)
        expect(Buffer.concat(blocks.map(({ bytes }) => bytes)).equals(unfinished)).toBe(true)
        expect(blocks.map(({ last }) => last)).toEqual([...blocks.slice(1).map(() => false), true])
      })

      test('delivers the end of empty content', async () => {
        expect(await readAll(Buffer.alloc(0))).toEqual([{ offset: 0, bytes: Buffer.alloc(0), last: true }])
      })

      test('cuts an over-long last line that has no end', async () => {
        const blocks = await readAll(Buffer.from(`${LINE}\n${'x'.repeat(500)}`), { maxLineBytes: 150 })
        expect(blocks.at(-1)).toMatchObject({
          bytes: Buffer.from('x'.repeat(151)),
          offset: LINE.length + 1,
          last: true,
        })
      })
    } else {
      test('leaves a last line without its end for later, and marks no block as the last', async () => {
        const blocks = await readAll(unfinished, { endOffset: LINE.length + 1 })
        expect(blocks).toEqual([{ offset: 0, bytes: Buffer.from(`${LINE}\n`), last: false }])
      })
    }
  })
}

/** Reads until the source ends, `enough` says so, or the signal aborts. Copies what it keeps. */
export async function collect(
  source: Source,
  enough: (block: CollectedBlock) => boolean = () => false,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly CollectedBlock[]> {
  const blocks: CollectedBlock[] = []
  for await (const block of source.read(signal)) {
    const copy = copyOf(block)
    blocks.push(copy)
    if (enough(copy)) break
  }
  return blocks
}

function copyOf({ offset, bytes, last }: LineBlock): CollectedBlock {
  return { offset, bytes: Buffer.from(bytes), last }
}

function endOf({ offset, bytes }: CollectedBlock): number {
  return offset + bytes.length
}

function expectContiguous(blocks: readonly CollectedBlock[]): void {
  const starts = blocks.map(({ offset }) => offset)
  expect(starts).toEqual([0, ...blocks.slice(0, -1).map(endOf)])
}
