import { describe, expect, test } from '@jest/globals'
import { Lead, type LeadBlock, type LeadOptions } from '../../../src/pipeline/backfill/lead.js'

const MINUTE = 60_000
const T0 = Date.parse('2026-11-23T14:00:00Z')
const FROM = 100_000

const leadOf = (options: Partial<LeadOptions> = {}): Lead =>
  new Lead({
    begin: 0,
    from: FROM,
    horizonMs: 10 * MINUTE,
    latenessMs: MINUTE,
    windowMs: 5_000,
    silentMs: 10 * MINUTE,
    ...options,
  })

/** A block of one minute's lines; messages are sent when they are written, or all at once. */
const minute = (number: number, { partition = 'a', offset = 0 } = {}): LeadBlock => {
  const minMs = T0 + number * MINUTE
  return { partition, offset, minMs, maxMs: minMs + MINUTE - 1 }
}
const sentWith = ({ minMs, maxMs }: LeadBlock) => ({ oldestMs: minMs, newestMs: maxMs })
const atOnce = { oldestMs: T0, newestMs: T0 }

/** Shows a source that writes `perMinute` messages, backwards from the range, until that is enough; where that is. */
function look(lead: Lead, perMinute: number, sent: (block: LeadBlock) => { oldestMs: number; newestMs: number }): void {
  while (!lead.isWhole) {
    const from = lead.next()
    for (let offset = from; offset < lead.seenFrom; offset += perMinute) {
      const block = minute(Math.floor((offset - FROM) / perMinute), { offset })
      lead.add(sent(block), [block])
    }
    lead.seen(from)
  }
}

describe('reading ahead of a range', () => {
  test.each([
    ['that was shipped as it was written', sentWith],
    ['that was shipped at once', () => atOnce],
  ])('begins as far back in event time as evidence reaches, and no further: a log %s', (_, sent) => {
    const lead = leadOf()
    look(lead, 500, sent)
    const minutes = (FROM - lead.start) / 500
    expect(minutes).toBeGreaterThanOrEqual(10 + 3)
    expect(minutes).toBeLessThanOrEqual(10 + 6)
  })

  test('begins with the range where that is the first of the topic', () => {
    const lead = leadOf({ begin: FROM })
    expect([lead.isWhole, lead.start]).toEqual([true, FROM])
  })

  test('ends at what is still there', () => {
    const lead = leadOf({ begin: FROM - 700 })
    look(lead, 100, sentWith)
    expect([lead.seenFrom, lead.start]).toEqual([FROM - 700, FROM - 700])
  })

  test('goes back further for a source that lags behind the others', () => {
    const lead = leadOf()
    const lagging = (number: number, offset: number) => minute(number, { partition: 'b', offset })
    lead.add(sentWith(minute(-1)), [minute(-1, { offset: FROM - 100 }), lagging(-60, FROM - 90)])
    lead.add(sentWith(minute(-30)), [minute(-30, { offset: FROM - 2_000 }), lagging(-65, FROM - 1_900)])
    lead.seen(FROM - 2_000)
    expect(lead.isWhole).toBe(false)
    lead.add(sentWith(minute(-40)), [lagging(-90, FROM - 5_000)])
    lead.seen(FROM - 8_000)
    expect([lead.isWhole, lead.start]).toEqual([true, FROM - 1_900])
  })

  test('looks no further for a source that was not there for long before its first lines', () => {
    const lead = leadOf()
    lead.add({ oldestMs: T0 - MINUTE, newestMs: T0 }, [minute(-1, { offset: FROM - 500 })])
    lead.seen(FROM - 2_000)
    expect(lead.isWhole).toBe(false)
    lead.add({ oldestMs: T0 - 20 * MINUTE, newestMs: T0 - 15 * MINUTE }, [])
    lead.seen(FROM - 8_000)
    expect([lead.isWhole, lead.start]).toEqual([true, FROM - 500])
  })

  test('is not cut short by a torn time from the future', () => {
    const lead = leadOf()
    const torn = { ...minute(-1, { offset: FROM - 100 }), maxMs: T0 + 1_000 * MINUTE }
    lead.add(sentWith(minute(-1)), [torn])
    lead.add(sentWith(minute(-5)), [minute(-5, { offset: FROM - 1_000 })])
    lead.add(sentWith(minute(-12)), [minute(-12, { offset: FROM - 1_500 })])
    lead.seen(FROM - 2_000)
    expect([lead.isWhole, lead.start]).toEqual([false, FROM - 1_500])
  })

  test('looks back by the time of messages also where no line has a time', () => {
    const lead = leadOf()
    lead.add({ oldestMs: T0, newestMs: T0 }, [
      { partition: 'a', offset: FROM - 10, minMs: Number.POSITIVE_INFINITY, maxMs: Number.NEGATIVE_INFINITY },
    ])
    lead.seen(FROM - 2_000)
    expect([lead.isWhole, lead.silentSinceMs]).toEqual([false, T0 - 10 * MINUTE])
    expect([lead.next(), lead.next(10), lead.next(FROM)]).toEqual([FROM - 8_000, 10, FROM - 8_000])
  })
})
