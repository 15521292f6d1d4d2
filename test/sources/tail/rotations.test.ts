import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { InputError } from '../../../src/errors.js'
import type { FileCheckpoint } from '../../../src/sources/tail/file-checkpoint.js'
import { type TailOptions, TailSource } from '../../../src/sources/tail/tail-source.js'
import { FAST, Follower } from './follower.js'

let directory: string
let log: string
let followers: Follower[]

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-rotations-'))
  log = path.join(directory, 'a.log')
  followers = []
})

afterEach(async () => {
  for (const follower of followers) await follower.stop()
  fs.rmSync(directory, { recursive: true })
})

function follow(options: Partial<TailOptions> = {}): Follower {
  const follower = new Follower([log], options)
  followers.push(follower)
  return follower
}

/** One for each second, so that their times tell their order. */
function lines(from: number, to: number): string {
  const time = (second: number) => new Date(Date.UTC(2026, 4, 28) + second * 1000).toISOString()
  return Array.from({ length: to - from }, (_, index) => {
    const number = from + index
    return `${time(number)} info 1 line ${number} ${'x'.repeat(30)}\n`
  }).join('')
}

/** Follows the log until its last line and stops; resolves to its checkpoint, from the start of the file on. */
async function readThrough(number: number): Promise<FileCheckpoint> {
  const follower = follow()
  await follower.untilText(`line ${number} `)
  await follower.stop()
  return follower.checkpoint({ floor: 0, storedThrough: 0 })
}

describe('what was rotated away before anybody looked', () => {
  test('is found after a packed log, too, whatever number that had when it was read', async () => {
    fs.writeFileSync(log, lines(0, 30))
    const checkpoint = await readThrough(29)
    fs.renameSync(log, `${log}.5`)
    const asPacked = { ...checkpoint, path: `${log}.2.gz` }
    fs.writeFileSync(`${log}.5.gz`, gzipSync(lines(0, 30)))
    fs.rmSync(`${log}.5`)
    fs.writeFileSync(`${log}.4.gz`, gzipSync(lines(30, 60)))
    fs.writeFileSync(`${log}.1.gz`, gzipSync(lines(60, 90)))
    fs.writeFileSync(log, lines(90, 100))
    const follower = follow({ resume: [asPacked] })
    await follower.untilText('line 99 ')
    expect(follower.text).toBe(lines(0, 100))
  })

  test('is found where logrotate has set it aside, because the gateway was quicker than it with the new log', async () => {
    fs.writeFileSync(log, lines(0, 30))
    const resume = [await readThrough(29)]
    fs.writeFileSync(`${log}.2.gz`, gzipSync(lines(0, 30)))
    fs.writeFileSync(`${log}-2026052803.backup`, lines(30, 36))
    fs.writeFileSync(`${log}.1.gz`, gzipSync(lines(36, 60)))
    fs.rmSync(log)
    fs.writeFileSync(log, lines(60, 70))
    for (const [index, name] of ['.2.gz', '-2026052803.backup', '.1.gz', ''].entries()) {
      fs.utimesSync(`${log}${name}`, 1_700_000_000 + index, 1_700_000_000 + index)
    }
    const follower = follow({ resume })
    await follower.untilText('line 69 ')
    expect(follower.text).toBe(lines(0, 70))
  })

  test('is read once its rotator has packed it, where only half of it is there at first', async () => {
    fs.writeFileSync(log, lines(0, 30))
    const resume = [await readThrough(29)]
    fs.renameSync(log, `${log}.2`)
    const packed = gzipSync(lines(30, 60))
    fs.writeFileSync(`${log}.1.gz`, packed.subarray(0, packed.length / 2))
    fs.writeFileSync(log, lines(60, 70))
    const follower = follow({ resume })
    await follower.untilText('line 69 ')
    fs.writeFileSync(`${log}.1.gz`, packed)
    await follower.untilText('line 59 ')
    expect(follower.text.split('\n').sort()).toEqual(lines(0, 70).split('\n').sort())
    expect(follower.problems).toEqual([])
  })

  test('is told and left alone where it is damaged', async () => {
    fs.writeFileSync(log, lines(0, 30))
    const resume = [await readThrough(29)]
    fs.renameSync(log, `${log}.2`)
    const packed = gzipSync(lines(30, 300))
    packed.fill(0, packed.length / 2)
    fs.writeFileSync(`${log}.1.gz`, packed)
    fs.utimesSync(`${log}.1.gz`, 1_700_000_000, 1_700_000_000)
    fs.writeFileSync(log, lines(300, 310))
    const follower = follow({ resume })
    await follower.untilText('line 309 ')
    expect(follower.text).toBe(lines(0, 30) + lines(300, 310))
    expect(follower.problems.map(({ message }) => message)).toEqual([
      `packed log ends early or is damaged: ${log}.1.gz`,
    ])
  })
})

describe('rotations are read from the oldest to the newest', () => {
  test('whatever their order in the checkpoint', async () => {
    fs.writeFileSync(log, lines(0, 30))
    const oldest = await readThrough(29)
    fs.writeFileSync(log, lines(30, 60))
    const newest = await readThrough(59)
    fs.writeFileSync(`${log}.2.gz`, gzipSync(lines(0, 30)))
    fs.writeFileSync(`${log}.1.gz`, gzipSync(lines(30, 60)))
    fs.rmSync(log)
    fs.writeFileSync(log, lines(60, 70))
    const follower = follow({ resume: [newest, oldest] })
    await follower.untilText('line 69 ')
    expect(follower.text).toBe(lines(0, 70))
  })

  test('also where the oldest is the only one that is not packed', async () => {
    fs.writeFileSync(log, lines(0, 30))
    const resume = [await readThrough(29)]
    fs.renameSync(log, `${log}.3`)
    fs.writeFileSync(`${log}.2.gz`, gzipSync(lines(30, 60)))
    fs.writeFileSync(`${log}.1`, lines(60, 90))
    fs.writeFileSync(log, '')
    const follower = follow({ resume })
    await follower.untilText('line 89 ')
    fs.appendFileSync(log, lines(90, 100))
    await follower.untilText('line 99 ')
    expect(follower.text).toBe(lines(0, 100))
  })
})

test('what a log still got is read before those that follow it, also where they are found because another log was cut', async () => {
  const other = path.join(directory, 'b.log')
  fs.writeFileSync(other, lines(0, 40))
  fs.writeFileSync(log, lines(100, 130))
  const onProblem = ({ code }: InputError): void => {
    if (code !== 'input_truncated') return
    fs.appendFileSync(`${log}.3`, lines(130, 135))
    fs.writeFileSync(`${log}.2`, lines(135, 170))
  }
  const scanIntervalMs = 500
  const blocks = new TailSource({ paths: [log, other], ...FAST, scanIntervalMs, onProblem }).read(
    new AbortController().signal,
  )
  let text = ''
  const untilText = async (end: string): Promise<void> => {
    while (!text.includes(end)) text += Buffer.from((await blocks.next()).value.bytes).toString()
  }
  await untilText('line 129 ')
  fs.renameSync(log, `${log}.3`)
  fs.writeFileSync(log, '')
  fs.writeFileSync(other, lines(40, 50))
  // Both are seen by the same look.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, scanIntervalMs)
  await untilText('line 169 ')
  await blocks.return(undefined)
  expect(text).toContain(lines(130, 170))
})

test('what was read is not read again, however many rotations of other logs are read after it', async () => {
  const checkpoints: FileCheckpoint[] = []
  for (const from of [0, 30, 1000]) {
    fs.writeFileSync(log, lines(from, from + 30))
    checkpoints.push(await readThrough(from + 29))
  }
  fs.rmSync(log)
  fs.writeFileSync(`${log}.2.gz`, gzipSync(lines(0, 30)))
  fs.writeFileSync(`${log}.1.gz`, gzipSync(lines(30, 60)))
  const other = path.join(directory, 'b.log')
  const rotations = 300
  for (let index = 0; index < rotations; index++) {
    const from = 1000 + 30 * index
    fs.writeFileSync(`${other}.${rotations - index}.gz`, gzipSync(lines(from, from + 30)))
  }
  const [older, newer, ofOther] = checkpoints
  const follower = new Follower([log, other], {
    resume: [{ ...ofOther, path: other, partition: other }, older, newer],
  })
  followers.push(follower)
  await follower.untilText(`line ${1000 + 30 * rotations - 1} `)
  fs.writeFileSync(log, lines(60, 70))
  await follower.untilText('line 69 ')
  const numbers = [...follower.text.matchAll(/ line (\d+) /g)].map(([, number]) => Number(number))
  expect(numbers).toHaveLength(new Set(numbers).size)
})

describe('while nobody asks for more lines', () => {
  const moreThanABlock = 40_000
  const controller = new AbortController()

  /** Reads the first block, does what is to be done, and reads on until the last line. */
  async function readAround(paths: readonly string[], work: () => void, lastLine: number): Promise<string> {
    fs.writeFileSync(log, lines(0, moreThanABlock))
    const blocks = new TailSource({ paths, ...FAST, onProblem: () => {} }).read(controller.signal)
    let text = Buffer.from((await blocks.next()).value.bytes).toString()
    work()
    // Names are looked at meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 10 * FAST.scanIntervalMs))
    while (!text.includes(`line ${lastLine} `)) text += Buffer.from((await blocks.next()).value.bytes).toString()
    await blocks.return(undefined)
    return text
  }

  test('a log that is packed is read on before those that come after it', async () => {
    const packAndGoOn = (): void => {
      fs.writeFileSync(`${log}-20260528.gz`, gzipSync(fs.readFileSync(log)))
      fs.rmSync(log)
      fs.writeFileSync(`${log}-20260529`, lines(moreThanABlock, moreThanABlock + 10))
      fs.writeFileSync(log, lines(moreThanABlock + 10, moreThanABlock + 20))
    }
    const text = await readAround([log], packAndGoOn, moreThanABlock + 19)
    expect(text === lines(0, moreThanABlock + 20)).toBe(true)
  })

  test('a log that is copied and cut twice is read on in its copy before those that come after it', async () => {
    const cutTwice = (): void => {
      fs.copyFileSync(log, `${log}.2`)
      fs.writeFileSync(`${log}.1`, lines(moreThanABlock, moreThanABlock + 10))
      fs.writeFileSync(log, lines(moreThanABlock + 10, 2 * moreThanABlock + 20))
    }
    const text = await readAround([log, `${log}.1`, `${log}.2`], cutTwice, 2 * moreThanABlock + 19)
    expect(text === lines(0, 2 * moreThanABlock + 20)).toBe(true)
  })
})

test('a cut that a former run has told is not told again', async () => {
  fs.writeFileSync(log, lines(0, 30))
  const checkpoint = await readThrough(29)
  fs.writeFileSync(`${log}.1.gz`, gzipSync(lines(0, 30)))
  // The log is older than its copy: it was cut, no new file has come to its inode.
  fs.utimesSync(`${log}.1.gz`, Date.now() / 1000 + 60, Date.now() / 1000 + 60)
  fs.truncateSync(log)
  fs.appendFileSync(log, lines(30, 40))
  const first = follow({ resume: [checkpoint] })
  await first.untilText('line 39 ')
  expect(first.problems).toMatchObject([{ code: 'input_truncated' }])
  const second = follow({ resume: [{ ...checkpoint, ended: true }] })
  await second.untilText('line 39 ')
  expect(second.problems).toEqual([])
})
