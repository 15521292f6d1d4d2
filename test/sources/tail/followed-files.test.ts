import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { DEFAULT_MAX_LINE_BYTES } from '../../../src/sources/line-framer.js'
import type { FileCheckpoint } from '../../../src/sources/tail/file-checkpoint.js'
import { identify } from '../../../src/sources/tail/file-identity.js'
import { FollowedFile } from '../../../src/sources/tail/followed-file.js'
import { FollowedFiles } from '../../../src/sources/tail/followed-files.js'
import { RestingHandle } from '../../../src/sources/tail/resting-handle.js'
import { TailLosses } from '../../../src/sources/tail/tail-losses.js'

let directory: string
let log: string
let files: FollowedFiles
let problems: string[]
let ended: string[]

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-followed-'))
  log = path.join(directory, 'a.log')
  problems = []
  ended = []
  files = follow([])
})

afterEach(async () => {
  await files.closeAll()
  fs.rmSync(directory, { recursive: true })
})

/** Nothing is looked at but by the test. */
function follow(resume: readonly FileCheckpoint[]): FollowedFiles {
  return new FollowedFiles({
    paths: [log],
    include: [],
    exclude: [],
    start: 'beginning',
    resume,
    maxLineBytes: DEFAULT_MAX_LINE_BYTES,
    rotateWaitMs: 0,
    unreadWaitMs: 60_000,
    closeIdleMs: 60_000,
    ignoreOlderThanMs: Number.POSITIVE_INFINITY,
    losses: new TailLosses(),
    onProblem: ({ message }) => problems.push(message),
  })
}

/** All that can be read without another look. */
async function readAll(): Promise<string> {
  const buffer = Buffer.alloc(1024 * 1024)
  let text = ''
  for (;;) {
    const leftover = files.takeGivenUp()
    if (leftover !== null) {
      for await (const { bytes } of leftover.rest(buffer)) text += Buffer.from(bytes).toString()
      await leftover.close()
      ended.push(leftover.source.path)
      continue
    }
    const file = files.nextReady()
    if (file === null) return text
    const block = await file.next(buffer)
    if (block !== null) text += Buffer.from(block.bytes).toString()
    else if (file.ready) return text
  }
}

/** One for each second, so that their times tell their order. */
function lines(from: number, to: number): string {
  const time = (second: number) => new Date(Date.UTC(2026, 4, 28) + second * 1000).toISOString()
  return Array.from({ length: to - from }, (_, index) => `${time(from + index)} info 1 line ${from + index}\n`).join('')
}

function shift(): void {
  const numbers = fs.readdirSync(directory).map((name) => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0))
  for (const number of numbers.filter((each) => each > 0).sort((one, other) => other - one)) {
    fs.renameSync(`${log}.${number}`, `${log}.${number + 1}`)
  }
}

function rename(): void {
  shift()
  fs.renameSync(log, `${log}.1`)
}

function copyAndCut(): void {
  shift()
  fs.copyFileSync(log, `${log}.1`)
  fs.truncateSync(log)
}

test('a rotated log is let go of once it is read, also one that nobody saw before it got its last name', async () => {
  fs.writeFileSync(log, lines(0, 30))
  await files.scan()
  let text = await readAll()
  fs.renameSync(log, `${log}-20260527`)
  fs.writeFileSync(`${log}-20260528`, lines(30, 60))
  fs.writeFileSync(log, lines(60, 70))
  await files.scan()
  text += await readAll()
  await files.scan()
  text += await readAll()
  expect(text).toBe(lines(0, 70))
  expect(ended).toEqual([log, `${log}-20260528`])
})

test('a file that a rotator is about to pack into is no log', async () => {
  fs.writeFileSync(log, lines(0, 30))
  await files.scan()
  let text = await readAll()
  rename()
  fs.writeFileSync(log, lines(30, 60))
  rename()
  fs.writeFileSync(`${log}.1.gz`, '')
  fs.writeFileSync(log, lines(60, 70))
  await files.scan()
  text += await readAll()
  fs.writeFileSync(`${log}.1.gz`, gzipSync(lines(30, 60), { level: 0 }))
  fs.rmSync(`${log}.1`)
  await files.scan()
  text += await readAll()
  expect(text).toBe(lines(0, 70))
})

describe('a log that came and went between two looks is read before what came after it', () => {
  test('where it was cut', async () => {
    fs.writeFileSync(log, lines(0, 30))
    await files.scan()
    let text = await readAll()
    copyAndCut()
    await files.scan()
    fs.appendFileSync(log, lines(30, 60))
    copyAndCut()
    fs.appendFileSync(log, lines(60, 70))
    await files.refresh()
    text += await readAll()
    expect(text).toBe(lines(0, 70))
  })

  test('where its first lines were seen, and nothing is in its place yet', async () => {
    fs.writeFileSync(log, lines(0, 30))
    await files.scan()
    let text = await readAll()
    copyAndCut()
    fs.appendFileSync(log, lines(30, 40))
    await files.scan()
    copyAndCut()
    fs.appendFileSync(log, lines(40, 50))
    copyAndCut()
    await files.scan()
    text += await readAll()
    expect(text).toBe(lines(0, 50))
  })
})

describe('after a restart', () => {
  /** Reads the log to its end and stops; resolves to its checkpoint. */
  async function readThrough(floor: number): Promise<FileCheckpoint> {
    await files.scan()
    const { source } = files.nextReady()!
    await readAll()
    const { identity, path: known, partition, trail } = source
    await files.closeAll()
    return { identity, path: known, partition, trail, floor, storedThrough: lines(0, 30).length }
  }

  test('a log that is cut before its first line is read again is noticed, however long it is by then', async () => {
    fs.writeFileSync(log, lines(0, 30))
    files = follow([await readThrough(lines(0, 30).length)])
    await files.scan()
    fs.writeFileSync(log, lines(100, 200))
    await files.refresh()
    const text = await readAll()
    await files.refresh()
    expect(text + (await readAll())).toBe(lines(100, 200))
    expect(problems).toEqual([`file was cut while it was followed: ${log}`])
  })

  test('a cut that a former run has told is not told again, where it left nothing', async () => {
    fs.writeFileSync(log, lines(0, 30))
    const checkpoint = await readThrough(0)
    fs.writeFileSync(log, lines(100, 110))
    files = follow([{ ...checkpoint, ended: true }])
    await files.scan()
    expect(await readAll()).toBe(lines(100, 110))
    expect(problems).toEqual([])
  })
})

test('a log that is cut between two looks, at how it begins and at how long it is, is known to be', async () => {
  fs.writeFileSync(log, lines(0, 30))
  const handle = await RestingHandle.open(log)
  const identity = await identify(handle)
  fs.truncateSync(log)
  const maxLineBytes = DEFAULT_MAX_LINE_BYTES
  const file = new FollowedFile({
    path: log,
    resumed: null,
    handle,
    identity,
    beganAt: '',
    startOffset: 0,
    maxLineBytes,
  })
  await file.refresh()
  expect(file.cut).toBe(true)
  await file.close()
})
