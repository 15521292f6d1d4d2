import zlib from 'node:zlib'
import { decompress as unzstd } from 'fzstd'
import kafkajs from 'kafkajs'
import { compressFrame, decompressFrame } from 'lz4-napi'
import { compress as snap, uncompress as unsnap } from 'snappy'
import { ConfigError } from '../../errors.js'
import { speedUpRecords } from './records.js'

/** How batches may be compressed; gzip is kafkajs's own. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** A codec as kafkajs calls it. */
export interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>
  decompress(buffer: Buffer): Promise<Buffer>
}

/** Node's own zstd, where it has one (22.15 and newer). */
interface Zstd {
  readonly zstdCompress?: (buffer: Buffer, done: (error: Error | null, result: Buffer) => void) => void
  readonly zstdDecompress?: (buffer: Buffer, done: (error: Error | null, result: Buffer) => void) => void
}

/** Makes all codecs known to kafkajs, and our decoder of records, which it keeps for the whole process. */
export function registerCodecs(): void {
  speedUpRecords()
  const { CompressionCodecs, CompressionTypes } = kafkajs
  CompressionCodecs[CompressionTypes.Snappy] = () => snappyCodec
  CompressionCodecs[CompressionTypes.LZ4] = () => lz4Codec
  CompressionCodecs[CompressionTypes.ZSTD] = () => zstdCodec(zlib as Zstd)
}

/** Throws `ConfigError` where this Node cannot write that. */
export function requireWritable(compression: Compression, { zstdCompress }: Zstd = zlib as Zstd): void {
  if (compression !== 'zstd' || zstdCompress !== undefined) return
  throw new ConfigError('cannot write zstd: this Node has none', {
    code: 'config',
    hint: 'use Node 22.15 or newer, or another compression',
  })
}

/** Writes bare blocks, as librdkafka does; reads these, and the streams that Java's clients write. */
export const snappyCodec: Codec = {
  compress: ({ buffer }) => snap(buffer),
  async decompress(buffer) {
    if (!buffer.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return unsnapped(buffer)
    const blocks: Buffer[] = []
    for (let at = XERIAL_HEADER_BYTES; at < buffer.length; ) {
      const start = at + 4
      const end = start + buffer.readUInt32BE(at)
      if (end > buffer.length) throw new RangeError('a snappy stream is cut off')
      blocks.push(await unsnapped(buffer.subarray(start, end)))
      at = end
    }
    return Buffer.concat(blocks)
  },
}

/** snappy-java's stream: this magic, two versions of 4 bytes, then blocks with their lengths. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const XERIAL_HEADER_BYTES = 16

async function unsnapped(block: Buffer): Promise<Buffer> {
  return (await unsnap(block, { asBuffer: true })) as Buffer
}

export const lz4Codec: Codec = {
  compress: ({ buffer }) => compressFrame(buffer),
  decompress: (buffer) => decompressFrame(buffer),
}

/** Reads everywhere; writes where Node can. */
export function zstdCodec({ zstdCompress, zstdDecompress }: Zstd): Codec {
  return {
    async compress({ buffer }) {
      requireWritable('zstd', { zstdCompress })
      return promised(zstdCompress!, buffer)
    },
    async decompress(buffer) {
      return zstdDecompress === undefined ? Buffer.from(unzstd(buffer)) : promised(zstdDecompress, buffer)
    },
  }
}

function promised(operation: NonNullable<Zstd['zstdCompress']>, buffer: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    operation(buffer, (error, result) => (error === null ? resolve(result) : reject(error))),
  )
}
