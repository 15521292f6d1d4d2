import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { InputError } from '../../../src/errors.js'
import type { FileCheckpoint } from '../../../src/sources/tail/file-checkpoint.js'
import { type TailOptions, TailSource } from '../../../src/sources/tail/tail-source.js'
import type { TailedBlock, TailedSource } from '../../../src/sources/tail/tailed-source.js'
import { describeSource } from '../../contract/source-contract.js'

const FAST = { scanIntervalMs: 20, pollIntervalMs: 10 }

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-tail-'))
let directories = 0

afterAll(() => fs.rmSync(root, { recursive: true }))

describeSource(
  'tail',
  async (content, options) => {
    const directory = fs.mkdtempSync(path.join(root, 'contract-'))
    fs.writeFileSync(path.join(directory, 'a.log'), content)
    const onProblem = (problem: InputError) => {
      throw problem
    }
    const source = new TailSource({ paths: [directory], onProblem, ...FAST, ...options })
    return { source, remove: async () => fs.rmSync(directory, { recursive: true }) }
  },
  { ends: false },
)

/** Follows in the background and keeps what comes. */
class Follower {
  readonly problems: InputError[] = []
  readonly sources = new Set<TailedSource>()
  readonly ended: string[] = []
  text = ''
  readonly #controller = new AbortController()
  readonly #finished: Promise<void>
  #failure: unknown = null
  #check: () => void = () => {}

  constructor(paths: readonly string[], options: Partial<TailOptions> = {}) {
    const onProblem = (problem: InputError) => {
      this.problems.push(problem)
      this.#check()
    }
    this.#finished = this.#follow(new TailSource({ paths, onProblem, ...FAST, ...options }))
  }

  /** Resolves once the condition holds; it is looked at after each block and problem. */
  async until(condition: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#check = () => {
        if (this.#failure !== null) reject(this.#failure)
        if (condition()) resolve()
      }
      this.#check()
    })
  }

  untilText(text: string): Promise<void> {
    return this.until(() => this.text.includes(text))
  }

  /** A checkpoint of the only source, as a pipeline would save it. */
  checkpoint(position: Pick<FileCheckpoint, 'floor' | 'storedThrough'>): FileCheckpoint {
    const [source] = this.sources
    return { identity: source.identity, path: source.path, partition: source.partition, ...position }
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    await this.#finished
  }

  async #follow(source: TailSource): Promise<void> {
    try {
      for await (const block of source.read(this.#controller.signal)) this.#take(block)
    } catch (error) {
      this.#failure = error
      this.#check()
    }
  }

  #take({ source, bytes, last }: TailedBlock): void {
    this.text += Buffer.from(bytes).toString()
    this.sources.add(source)
    if (last) this.ended.push(source.path)
    this.#check()
  }
}

/** What a descriptor of this process leads to. */
function linkOf(descriptor: string): string | null {
  try {
    return fs.readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return null
  }
}

/** Asks again and again. */
async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const DATED = '2021-06-23T03:52:24.110Z info 1 '

describe('following files', () => {
  let directory: string
  let log: string
  let followers: Follower[]

  beforeEach(() => {
    directory = path.join(root, `${directories++}`)
    log = path.join(directory, 'a.log')
    fs.mkdirSync(directory)
    followers = []
  })

  afterEach(async () => {
    for (const follower of followers) await follower.stop()
  })

  function follow(options: Partial<TailOptions> = {}, paths = [path.join(directory, '*.log')]): Follower {
    const follower = new Follower(paths, options)
    followers.push(follower)
    return follower
  }

  test('leaves out what is excluded, however it is named', async () => {
    fs.writeFileSync(path.join(directory, 'left-out.log'), 'never\n')
    fs.writeFileSync(log, 'one\n')
    const follower = follow({ exclude: [path.join(directory, 'left-*')] })
    await follower.untilText('one\n')
    fs.appendFileSync(path.join(directory, 'left-out.log'), 'never\n')
    fs.appendFileSync(log, 'two\n')
    await follower.untilText('two\n')
    expect(follower.text).toBe('one\ntwo\n')
  })

  test('delivers what is appended, once', async () => {
    fs.writeFileSync(log, 'one\n')
    const follower = follow()
    await follower.untilText('one\n')
    fs.appendFileSync(log, 'two\nthree\n')
    await follower.untilText('three\n')
    expect(follower.text).toBe('one\ntwo\nthree\n')
  })

  test('goes on with files that were closed because nothing came, also when they were renamed meanwhile', async () => {
    const openNow = () => fs.readdirSync('/proc/self/fd').filter((fd) => linkOf(fd) === log).length
    fs.writeFileSync(log, 'one\n')
    const follower = follow({ closeIdleMs: 1 })
    await follower.untilText('one\n')
    await eventually(() => openNow() === 0)
    fs.appendFileSync(log, 'two\n')
    await follower.untilText('two\n')
    await eventually(() => openNow() === 0)
    fs.renameSync(log, path.join(directory, 'b.log'))
    fs.appendFileSync(path.join(directory, 'b.log'), 'three\n')
    await follower.untilText('three\n')
    expect(follower.text).toBe('one\ntwo\nthree\n')
    expect(follower.sources.size).toBe(1)
  })

  test('leaves out what was written long ago, but reads what comes to it later', async () => {
    const old = path.join(directory, 'old.log')
    fs.writeFileSync(old, 'old\n')
    fs.utimesSync(old, 1, 1)
    fs.writeFileSync(log, 'one\n')
    const follower = follow({ ignoreOlderThanMs: 3_600_000 })
    await follower.untilText('one\n')
    fs.appendFileSync(old, 'new\n')
    await follower.untilText('new\n')
    expect(follower.text).toBe('one\nnew\n')
  })

  test('waits for the rest of a line', async () => {
    fs.writeFileSync(log, 'one\nha')
    const follower = follow()
    await follower.untilText('one\n')
    fs.appendFileSync(log, 'lf\n')
    await follower.untilText('half\n')
    expect(follower.text).toBe('one\nhalf\n')
  })

  test("follows the file behind a link of kubelet's, and reads what was rotated while nobody looked", async () => {
    const id = '3f9a'.repeat(16)
    const pod = path.join(directory, 'pods/edge_emg_027cea80-e6eb-11f1-92ab-a95a4d190f64/edgemicro')
    const target = path.join(pod, '0.log')
    fs.mkdirSync(pod, { recursive: true })
    fs.writeFileSync(target, `${DATED}one\n`)
    fs.symlinkSync(target, path.join(directory, `emg_edge_edgemicro-${id}.log`))
    const first = follow()
    await first.untilText('one\n')
    expect([...first.sources]).toMatchObject([{ path: target, gateway: 'edge/emg/edgemicro', goesOn: true }])
    await first.stop()
    const checkpoint = first.checkpoint({ floor: 0, storedThrough: 0 })
    fs.appendFileSync(target, `${DATED}two\n`)
    fs.renameSync(target, `${target}.20260101-101500`)
    fs.writeFileSync(target, `${DATED}three\n`)
    const second = follow({ resume: [checkpoint] })
    await second.untilText('three\n')
    expect(second.text).toBe(`${DATED}one\n${DATED}two\n${DATED}three\n`)
  })

  test('goes on behind the hole of a log that was cut under a writer that does not append', async () => {
    fs.writeFileSync(log, `${'x'.repeat(5000)}\n`)
    const follower = follow({ maxLineBytes: 1000 })
    await follower.untilText('x\n')
    const writer = fs.openSync(log, 'r+')
    fs.truncateSync(log, 0)
    fs.writeSync(writer, `${DATED}two\n`, 5001)
    await follower.untilText('two\n')
    expect(follower.text.slice(-DATED.length - 4)).toBe(`${DATED}two\n`)
    fs.closeSync(writer)
  })

  test('cuts an over-long line that comes in pieces and tells where the next line begins', async () => {
    fs.writeFileSync(log, 'x'.repeat(50))
    const nextOffsets: number[] = []
    const controller = new AbortController()
    const source = new TailSource({ paths: [log], maxLineBytes: 10, onProblem: () => {}, ...FAST })
    setImmediate(() => fs.appendFileSync(log, `${'x'.repeat(50)}\nend\n`))
    let text = ''
    for await (const { bytes, nextOffset } of source.read(controller.signal)) {
      text += Buffer.from(bytes).toString()
      nextOffsets.push(nextOffset)
      if (text.endsWith('end\n')) break
    }
    expect([text, nextOffsets]).toEqual([`${'x'.repeat(11)}\nend\n`, [101, 105]])
  })

  test('finds files and directories that come later', async () => {
    const later = path.join(directory, 'later')
    const follower = follow({}, [path.join(later, '*.log')])
    fs.mkdirSync(later)
    fs.writeFileSync(path.join(later, 'b.log'), 'late\n')
    await follower.untilText('late\n')
    expect(follower.problems).toEqual([])
  })

  test('begins at the end where it is told to, but reads files whole that come later', async () => {
    fs.writeFileSync(log, 'old\nunfin')
    fs.writeFileSync(path.join(directory, 'z.log'), '')
    const follower = follow({ start: 'end' })
    while (!follower.text.includes('started')) {
      fs.appendFileSync(path.join(directory, 'z.log'), 'started\n')
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    fs.appendFileSync(log, 'ished\n')
    await follower.untilText('unfinished\n')
    fs.writeFileSync(path.join(directory, 'b.log'), 'new\n')
    await follower.untilText('new\n')
    expect(follower.text.replaceAll('started\n', '')).toBe('unfinished\nnew\n')
  })

  test('reads a file that is renamed to its end, then the new one of its name, as one partition', async () => {
    fs.writeFileSync(log, 'one\n')
    const follower = follow()
    await follower.untilText('one\n')
    const descriptor = fs.openSync(log, 'a')
    fs.renameSync(log, `${log}.1`)
    fs.writeSync(descriptor, 'two\n')
    fs.closeSync(descriptor)
    fs.writeFileSync(log, 'three\n')
    await follower.untilText('three\n')
    await follower.until(() => follower.ended.length === 1)
    expect(follower.text).toBe('one\ntwo\nthree\n')
    expect([...follower.sources].map(({ path: known, partition }) => [known, partition])).toEqual([
      [log, log],
      [log, log],
    ])
  })

  test('knows a file again that is renamed within the paths', async () => {
    fs.writeFileSync(log, 'one\n')
    const follower = follow({}, [`${log}*`])
    await follower.untilText('one\n')
    fs.renameSync(log, `${log}.1`)
    fs.writeFileSync(log, 'two\n')
    await follower.untilText('two\n')
    fs.appendFileSync(`${log}.1`, 'late\n')
    await follower.untilText('late\n')
    expect(follower.text).toBe('one\ntwo\nlate\n')
    expect(follower.sources.size).toBe(2)
  })

  test('goes on with a file that was renamed and has no successor', async () => {
    fs.writeFileSync(log, 'one\n')
    const follower = follow()
    await follower.untilText('one\n')
    fs.renameSync(log, path.join(directory, 'moved'))
    fs.writeFileSync(path.join(directory, 'b.log'), 'other\n')
    await follower.untilText('other\n')
    fs.appendFileSync(path.join(directory, 'moved'), 'two\n')
    await follower.untilText('two\n')
    expect(follower.ended).toEqual([])
  })

  test('delivers the unfinished line of a file that is deleted, and ends it', async () => {
    fs.writeFileSync(log, 'one\nunfinished')
    const follower = follow()
    await follower.untilText('one\n')
    fs.rmSync(log)
    await follower.until(() => follower.ended.includes(log))
    expect(follower.text).toBe('one\nunfinished')
  })

  test('reads a file that was cut from its start and tells of it', async () => {
    fs.writeFileSync(log, 'one\ntwo\n')
    const follower = follow()
    await follower.untilText('two\n')
    fs.truncateSync(log)
    fs.appendFileSync(log, 'new\n')
    await follower.untilText('new\n')
    expect(follower.text).toBe('one\ntwo\nnew\n')
    expect(follower.problems).toMatchObject([{ code: 'input_truncated' }])
    expect([follower.sources.size, follower.ended]).toEqual([2, [log]])
  })

  test('leaves packed and binary files alone', async () => {
    fs.writeFileSync(path.join(directory, 'a.log.gz'), gzipSync('packed\n'))
    fs.writeFileSync(path.join(directory, 'b.log'), gzipSync('packed too\n'))
    fs.writeFileSync(path.join(directory, 'c.log'), Buffer.from([1, 0, 0, 0x0a]))
    fs.writeFileSync(log, 'one\n')
    const follower = follow({}, [path.join(directory, '*.log*')])
    await follower.untilText('one\n')
    expect(follower.text).toBe('one\n')
    expect(follower.problems).toMatchObject([{ code: 'input_not_a_log', message: expect.stringContaining('c.log') }])
  })

  test('reads the file first whose next lines are the oldest', async () => {
    fs.writeFileSync(path.join(directory, 'a.log'), '2021-06-23T03:00:00.000Z info 1 later\n')
    fs.writeFileSync(path.join(directory, 'b.log'), '2021-06-23T02:00:00.000Z info 1 earlier\n')
    const follower = follow()
    await follower.untilText('later')
    expect(follower.text).toMatch(/earlier\n.*later\n/)
  })

  describe('after a restart', () => {
    test('goes on at the floor of the checkpoint', async () => {
      fs.writeFileSync(log, `${DATED}one\n${DATED}two\n`)
      const first = follow()
      await first.untilText('two\n')
      await first.stop()
      const floor = DATED.length + 4
      const checkpoint = first.checkpoint({ floor, storedThrough: 2 * floor })
      fs.appendFileSync(log, `${DATED}three\n`)
      const second = follow({ resume: [checkpoint], start: 'end' })
      await second.untilText('three\n')
      expect(second.text).toBe(`${DATED}two\n${DATED}three\n`)
    })

    test('knows a file that was young when the checkpoint was made and has grown', async () => {
      fs.writeFileSync(log, 'one\n')
      const first = follow()
      await first.untilText('one\n')
      await first.stop()
      fs.appendFileSync(log, 'two\n'.repeat(200))
      const second = follow({ resume: [first.checkpoint({ floor: 4, storedThrough: 4 })] })
      await second.until(() => second.text.length >= 800)
      expect(second.text).toBe('two\n'.repeat(200))
    })

    test('finds a file that was renamed out of the paths meanwhile, under the name it was known by', async () => {
      fs.writeFileSync(log, 'one\n')
      const first = follow()
      await first.untilText('one\n')
      await first.stop()
      fs.appendFileSync(log, 'two\n')
      fs.renameSync(log, `${log}.1`)
      fs.writeFileSync(log, 'three\n')
      const second = follow({ resume: [first.checkpoint({ floor: 4, storedThrough: 4 })] })
      await second.untilText('two\n')
      await second.untilText('three\n')
      expect(second.text).toHaveLength('two\nthree\n'.length)
      expect([...second.sources].map((source) => source.path)).toEqual([log, log])
      expect(second.problems).toEqual([])
    })

    test('reads a new file whole that took the name and the inode of the old one, and tells of the old one', async () => {
      fs.writeFileSync(log, 'one\n')
      const first = follow()
      await first.untilText('one\n')
      await first.stop()
      fs.truncateSync(log)
      fs.writeFileSync(log, 'new content\n')
      const second = follow({ resume: [first.checkpoint({ floor: 4, storedThrough: 4 })] })
      await second.untilText('new content\n')
      expect(second.text).toBe('new content\n')
      expect(second.problems).toMatchObject([{ code: 'input_not_found', message: expect.stringContaining(log) }])
    })

    test('reads a file that was cut meanwhile from its start', async () => {
      fs.writeFileSync(log, `${'same start\n'.repeat(30)}end\n`)
      const first = follow()
      await first.untilText('end\n')
      await first.stop()
      fs.truncateSync(log, 286)
      const second = follow({ resume: [first.checkpoint({ floor: 334, storedThrough: 334 })] })
      await second.until(() => second.text.length === 286)
      expect(second.problems).toMatchObject([{ code: 'input_truncated' }])
    })
  })

  test('gives an identity that gets more precise as the file grows', async () => {
    fs.writeFileSync(log, 'one\n')
    const follower = follow()
    await follower.untilText('one\n')
    const [source] = follower.sources
    const young = source.identity
    fs.appendFileSync(log, 'two\n'.repeat(100))
    await follower.until(() => follower.text.length === 404)
    expect(young).toMatch(/^\d+:\d+:4:[0-9a-f]{64}$/)
    expect(source.identity).toMatch(/^\d+:\d+:256:[0-9a-f]{64}$/)
  })

  test('stops promptly while it waits', async () => {
    const follower = follow({ scanIntervalMs: 60_000, pollIntervalMs: 60_000 })
    await new Promise<void>((resolve) => setImmediate(resolve))
    await follower.stop()
    expect(follower.text).toBe('')
  })
})
