import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** A packet as tshark sees it. */
export interface TsharkPacket {
  readonly number: number
  readonly stream: number
  /** Bits of the TCP header's flags. */
  readonly flags: number
  /** Since the first packet of the file, in nanoseconds. */
  readonly relativeNs: number
  readonly payloadLength: number
}

/** Runs tshark (Debian: `apt-get install tshark`) on the bytes of a capture; every TCP packet, in the order of the file. */
export function tshark(bytes: Uint8Array, filter = 'tcp'): readonly TsharkPacket[] {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-tshark-'))
  try {
    const file = path.join(directory, 'capture')
    fs.writeFileSync(file, bytes)
    const fields = ['frame.number', 'tcp.stream', 'tcp.flags', 'frame.time_relative', 'tcp.len']
    const args = ['-n', '-r', file, '-Y', filter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])]
    const output = execFileSync('tshark', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 28,
      env: { PATH: process.env.PATH, HOME: directory, LC_ALL: 'C' },
    })
    return output
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '')
      .map(packetOf)
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}

function packetOf(line: string): TsharkPacket {
  const [number, stream, flags, relative, length] = line.split('\t')
  const [seconds, fraction = ''] = relative.split('.')
  return {
    number: Number(number),
    stream: Number(stream),
    flags: Number(flags) & 0xff,
    relativeNs: Number(seconds) * 1_000_000_000 + Number(fraction.padEnd(9, '0')),
    payloadLength: Number(length),
  }
}
