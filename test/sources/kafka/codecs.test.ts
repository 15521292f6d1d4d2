import zlib from 'node:zlib'
import { expect, test } from '@jest/globals'
import { type Codec, lz4Codec, requireWritable, snappyCodec, zstdCodec } from '../../../src/sources/kafka/codecs.js'

const text = Buffer.from('a line of a log, over and over. '.repeat(200))

test.each([
  ['snappy', snappyCodec],
  ['lz4', lz4Codec],
] as readonly (readonly [string, Codec])[])('%s reads what it writes', async (_, codec) => {
  const packed = await codec.compress({ buffer: text })
  expect(packed.length).toBeLessThan(text.length / 4)
  expect(await codec.decompress(packed)).toEqual(text)
})

test("snappy reads the streams of Java's clients", async () => {
  const parts = [text.subarray(0, 1_000), text.subarray(1_000)]
  const blocks = await Promise.all(
    parts.map(async (buffer) => {
      const block = await snappyCodec.compress({ buffer })
      const length = Buffer.alloc(4)
      length.writeUInt32BE(block.length)
      return Buffer.concat([length, block])
    }),
  )
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
  const stream = Buffer.concat([header, ...blocks])
  expect(await snappyCodec.decompress(stream)).toEqual(text)
  await expect(snappyCodec.decompress(stream.subarray(0, -1))).rejects.toThrow('cut off')
})

test('zstd is read without the help of Node, and written with it alone', async () => {
  // By the zstd command line tool.
  const frame = Buffer.from('28b52ffd04685d0000287a737464200100708a16be614eea', 'hex')
  const old = zstdCodec({})
  expect(String(await old.decompress(frame))).toBe('zstd zstd zstd zstd zstd zstd zstd zstd')
  await expect(old.compress({ buffer: text })).rejects.toMatchObject({ name: 'ConfigError' })
  expect(() => requireWritable('zstd', {})).toThrow('cannot write zstd')
  expect(() => requireWritable('gzip', {})).not.toThrow()
})

test("zstd goes through Node's own, where there is one", async () => {
  const own = zstdCodec({
    zstdCompress: (buffer, done) => zlib.gzip(buffer, (error, result) => done(error, result)),
    zstdDecompress: (buffer, done) => zlib.gunzip(buffer, (error, result) => done(error, result)),
  })
  expect(await own.decompress(await own.compress({ buffer: text }))).toEqual(text)
})
