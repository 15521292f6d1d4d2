import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CaptureDecoder } from '../../../src/pcap/read/decoder.js'
import { Blocks, Conversation, classic, ETHERNET, RAW } from '../packets.js'

const { packets } = new Conversation().open().exchange().after(1.5).fromTarget('FA')
const TIMES = packets.map(({ timeNs }) => timeNs)

/** What the decoder hands on, and how it ends. */
function decode(bytes: Uint8Array, cuts: readonly number[] = []) {
  const seen: { number: number; timeNs: bigint; linkType: number; bytes: string; wireLength: number }[] = []
  const decoder = new CaptureDecoder((packet) => {
    const { number, seconds, nanoseconds, linkType, start, end, wireLength } = packet
    const timeNs = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
    seen.push({ number, timeNs, linkType, bytes: packet.bytes.toString('hex', start, end), wireLength })
  })
  let from = 0
  for (const to of [...cuts, bytes.length]) {
    decoder.push(bytes.slice(from, to))
    from = to
  }
  return { seen, end: decoder.end() }
}

const whole = (bytes: Uint8Array) => {
  const { seen, end } = decode(bytes)
  expect(end).toEqual({ kind: 'whole' })
  return seen
}

describe('a classic capture', () => {
  test.each([
    ['little-endian, microseconds', true, false],
    ['big-endian, microseconds', false, false],
    ['little-endian, nanoseconds', true, true],
    ['big-endian, nanoseconds', false, true],
  ])('is read: %s', (_, little, nanoseconds) => {
    const seen = whole(classic(packets, { little, nanoseconds, linkType: ETHERNET }))
    expect(seen.map(({ timeNs }) => timeNs)).toEqual(nanoseconds ? TIMES : TIMES.map((time) => time - (time % 1_000n)))
    expect(seen.map(({ bytes }) => bytes)).toEqual(packets.map(({ bytes }) => bytes.toString('hex')))
    expect(seen.map(({ number }) => number)).toEqual(packets.map((_packet, index) => index + 1))
    expect(new Set(seen.map(({ linkType }) => linkType))).toEqual(new Set([ETHERNET]))
  })

  test('tells how long a packet was that it cuts', () => {
    const [first] = whole(classic([{ ...packets[3], snap: 30 }]))
    expect(first).toMatchObject({ wireLength: packets[3].bytes.length, bytes: packets[3].bytes.toString('hex', 0, 30) })
  })

  test('may have a checksum behind each frame: the link type is the lower half', () => {
    expect(whole(classic(packets, { linkType: 0x4000_0001 }))[0].linkType).toBe(ETHERNET)
  })
})

describe('a pcapng capture', () => {
  test.each([true, false])('is read in its byte order (little-endian: %s)', (little) => {
    const blocks = new Blocks(little)
    const body = packets.map(({ bytes, timeNs }) => blocks.enhanced(0, timeNs / 1_000n, bytes))
    const seen = whole(Buffer.concat([blocks.section(), blocks.interface(RAW), ...body]))
    expect(seen.map(({ timeNs }) => timeNs)).toEqual(TIMES.map((time) => time - (time % 1_000n)))
    expect(seen.map(({ bytes }) => bytes)).toEqual(packets.map(({ bytes }) => bytes.toString('hex')))
  })

  test.each([
    ['seconds', 0, 1n],
    ['milliseconds', 3, 1_000n],
    ['nanoseconds', 9, 1_000_000_000n],
    ['picoseconds', 12, 1_000_000_000_000n],
    ['2^-10 s', 0x8a, 1_024n],
    ['2^-32 s', 0xa0, 4_294_967_296n],
  ])('has times in %s', (_, resolution, perSecond) => {
    const blocks = new Blocks()
    // What 64 bits hold of picoseconds is half a year.
    const ticks = ((TIMES[4] % 10_000_000_000_000_000n) * perSecond) / 1_000_000_000n
    const bytes = Buffer.concat([
      blocks.section(),
      blocks.interface(RAW, { resolution }),
      blocks.enhanced(0, ticks, packets[0].bytes),
    ])
    expect(whole(bytes)[0].timeNs).toBe((ticks * 1_000_000_000n) / perSecond)
  })

  test('has times that are exact to the nanosecond at any resolution up to nanoseconds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 }),
        fc.bigInt({ min: 0n, max: 4_102_444_800n }),
        fc.integer({ min: 0, max: 999_999_999 }),
        (resolution, seconds, rest) => {
          const blocks = new Blocks()
          const perSecond = 10n ** BigInt(resolution)
          const ticks = seconds * perSecond + (BigInt(rest) * perSecond) / 1_000_000_000n
          const head = [blocks.section(), blocks.interface(RAW, { resolution })]
          const [packet] = whole(Buffer.concat([...head, blocks.enhanced(0, ticks, packets[0].bytes)]))
          expect(packet.timeNs).toBe((ticks * 1_000_000_000n) / perSecond)
        },
      ),
    )
  })

  test('has several interfaces, each with its link type, resolution and offset', () => {
    const blocks = new Blocks()
    const bytes = Buffer.concat([
      blocks.section(),
      blocks.interface(RAW, { resolution: 9, offset: -3_600n }),
      blocks.interface(ETHERNET),
      blocks.enhanced(1, 5_000_000n, packets[0].bytes),
      blocks.enhanced(0, 3_605_000_000_007n, packets[1].bytes),
    ])
    expect(whole(bytes).map(({ linkType, timeNs }) => [linkType, timeNs])).toEqual([
      [ETHERNET, 5_000_000_000n],
      [RAW, 5_000_000_007n],
    ])
  })

  test('has sections, each with a byte order and interfaces of its own', () => {
    const [first, second] = [new Blocks(true), new Blocks(false)]
    const section = (blocks: Blocks, linkType: number, index: number) => [
      blocks.section(),
      blocks.interface(linkType),
      blocks.enhanced(0, 1_000_000n, packets[index].bytes),
    ]
    const seen = whole(Buffer.concat([...section(first, RAW, 0), ...section(second, ETHERNET, 1)]))
    expect(seen.map(({ number, linkType }) => [number, linkType])).toEqual([
      [1, RAW],
      [2, ETHERNET],
    ])
  })

  test('has simple and obsolete packets, and blocks that are passed over', () => {
    const blocks = new Blocks()
    const bytes = Buffer.concat([
      blocks.section(),
      blocks.interface(RAW, { snap: 24 }),
      blocks.block(5, Buffer.alloc(40)),
      blocks.obsolete(0, 1_000_000n, packets[0].bytes),
      blocks.block(0x0bad, Buffer.alloc(3_000_000)),
      blocks.simple(packets[3].bytes, 24),
    ])
    const seen = whole(bytes)
    expect(seen.map(({ number }) => number)).toEqual([1, 2])
    expect(seen[1]).toMatchObject({
      bytes: packets[3].bytes.toString('hex', 0, 24),
      wireLength: packets[3].bytes.length,
    })
  })
})

describe('any capture', () => {
  const blocks = new Blocks(false)
  const FILES = [
    classic(packets),
    Buffer.concat([
      blocks.section(),
      blocks.interface(RAW),
      blocks.block(0x0bad, Buffer.alloc(500)),
      ...packets.map(({ bytes, timeNs }) => blocks.enhanced(0, timeNs / 1_000n, bytes)),
    ]),
  ]

  test('gives the same packets however its bytes are cut into chunks', () => {
    fc.assert(
      fc.property(fc.constantFrom(...FILES), fc.array(fc.nat(), { maxLength: 30 }), (bytes, numbers) => {
        const cuts = numbers.map((number) => number % bytes.length).sort((a, b) => a - b)
        expect(decode(bytes, cuts)).toEqual(decode(bytes))
      }),
    )
  })

  test('that is cut gives the packets before, and says so', () => {
    for (const bytes of FILES) {
      const { seen, end } = decode(bytes.subarray(0, bytes.length - 3))
      expect(end).toEqual({ kind: 'cut' })
      expect(seen).toHaveLength(packets.length - 1)
    }
  })

  test('that is damaged gives the packets before, and says so', () => {
    const damaged = Buffer.concat([classic(packets), Buffer.alloc(8), Buffer.alloc(8, 0xff), Buffer.alloc(64)])
    const { seen, end } = decode(damaged)
    expect(end).toEqual({ kind: 'damaged', what: 'a packet of 4294967295 bytes' })
    expect(seen).toHaveLength(packets.length)
    const unknown = Buffer.concat([FILES[1], blocks.enhanced(7, 0n, packets[0].bytes)])
    expect(decode(unknown).end).toMatchObject({ kind: 'damaged' })
  })

  test.each([
    ['an empty file', Buffer.alloc(0)],
    ['two bytes', Buffer.from([0xd4, 0xc3])],
    ['a log', Buffer.from('2021-06-23T03:52:24.110Z [error][0:8000]')],
  ])('is none: %s', (_, bytes) => {
    expect(decode(bytes).end).toEqual({ kind: 'not_a_capture' })
  })
})
