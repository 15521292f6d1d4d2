import type { OutgoingMessage } from './contract.js'

/**
 * Cuts messages into requests that brokers take by default (1 MiB), and that are not too long for kafkajs, whose work
 * grows with the square of a request's messages.
 */
export function* parts(messages: readonly OutgoingMessage[]): Generator<readonly OutgoingMessage[]> {
  let start = 0
  let bytes = 0
  for (const [index, message] of messages.entries()) {
    const size = sizeOf(message)
    if (index > start && (bytes + size > MOST_BYTES || index - start >= MOST_MESSAGES)) {
      yield messages.slice(start, index)
      start = index
      bytes = 0
    }
    bytes += size
  }
  if (start < messages.length) yield messages.slice(start)
}

function sizeOf({ key, value, headers = {} }: OutgoingMessage): number {
  const pairs = Object.entries(headers).reduce((sum, [name, text]) => sum + 4 * (name.length + text.length), 0)
  return value.length + (key === undefined ? 0 : Buffer.byteLength(key)) + pairs + MESSAGE_OVERHEAD_BYTES
}

const MOST_BYTES = 900 * 1024
const MOST_MESSAGES = 1_000
const MESSAGE_OVERHEAD_BYTES = 32
