import { describe, expect, test } from '@jest/globals'
import { HeadersOnly } from '../../../src/bundle/headers-only.js'
import { bytesOf, CAPTURES } from '../../pcap/corpus.js'
import { tshark } from '../pcap/tshark.js'

describe('tshark reads headers alone', () => {
  test.each(CAPTURES.map((capture) => [capture.name, capture] as const))(
    'of %s as it reads the whole',
    (_, capture) => {
      const bytes = bytesOf(capture)
      const cut = new HeadersOnly()
      cut.push(bytes)
      const headers = cut.take()
      expect(tshark(headers)).toEqual(tshark(bytes))
      expect(tshark(headers, 'tcp.payload')).toEqual([])
      expect(tshark(headers, '_ws.malformed')).toEqual([])
    },
  )
})
