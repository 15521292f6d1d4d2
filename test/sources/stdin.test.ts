import { PassThrough, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { StdinSource } from '../../src/sources/stdin.js'
import { collect, describeSource } from '../contract/source-contract.js'

function inChunks(content: Buffer, chunkBytes: number): Readable {
  return Readable.from(
    (function* () {
      for (let start = 0; start < content.length; start += chunkBytes) yield content.subarray(start, start + chunkBytes)
    })(),
  )
}

for (const [name, pack, chunkBytes] of [
  ['stdin', (content: Buffer) => content, 65_536],
  ['stdin in small chunks', (content: Buffer) => content, 1009],
  ['gzip stdin', (content: Buffer) => gzipSync(content), 1009],
  ['gzip stdin byte by byte', (content: Buffer) => gzipSync(content), 1],
] as const) {
  describeSource(
    name,
    async (content, options) => ({
      source: new StdinSource({ input: inChunks(pack(content), chunkBytes), ...options }),
      remove: async () => {},
    }),
    { ends: true },
  )
}

describe('standard input', () => {
  test('is one partition of its own', async () => {
    const source = new StdinSource({ input: Readable.from([Buffer.from('x\n')]) })
    for await (const block of source.read(new AbortController().signal)) {
      expect(block.source).toEqual({ path: '-', partition: '-', gateway: null })
    }
  })

  test('delivers lines as soon as they are there', async () => {
    const input = new PassThrough()
    const blocks = new StdinSource({ input }).read(new AbortController().signal)
    input.write('one\ntwo')
    const first = await blocks.next()
    expect(Buffer.from(first.value?.bytes ?? []).toString()).toBe('one\n')
    input.end('\n')
    const second = await blocks.next()
    expect(Buffer.from(second.value?.bytes ?? []).toString()).toBe('two\n')
    await blocks.return(undefined)
  })

  test('stops waiting when it is aborted', async () => {
    const controller = new AbortController()
    const reading = collect(new StdinSource({ input: new PassThrough() }), undefined, controller.signal)
    controller.abort()
    expect(await reading).toEqual([])
  })

  test('delivers what is readable of gzip data that ends early, then throws', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `${index} ${Math.sin(index)}\n`).join('')
    const packed = gzipSync(lines)
    const source = new StdinSource({ input: inChunks(packed.subarray(0, packed.length / 2), 1000) })
    let text = ''
    const reading = (async () => {
      for await (const block of source.read(new AbortController().signal)) text += Buffer.from(block.bytes).toString()
    })()
    await expect(reading).rejects.toMatchObject({ code: 'input_truncated', message: expect.stringMatching(/: -$/) })
    expect(text.length).toBeGreaterThan(lines.length / 3)
    expect(lines.startsWith(text)).toBe(true)
  })
})
