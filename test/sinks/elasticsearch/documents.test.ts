import { describe, expect, test } from '@jest/globals'
import type { FailureDocument, HalfDocument } from '../../../src/records.js'
import { neighbours } from '../../../src/sinks/elasticsearch/documents.js'

describe('the indices in which another part of a failure may lie', () => {
  test('are none for a whole failure in the middle of its day', () => {
    expect(neighbours('p', whole('2026-11-23T01:00:00.000Z', '2026-11-23T22:59:59.999Z'))).toEqual([])
  })

  test.each([
    ['2026-11-23T00:59:59.999Z', ['p-failures-2026.11.22']],
    ['2026-11-23T23:00:00.000Z', ['p-failures-2026.11.24']],
    ['2026-11-22T12:00:00.000Z', ['p-failures-2026.11.22']],
  ])('are those that an hour around a half touches: %s', (targetTime, names) => {
    expect(neighbours('p', whole(targetTime, '2026-11-23T12:00:00.000Z'))).toEqual(names)
    expect(neighbours('p', whole('2026-11-23T12:00:00.000Z', targetTime, '2026-11-23T12:00:00.000Z'))).toEqual(names)
  })

  test('are the days around it for a half that stands alone', () => {
    const { edgemicro, ...rest } = whole('2026-11-23T12:00:00.000Z', '2026-11-23T12:00:00.000Z')
    const alone = { ...rest, edgemicro: { ...edgemicro, halves: 'client' as const, target_halves: [] } }
    expect(neighbours('p', alone)).toEqual(['p-failures-2026.11.22', 'p-failures-2026.11.24'])
  })
})

function whole(targetTime: string, clientTime: string, time = clientTime): FailureDocument {
  return {
    '@timestamp': time,
    edgemicro: { halves: 'both', target_halves: [half(targetTime)], client_half: half(clientTime) },
  } as unknown as FailureDocument
}

function half(timestamp: string): HalfDocument {
  return { timestamp } as HalfDocument
}
