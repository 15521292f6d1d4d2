import { describe, expect, test } from '@jest/globals'
import { GONE_AFTER_MS, type InputPositions, Positions } from '../../src/pipeline/positions.js'
import type { FileCheckpoint } from '../../src/sources/tail/file-checkpoint.js'
import type { TailedBlock, TailedSource } from '../../src/sources/tail/tailed-source.js'

const MINUTE = 60_000
const HORIZON = 10 * MINUTE

/** 12:00 of some day. */
const NOON = Date.UTC(2026, 10, 23, 12)

const at = (minutes: number): number => NOON + minutes * MINUTE

interface SourceOptions {
  readonly path?: string
  readonly partition?: string
  readonly resumed?: FileCheckpoint
}

function source(inode: number, options: SourceOptions = {}): TailedSource {
  const { path = `/log/${inode}`, partition = 'p', resumed = null } = options
  return { path, partition, gateway: null, identity: `1:${inode}:256:abc`, resumed }
}

/** 100 bytes for each time; a block of its own for each. */
function read(positions: Positions, from: TailedSource, times: readonly number[], startOffset = 0): void {
  for (const [index, timeMs] of times.entries()) {
    const block = blockAt(from, startOffset + 100 * index)
    positions.begin(block)
    positions.add(block, timeMs)
  }
}

function blockAt(from: TailedSource, offset: number, { bytes = 100, last = false } = {}): TailedBlock {
  return { source: from, bytes: new Uint8Array(bytes), offset, nextOffset: offset + bytes, last }
}

const everyMinute = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => at(from + index) + 30_000)

describe('positions', () => {
  test('say that everything before the first open line is stored, and go back by the horizon from its minute', () => {
    const positions = new Positions({ horizonMs: HORIZON })
    const log = source(1)
    read(positions, log, everyMinute(0, 30))
    expect(positions.snapshot(() => at(28) + 45_000)).toEqual({
      files: [{ identity: log.identity, path: log.path, partition: 'p', storedThrough: 2900, floor: 1800 }],
      floorTimeMs: { p: at(28) },
    })
  })

  test('begin a file at its start while it holds less than the horizon', () => {
    const positions = new Positions({ horizonMs: HORIZON })
    read(positions, source(1), everyMinute(0, 9))
    expect(positions.snapshot(() => at(8)).files).toMatchObject([{ storedThrough: 800, floor: 0 }])
  })

  test('look at the largest time of a block, for lines step back', () => {
    const positions = new Positions({ horizonMs: 0 })
    read(positions, source(1), [at(1), at(3), at(2), at(4)])
    expect(positions.snapshot(() => at(2)).files).toMatchObject([{ storedThrough: 100, floor: 100 }])
  })

  test('count lines without a time as belonging to those before them', () => {
    const positions = new Positions({ horizonMs: 0 })
    read(positions, source(1), [at(1), at(3), Number.NEGATIVE_INFINITY, at(5)])
    expect(positions.snapshot(() => at(4)).files).toMatchObject([{ storedThrough: 300 }])
    expect(positions.snapshot(() => at(5)).files).toMatchObject([{ storedThrough: 300 }])
  })

  test('claim nothing of a partition that has no event time yet', () => {
    const positions = new Positions({ horizonMs: HORIZON })
    read(positions, source(1), [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])
    const { files, floorTimeMs } = positions.snapshot(() => Number.NEGATIVE_INFINITY)
    expect(files).toMatchObject([{ storedThrough: 0, floor: 0 }])
    expect(floorTimeMs).toEqual({})
  })

  test('say at a clean stop that all is stored, and keep the floor', () => {
    const positions = new Positions({ horizonMs: HORIZON })
    read(positions, source(1), everyMinute(0, 30))
    expect(positions.snapshot(() => at(28), { isGivenOut: () => true }).files).toMatchObject([
      { storedThrough: 3000, floor: 1800 },
    ])
  })

  test('say of a quiet partition that all of it is stored, and of no other', () => {
    const positions = new Positions({ horizonMs: HORIZON })
    read(positions, source(1, { partition: 'quiet' }), everyMinute(0, 30))
    read(positions, source(2), everyMinute(0, 30))
    const isGivenOut = (partition: string) => partition === 'quiet'
    expect(positions.snapshot(() => at(28), { isGivenOut }).files).toMatchObject([
      { storedThrough: 3000, floor: 1800 },
      { storedThrough: 2800, floor: 1800 },
    ])
  })

  test('end behind a line that was cut, for offsets stand at the start of a line', () => {
    const positions = new Positions({ horizonMs: 0 })
    const block = { ...blockAt(source(1), 0), nextOffset: 5000 }
    positions.begin(block)
    positions.add(block, at(0))
    expect(positions.snapshot(() => at(1)).files).toMatchObject([{ storedThrough: 5000, floor: 5000 }])
  })

  test('leave out sources that are not followed', () => {
    const positions = new Positions({ horizonMs: HORIZON })
    const block = {
      source: { path: '-', partition: '-', gateway: null },
      bytes: new Uint8Array(9),
      offset: 0,
      last: false,
    }
    positions.begin(block)
    positions.add(block, at(0))
    expect(positions.snapshot(() => at(0))).toEqual({ files: [], floorTimeMs: {} })
  })
})

describe('positions of a partition that is rotated', () => {
  test('go back into the older file while its lines are needed', () => {
    const positions = new Positions({ horizonMs: HORIZON })
    read(positions, source(1), everyMinute(0, 20))
    read(positions, source(2), everyMinute(20, 25))
    expect(positions.snapshot(() => at(24)).files).toMatchObject([
      { path: '/log/1', storedThrough: 2000, floor: 1400 },
      { path: '/log/2', storedThrough: 400, floor: 0 },
    ])
  })

  test('keep two files apart that were known by one name', () => {
    const path = '/log/live'
    const resumed = checkpoint()
    const positions = new Positions({ horizonMs: HORIZON, resumed })
    read(positions, source(2, { path, resumed: resumed.files[1] }), everyMinute(20, 21), 200)
    const { files } = positions.snapshot(() => at(20))
    expect(files.map(({ identity, floor }) => [identity, floor])).toEqual([
      ['1:1:256:abc', 1500],
      ['1:2:256:abc', 200],
    ])

    function checkpoint(): InputPositions {
      const files = [1, 2].map((inode) => source(inode, { path }))
      return {
        files: files.map(({ identity, partition }, index) => ({
          identity,
          partition,
          path,
          storedThrough: [2000, 300][index],
          floor: [1500, 100][index],
        })),
        floorTimeMs: { p: at(19) },
      }
    }
  })

  test('forget a file that is not followed any longer as soon as nothing of it is needed', () => {
    const positions = new Positions({ horizonMs: HORIZON })
    const old = source(1)
    read(positions, old, everyMinute(0, 5))
    positions.add(blockAt(old, 500, { bytes: 0, last: true }), Number.NEGATIVE_INFINITY)
    read(positions, source(2), everyMinute(5, 30))
    expect(positions.snapshot(() => at(10)).files).toHaveLength(2)
    expect(positions.snapshot(() => at(29)).files).toMatchObject([{ path: '/log/2' }])
  })
})

describe('positions after a restart', () => {
  const { identity, path } = source(1)
  const resumed: InputPositions = {
    files: [{ identity, path, partition: 'p', storedThrough: 2900, floor: 1800 }],
    floorTimeMs: { p: at(28) },
  }
  const log = source(1, { resumed: resumed.files[0] })

  test('stay as they were for files that were not come to yet', () => {
    const positions = new Positions({ horizonMs: HORIZON, resumed })
    expect(positions.snapshot(() => Number.NEGATIVE_INFINITY)).toEqual(resumed)
  })

  test('do not move back while what was stored is read again', () => {
    const positions = new Positions({ horizonMs: HORIZON, resumed })
    read(positions, log, everyMinute(18, 20), 1800)
    expect(positions.snapshot(() => at(18))).toEqual(resumed)
    expect(positions.snapshot(() => at(18), { isGivenOut: () => true })).toEqual(resumed)
  })

  test('move on behind what was stored', () => {
    const positions = new Positions({ horizonMs: HORIZON, resumed })
    read(positions, log, everyMinute(18, 40), 1800)
    expect(positions.snapshot(() => at(38))).toEqual({
      files: [{ ...resumed.files[0], storedThrough: 3800, floor: 2800 }],
      floorTimeMs: { p: at(38) },
    })
  })

  test('know the lines that are read again, and those that are new', () => {
    const positions = new Positions({ horizonMs: HORIZON, resumed })
    positions.begin(blockAt(log, 1800, { bytes: 2000 }))
    expect([1800, 2899, 2900].map((offset) => positions.isStored(log, offset))).toEqual([true, true, false])
    expect(positions.isStored(source(9), 0)).toBe(false)
  })

  test('take a file that goes on from nothing for a new one, whatever its name and inode', () => {
    const positions = new Positions({ horizonMs: HORIZON, resumed })
    read(positions, source(1), everyMinute(30, 32))
    expect(positions.isStored(log, 0)).toBe(false)
    expect(positions.snapshot(() => at(31)).files).toMatchObject([resumed.files[0], { storedThrough: 100, floor: 0 }])
  })

  test('let go of a file that is gone', () => {
    const positions = new Positions({ horizonMs: HORIZON, resumed })
    const end = blockAt(log, 1800, { bytes: 0, last: true })
    positions.begin(end)
    positions.add(end, Number.NEGATIVE_INFINITY)
    read(positions, source(2), everyMinute(30, 60))
    expect(positions.snapshot(() => at(59)).files).toMatchObject([{ path: '/log/2' }])
  })

  test('say of a file that was read to its end that it has ended, for as long as they are needed', () => {
    const positions = new Positions({ horizonMs: HORIZON })
    const old = source(3)
    read(positions, old, everyMinute(0, 5))
    positions.add(blockAt(old, 500, { bytes: 0, last: true }), Number.NEGATIVE_INFINITY)
    expect(positions.snapshot(() => at(4)).files).toMatchObject([{ ended: true }])
  })

  describe('of a partition whose files are all gone', () => {
    const forgotten: string[] = []
    let nowMs = 0
    const isGivenOut = () => true
    const positionsNow = (): Positions => {
      forgotten.length = nowMs = 0
      const onGone = (isGone: (partition: string) => boolean) => forgotten.push(...['p', 'q'].filter(isGone))
      return new Positions({ horizonMs: HORIZON, onGone, clock: () => nowMs })
    }
    const end = (positions: Positions, of: TailedSource) => {
      read(positions, of, [at(0)])
      positions.add(blockAt(of, 100, { bytes: 0, last: true }), Number.NEGATIVE_INFINITY)
    }

    test('are forgotten after an hour, and so is the partition', () => {
      const positions = positionsNow()
      end(positions, source(1))
      end(positions, source(2))
      read(positions, source(3, { partition: 'q' }), [at(0)])
      nowMs = GONE_AFTER_MS - 1
      expect(positions.snapshot(() => at(0), { isGivenOut }).files).toHaveLength(3)
      nowMs = GONE_AFTER_MS
      expect(positions.snapshot(() => at(0), { isGivenOut })).toMatchObject({
        files: [{ partition: 'q' }],
        floorTimeMs: { q: at(0) },
      })
      expect(forgotten).toEqual(['p'])
    })

    test('stay while one of them is followed, or what was read of them is not given out', () => {
      const positions = positionsNow()
      end(positions, source(1))
      end(positions, source(2, { partition: 'q' }))
      read(positions, source(3), [at(0)])
      nowMs = GONE_AFTER_MS
      const snapshot = positions.snapshot(() => at(0), { isGivenOut: (partition) => partition === 'p' })
      expect(snapshot.files).toHaveLength(3)
      expect(forgotten).toEqual([])
    })
  })
})
