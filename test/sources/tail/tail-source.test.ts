import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { InputError } from '../../../src/errors.js'
import { TailLosses } from '../../../src/sources/tail/tail-losses.js'
import { type TailOptions, TailSource } from '../../../src/sources/tail/tail-source.js'
import { describeSource } from '../../contract/source-contract.js'
import { FAST, Follower } from './follower.js'

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

/** Files that this process has open, by the names that they have. */
function openFiles(): string[] {
  return fs.readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [fs.readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      return []
    }
  })
}

const DATED = '2021-06-23T03:52:24.110Z info 1 '
const [LATER, LATEST] = [DATED.replace('03:', '04:'), DATED.replace('03:', '05:')]

/** In the place of the file, as rotators do. */
function pack(file: string): void {
  fs.writeFileSync(`${file}.gz`, gzipSync(fs.readFileSync(file)))
  fs.rmSync(file)
}

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

  test('follows of a directory what is included, also what comes later, and its rotations', async () => {
    fs.writeFileSync(path.join(directory, 'left-out.log'), 'never\n')
    const follower = follow({ include: ['a*.log'] }, [directory])
    fs.writeFileSync(log, `${DATED}one\n`)
    await follower.untilText('one\n')
    fs.appendFileSync(log, `${DATED}two\n`)
    fs.renameSync(log, path.join(directory, 'other.log.1'))
    fs.writeFileSync(log, `${DATED}three\n`)
    await follower.untilText('three\n')
    expect(follower.text).toBe(`${DATED}one\n${DATED}two\n${DATED}three\n`)
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

  test.each([
    ['as it was', () => {}],
    ['packed', pack],
  ])(
    "follows the file behind a link of kubelet's, and reads what was rotated while nobody looked, %s",
    async (_, keep) => {
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
      for (const [rotation, line] of [
        ['20260101-101500', 'three'],
        ['20260101-111500', 'four'],
      ]) {
        fs.renameSync(target, `${target}.${rotation}`)
        keep(`${target}.${rotation}`)
        fs.writeFileSync(target, `${line === 'three' ? LATER : LATEST}${line}\n`)
      }
      const second = follow({ resume: [checkpoint] })
      await second.untilText('four\n')
      expect(second.text).toBe(`${DATED}one\n${DATED}two\n${LATER}three\n${LATEST}four\n`)
      // A record may be cut at the end of each of them.
      expect([...second.sources].map(({ goesOn }) => goesOn)).toEqual([true, true, true])
    },
  )

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

  test('goes on when a directory can be looked at again', async () => {
    const logs = path.join(directory, 'logs')
    fs.mkdirSync(logs)
    fs.writeFileSync(path.join(logs, 'a.log'), `${DATED}one\n`)
    const follower = follow({}, [path.join(logs, 'a.log')])
    await follower.untilText('one\n')
    fs.renameSync(logs, path.join(directory, 'away'))
    fs.symlinkSync(logs, logs)
    await follower.until(() => follower.problems.length > 0)
    expect(follower.problems).toMatchObject([{ code: 'input_unreadable', message: expect.stringContaining('ELOOP') }])
    fs.rmSync(logs)
    fs.renameSync(path.join(directory, 'away'), logs)
    fs.appendFileSync(path.join(logs, 'a.log'), `${DATED}two\n`)
    await follower.untilText('two\n')
    expect(follower.text).toBe(`${DATED}one\n${DATED}two\n`)
  })

  describe('after a restart', () => {
    test('goes on where it began at the end of a log that had no line since', async () => {
      fs.writeFileSync(log, `${DATED}one\n`)
      const first = follow({ start: 'end' })
      await first.until(() => first.sources.size === 1)
      await first.stop()
      const end = DATED.length + 4
      fs.appendFileSync(log, `${DATED}two\n`)
      const second = follow({ start: 'end', resume: [first.checkpoint({ floor: end, storedThrough: end })] })
      await second.untilText('two\n')
      expect(first.text + second.text).toBe(`${DATED}two\n`)
    })

    test('waits for a log that cannot be looked at, and tells no loss', async () => {
      const logs = path.join(directory, 'logs')
      fs.mkdirSync(logs)
      fs.writeFileSync(path.join(logs, 'a.log'), `${DATED}one\n`)
      const paths = [path.join(logs, 'a.log')]
      const first = follow({}, paths)
      await first.untilText('one\n')
      await first.stop()
      const end = DATED.length + 4
      fs.renameSync(logs, path.join(directory, 'away'))
      fs.symlinkSync(logs, logs)
      const losses = new TailLosses()
      const second = follow({ losses, resume: [first.checkpoint({ floor: end, storedThrough: end })] }, paths)
      await second.until(() => second.problems.length > 0)
      fs.rmSync(logs)
      fs.renameSync(path.join(directory, 'away'), logs)
      fs.appendFileSync(path.join(logs, 'a.log'), `${DATED}two\n`)
      await second.untilText('two\n')
      expect(second.text).toBe(`${DATED}two\n`)
      expect(second.problems).toMatchObject([{ code: 'input_unreadable' }])
      expect(losses.total).toEqual({ times: 0, bytes: 0 })
    })

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

    test('reads a file whole that was written over meanwhile, and tells of what was there before', async () => {
      fs.writeFileSync(log, 'one\n')
      const first = follow()
      await first.untilText('one\n')
      await first.stop()
      fs.truncateSync(log)
      fs.writeFileSync(log, 'new content\n')
      const second = follow({ resume: [first.checkpoint({ floor: 4, storedThrough: 4 })] })
      await second.untilText('new content\n')
      expect(second.text).toBe('new content\n')
      expect(second.problems).toMatchObject([{ code: 'input_truncated', message: expect.stringContaining(log) }])
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

  describe('through a rotation', () => {
    const lines = (from: number, to: number): string =>
      Array.from(
        { length: to - from },
        (_, index) => `2021-06-23T03:52:24.110Z info 1 line ${from + index} ${'x'.repeat(30)}\n`,
      ).join('')

    test('reads a copy on from where the file was cut, and does not read it again where it is among the paths', async () => {
      fs.writeFileSync(log, lines(0, 50))
      const follower = follow({ scanIntervalMs: 100_000, pollIntervalMs: 100_000 }, [`${log}*`])
      await follower.untilText('line 49 ')
      fs.copyFileSync(log, `${log}.1`)
      await follower.stop()
      const resume = [follower.checkpoint({ floor: 0, storedThrough: 0 })]
      fs.appendFileSync(`${log}.1`, lines(50, 60))
      fs.writeFileSync(log, lines(60, 70))
      const second = follow({ resume }, [`${log}*`])
      await second.untilText('line 69 ')
      await second.untilText('line 59 ')
      expect(second.text.split('\n').sort()).toEqual(lines(0, 70).split('\n').sort())
    })

    test.each(['log.1', 'log-20261123', 'log-20261123.gz', 'old/a.log.1'])(
      'reads what was copied to %s before a cut',
      async (name) => {
        fs.writeFileSync(log, lines(0, 50))
        const unread = new Uint8Array(Buffer.from(lines(50, 80)))
        const losses = new TailLosses()
        fs.mkdirSync(path.join(directory, 'old'))
        const follower = follow({ losses }, [log, path.join(directory, 'old', 'other.log')])
        await follower.untilText('line 49 ')
        const content = Buffer.concat([fs.readFileSync(log), unread])
        const copy = path.join(directory, name.includes('/') ? name : `a.${name}`)
        fs.writeFileSync(copy, name.endsWith('.gz') ? gzipSync(content) : content)
        fs.writeFileSync(log, lines(80, 90))
        await follower.untilText('line 89 ')
        expect(follower.text).toBe(lines(0, 90))
        expect(follower.problems).toMatchObject([{ code: 'input_truncated', hint: expect.stringContaining(copy) }])
        expect(losses.of('cut')).toEqual({ times: 1, bytes: 0 })
      },
    )

    test('tells a file that was cut and has grown past its old size from one that only grew', async () => {
      fs.writeFileSync(log, lines(0, 10))
      const follower = follow()
      await follower.untilText('line 9 ')
      fs.writeFileSync(log, lines(10, 60))
      await follower.untilText('line 59 ')
      expect(follower.text).toBe(lines(0, 60))
      expect(follower.problems).toMatchObject([{ code: 'input_truncated' }])
    })

    test('counts the bytes that were seen and never read', async () => {
      fs.writeFileSync(log, `${lines(0, 10)}unfinished`)
      const losses = new TailLosses()
      const follower = follow({ losses })
      await follower.untilText('line 9 ')
      fs.truncateSync(log)
      fs.appendFileSync(log, lines(10, 11))
      await follower.untilText('line 10 ')
      expect(losses.of('cut')).toEqual({ times: 1, bytes: 'unfinished'.length })
    })

    test('leaves a copy alone whose original goes on', async () => {
      fs.writeFileSync(log, lines(0, 50))
      const follower = follow({}, [`${directory}/*`])
      await follower.untilText('line 49 ')
      fs.copyFileSync(log, path.join(directory, 'backup.log'))
      fs.appendFileSync(log, lines(50, 51))
      await follower.untilText('line 50 ')
      fs.writeFileSync(path.join(directory, 'z.log'), 'end\n')
      await follower.untilText('end\n')
      expect(follower.text).toBe(`${lines(0, 51)}end\n`)
    })

    test('knows a file again that was copied into its own place', async () => {
      fs.writeFileSync(log, lines(0, 50))
      const follower = follow()
      await follower.untilText('line 49 ')
      fs.copyFileSync(log, path.join(directory, 'temporary'))
      fs.renameSync(path.join(directory, 'temporary'), log)
      fs.appendFileSync(log, lines(50, 51))
      await follower.untilText('line 50 ')
      expect(follower.text).toBe(lines(0, 51))
      expect(follower.sources.size).toBe(1)
    })

    test('reads files that were rotated twice before anybody looked', async () => {
      fs.writeFileSync(log, lines(0, 10))
      const follower = follow()
      await follower.untilText('line 9 ')
      await follower.stop()
      const resume = [follower.checkpoint({ floor: 0, storedThrough: 0 })]
      fs.appendFileSync(log, lines(10, 20))
      fs.writeFileSync(`${log}.3.gz`, gzipSync(fs.readFileSync(log)))
      fs.writeFileSync(`${log}.2.gz`, gzipSync(lines(20, 30)))
      fs.writeFileSync(`${log}.1`, lines(30, 40))
      fs.rmSync(log)
      fs.writeFileSync(log, lines(40, 50))
      const second = follow({ resume })
      await second.untilText('line 49 ')
      expect(second.text).toBe(lines(0, 50))
      expect(second.problems).toEqual([])
    })

    test('goes on in a packed file from its floor, under the name it was known by, and again after the next stop', async () => {
      fs.writeFileSync(log, lines(0, 10))
      const first = follow()
      await first.untilText('line 9 ')
      await first.stop()
      const checkpoint = first.checkpoint({ floor: lines(0, 5).length, storedThrough: lines(0, 8).length })
      fs.writeFileSync(`${log}-20261123.gz`, gzipSync(lines(0, 20)))
      fs.rmSync(log)
      for (let stop = 0; stop < 2; stop++) {
        const follower = follow({ resume: [checkpoint] })
        await follower.until(() => follower.ended.length === 1)
        await follower.stop()
        expect(follower.text).toBe(lines(5, 20))
        expect([...follower.sources]).toMatchObject([{ path: log, resumed: checkpoint }])
        expect(follower.problems).toEqual([])
      }
    })

    test('takes a new file on the inode of an old one for what it is, though both begin alike', async () => {
      const head = lines(0, 30)
      fs.writeFileSync(log, `${head}${lines(30, 40)}`)
      const first = follow()
      await first.untilText('line 39 ')
      await first.stop()
      fs.writeFileSync(log, `${head}${lines(50, 70)}`)
      const second = follow({ resume: [first.checkpoint({ floor: 0, storedThrough: fs.statSync(log).size })] })
      await second.untilText('line 69 ')
      expect(second.text).toBe(`${head}${lines(50, 70)}`)
      expect([...second.sources].at(-1)).toMatchObject({ resumed: null })
    })

    test('reads a file once that has several names, and keeps the name by which it was found', async () => {
      fs.writeFileSync(log, lines(0, 10))
      fs.linkSync(log, path.join(directory, 'b.log'))
      fs.symlinkSync(log, path.join(directory, 'c.log'))
      const follower = follow()
      await follower.untilText('line 9 ')
      fs.appendFileSync(path.join(directory, 'b.log'), lines(10, 11))
      await follower.untilText('line 10 ')
      expect(follower.text).toBe(lines(0, 11))
      expect([...follower.sources].map((source) => source.path)).toEqual([log])
    })

    test('goes on with a file that was moved to another directory', async () => {
      const other = path.join(directory, 'other')
      fs.mkdirSync(other)
      fs.writeFileSync(log, lines(0, 10))
      const first = follow()
      await first.untilText('line 9 ')
      await first.stop()
      fs.appendFileSync(log, lines(10, 20))
      fs.renameSync(log, path.join(other, 'archived'))
      const size = lines(0, 10).length
      const second = follow({ resume: [first.checkpoint({ floor: size, storedThrough: size })] }, [
        log,
        path.join(other, '*.log'),
      ])
      await second.untilText('line 19 ')
      expect(second.text).toBe(lines(10, 20))
    })

    test('waits for late lines in a file that was rotated away', async () => {
      fs.writeFileSync(log, lines(0, 10))
      const follower = follow({ rotateWaitMs: 60_000 })
      await follower.untilText('line 9 ')
      fs.renameSync(log, path.join(directory, 'away'))
      fs.writeFileSync(log, lines(10, 20))
      await follower.untilText('line 19 ')
      fs.appendFileSync(path.join(directory, 'away'), lines(20, 21))
      await follower.untilText('line 20 ')
      expect(follower.ended).toEqual([])
    })

    test('opens what comes and goes while nobody pulls, and tells what it gives up', async () => {
      fs.writeFileSync(log, lines(0, 10))
      const problems: InputError[] = []
      const losses = new TailLosses()
      const options = { paths: [log], losses, onProblem: (problem: InputError) => problems.push(problem) }
      const controller = new AbortController()
      const iterator = new TailSource({ ...options, ...FAST, unreadWaitMs: 200 }).read(controller.signal)
      await iterator.next()
      fs.rmSync(log)
      fs.writeFileSync(log, lines(10, 20))
      // Nothing is pulled meanwhile.
      while (!openFiles().includes(log)) await new Promise((resolve) => setTimeout(resolve, 10))
      fs.rmSync(log)
      fs.writeFileSync(log, lines(20, 30))
      while (losses.total.times === 0) await new Promise((resolve) => setTimeout(resolve, 10))
      expect(losses.of('given_up')).toEqual({ times: 1, bytes: lines(10, 20).length })
      expect(problems.map(({ message }) => message.split(':')[0])).toEqual([
        'file was deleted before it was read to its end',
        'deleted file was given up before it was read to its end',
      ])
      let text = ''
      while (!text.includes('line 29 ')) {
        const { value } = await iterator.next()
        text += Buffer.from(value.bytes).toString()
      }
      expect(text).toBe(lines(20, 30))
      controller.abort()
      await iterator.return(undefined)
    })
  })

  test('gives an identity that gets more precise as the file grows', async () => {
    fs.writeFileSync(log, 'one\n')
    const follower = follow()
    await follower.untilText('one\n')
    const [source] = follower.sources
    const young = source.identity
    fs.appendFileSync(log, 'two\n'.repeat(300))
    await follower.until(() => follower.text.length === 1204)
    expect(young).toMatch(/^\d+:\d+:4:[0-9a-f]{64}$/)
    expect(source.identity).toMatch(/^\d+:\d+:1024:[0-9a-f]{64}$/)
  })

  test('stops promptly while it waits', async () => {
    const follower = follow({ scanIntervalMs: 60_000, pollIntervalMs: 60_000 })
    await new Promise<void>((resolve) => setImmediate(resolve))
    await follower.stop()
    expect(follower.text).toBe('')
  })
})
