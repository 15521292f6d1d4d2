import type { PacketView } from '../read/packet.js'
import { networkStart } from './link.js'

/** What a name server answered: the addresses of the name that was asked for. */
export interface DnsAnswer {
  /** In lower case, without the last dot. */
  readonly name: string
  /** IPv4 addresses, as text. */
  readonly addresses: readonly string[]
}

const UDP = 17
const DNS_PORT = 53
const HEADER_BYTES = 12
const TYPE_A = 1
const CLASS_INTERNET = 1
const MAX_RECORDS = 64

/**
 * Reads an answer to a question for IPv4 addresses (RFC 1035), over UDP and IPv4; null where the packet is none. Aliases on the way
 * do not matter: all addresses of an answer are those of the name in the question.
 */
export function readDnsAnswer(packet: PacketView): DnsAnswer | null {
  const { bytes, end } = packet
  const start = networkStart(packet)
  if (start < 0 || start + 20 > end || bytes[start] >> 4 !== 4 || bytes[start + 9] !== UDP) return null
  if ((bytes.readUInt16BE(start + 6) & 0x3fff) !== 0) return null
  const udp = start + (bytes[start] & 15) * 4
  const at = udp + 8
  if (at + HEADER_BYTES > end || bytes.readUInt16BE(udp) !== DNS_PORT) return null
  return readMessage(bytes.subarray(at, Math.min(end, udp + bytes.readUInt16BE(udp + 4))))
}

function readMessage(message: Buffer): DnsAnswer | null {
  if (message.length < HEADER_BYTES) return null
  const flags = message.readUInt16BE(2)
  const isAnswer = (flags & 0x800f) === 0x8000 && message.readUInt16BE(4) === 1
  const question = isAnswer ? readName(message, HEADER_BYTES) : null
  if (question === null) return null
  const addresses: string[] = []
  let at: number = question.end + 4
  const records = Math.min(message.readUInt16BE(6), MAX_RECORDS)
  for (let record = 0; record < records; record++) {
    at = behindName(message, at)
    if (at < 0 || at + 10 > message.length) break
    const length = message.readUInt16BE(at + 8)
    const data = at + 10
    if (data + length > message.length) break
    const isAddress = message.readUInt16BE(at) === TYPE_A && message.readUInt16BE(at + 2) === CLASS_INTERNET
    if (isAddress && length === 4) addresses.push(message.subarray(data, data + 4).join('.'))
    at = data + length
  }
  return addresses.length === 0 ? null : { name: question.name, addresses }
}

/** A name that is written out, as that of a question is. */
function readName(message: Buffer, from: number): { readonly name: string; readonly end: number } | null {
  const labels: string[] = []
  let at = from
  while (at < message.length) {
    const length = message[at]
    if (length === 0) return labels.length === 0 ? null : { name: labels.join('.').toLowerCase(), end: at + 1 }
    if (length > 63 || at + 1 + length > message.length) return null
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return null
}

/** Behind a name that may end in a pointer; -1 where the message ends in it. */
function behindName(message: Buffer, from: number): number {
  let at = from
  while (at < message.length) {
    const length = message[at]
    if (length >= 0xc0) return at + 2
    if (length === 0) return at + 1
    at += 1 + length
  }
  return -1
}
