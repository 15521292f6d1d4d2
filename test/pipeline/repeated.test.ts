import { expect, test } from '@jest/globals'
import { HELD_WINDOWS } from '../../src/pipeline/partition.js'
import { Processor } from '../../src/pipeline/processor.js'
import { REDACT_ALL, Redactor } from '../../src/redact/redactor.js'
import { blockOf, infoLine, logSource } from '../support/lines.js'

const MINUTE_MS = 60_000
const source = logSource()

/** A request each minute. */
const minutes = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `${infoLine({ at: (from + index) * MINUTE_MS })}\n`).join('')

/** Requests by minute, of lines that come in blocks. */
function counted(blocks: readonly string[], heldWindows: number | undefined): readonly number[] {
  const processor = new Processor({
    redactor: new Redactor(REDACT_ALL, Buffer.from('secret')),
    windowMs: 5_000,
    latenessMs: 60_000,
    maxPending: 1_000,
    emit: 'final',
    mayRepeat: true,
    heldWindows,
  })
  for (const block of blocks) {
    processor.process(blockOf(block, { source }))
    processor.advance()
  }
  processor.finish()
  return processor.take().flatMap(({ kind, document }) => (kind === 'traffic' ? [document.edgemicro.requests] : []))
}

test.each([
  ['a stream', undefined],
  ['one pass', HELD_WINDOWS],
])('lines that an agent sends again are counted once, from however far back: %s', (_, heldWindows) => {
  const once = Array.from({ length: 60 }, () => 1)
  for (const back of [1, 9, 11, 30, 50]) {
    expect(counted([minutes(0, 50), minutes(50 - back, 60)], heldWindows)).toEqual(once)
  }
})
