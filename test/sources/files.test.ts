import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { InputError } from '../../src/errors.js'
import { FilesSource } from '../../src/sources/files.js'
import { describeSource } from '../contract/source-contract.js'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-files-'))
let files = 0

afterAll(() => fs.rmSync(directory, { recursive: true }))

const UID = '027cea80-e6eb-11f1-92ab-a95a4d190f64'

function write(content: string | Buffer, name = `log-${files++}`): string {
  const file = path.join(directory, name)
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, content)
  return file
}

/** A minute of 2021-06-23, as lines begin. */
function at(minute: string, text = 'x'): string {
  return `2021-06-23T${minute}:00.000Z info 1 ${text}\n`
}

interface Read {
  readonly text: string
  readonly problems: readonly InputError[]
  readonly lasts: readonly string[]
}

async function read(
  paths: readonly string[],
  options: Partial<ConstructorParameters<typeof FilesSource>[0]> = {},
): Promise<Read> {
  const problems: InputError[] = []
  const lasts: string[] = []
  const source = new FilesSource({ paths, onProblem: (problem) => problems.push(problem), ...options })
  let text = ''
  for await (const block of source.read(new AbortController().signal)) {
    text += Buffer.from(block.bytes).toString()
    if (block.last) lasts.push(block.source.path)
  }
  return { text, problems, lasts }
}

const onProblem = (problem: InputError) => {
  throw problem
}

for (const [name, pack] of [
  ['files', (content: Buffer) => content],
  ['gzip files', (content: Buffer) => gzipSync(content, { level: 1 })],
] as const) {
  describeSource(
    name,
    async (content, options) => {
      const file = write(pack(content))
      return { source: new FilesSource({ paths: [file], onProblem, ...options }), remove: async () => fs.rmSync(file) }
    },
    { ends: true },
  )
}

describeSource(
  'files in small blocks',
  async (content, options) => {
    const file = write(content)
    const source = new FilesSource({ paths: [file], blockBytes: 4096, onProblem, ...options })
    return { source, remove: async () => fs.rmSync(file) }
  },
  { ends: true },
)

describe('the order of files', () => {
  test('reads rotations of one gateway process oldest first, whatever the order of the arguments', async () => {
    const names = [10, 2, 1].map((rotation) => `rotations/edgemicro-gw-1-${UID}-${rotation}-api.log`)
    const paths = names.map((name, index) => write(`${index}\n`, name))
    const { text, lasts } = await read(paths)
    expect(text).toBe('2\n1\n0\n')
    expect(lasts).toEqual([...paths].reverse())
  })

  test('reads what a log rotator renamed before the live file', async () => {
    const paths = [
      write('live\n', 'rotator/app.log'),
      write('yesterday\n', 'rotator/app.log.1'),
      write(gzipSync('before\n'), 'rotator/app.log.2.gz'),
    ]
    expect((await read(paths)).text).toBe('before\nyesterday\nlive\n')
  })

  test('reads files of one partition and one rotation by their first time', async () => {
    const name = `edgemicro-gw-2-${UID}-1-api.log`
    const paths = [write(at('05:00'), `b/${name}`), write(at('04:00'), `a/${name}`)]
    expect((await read(paths)).text).toBe(at('04:00') + at('05:00'))
  })

  test('reads rotations whose names do not tell their order by their first time', async () => {
    const paths = [
      write(at('05:00'), 'mixed/app.log'),
      write(at('02:00'), 'mixed/app.log.1'),
      write(gzipSync(at('01:00')), 'mixed/app.log.2.gz'),
      write(at('03:00'), 'mixed/app.log-2026010103.backup'),
      write(at('04:00'), 'mixed/app.log-20260102'),
    ]
    const { text } = await read(paths)
    expect(text).toBe(['01:00', '02:00', '03:00', '04:00', '05:00'].map((minute) => at(minute)).join(''))
  })

  test('interleaves partitions by event time, block by block', async () => {
    const a = ['01:00', '03:00', '05:00', '07:00'].map((minute) => at(minute, 'a'.repeat(60)))
    const b = ['02:00', '04:00', '06:00'].map((minute) => at(minute, 'b'.repeat(60)))
    const { text } = await read([write(b.join('')), write(a.join(''))], { blockBytes: 128 })
    expect(text).toBe([...a, ...b].sort().join(''))
  })

  test('interleaves packed with plain files', async () => {
    const lines = Array.from({ length: 60 }, (_, minute) =>
      at(`01:${String(minute).padStart(2, '0')}`, 'x'.repeat(90_000)),
    )
    const even = lines.filter((_, index) => index % 2 === 0).join('')
    const odd = lines.filter((_, index) => index % 2 === 1).join('')
    const times = (text: string) => text.match(/2021-06-23T\d\d:\d\d/g) ?? []
    const { text } = await read([write(gzipSync(even, { level: 0 })), write(odd)], { blockBytes: 100_000 })
    expect(text).toHaveLength(even.length + odd.length)
    // Packed blocks end where chunks end: neighbours may swap, halves of the files may not.
    expect(
      times(text)
        .slice(0, 30)
        .every((time) => time < '2021-06-23T01:35'),
    ).toBe(true)
  })

  test('goes on with lines that have no time at the place of those before them', async () => {
    const a = at('01:00') + 'stack\n'.repeat(100) + at('03:00')
    const b = at('02:00') + at('04:00')
    const { text } = await read([write(b), write(a)], { blockBytes: 64 })
    expect(text.indexOf('stack')).toBeLessThan(text.indexOf('T02:00'))
    expect(text).toHaveLength(a.length + b.length)
  })

  test('reads a thousand files with a few descriptors', async () => {
    const paths = Array.from({ length: 1000 }, (_, index) => write(at('01:00', `${index}`), `many/${index}.log`))
    const opened = () => fs.readdirSync('/proc/self/fd').length
    const before = opened()
    let most = 0
    for await (const _block of new FilesSource({ paths, maxOpenFiles: 8, onProblem }).read(
      new AbortController().signal,
    )) {
      most = Math.max(most, opened())
    }
    expect(most - before).toBeLessThanOrEqual(12)
    expect(opened()).toBeLessThanOrEqual(before)
  })
})

describe('input that is not as it should be', () => {
  const good = write(at('01:00', 'good'))

  test('tells of a missing file and reads the others', async () => {
    const { text, problems } = await read([path.join(directory, 'missing'), good])
    expect(text).toContain('good')
    expect(problems).toMatchObject([{ code: 'input_not_found', message: expect.stringContaining('missing') }])
  })

  test('tells of each problem once', async () => {
    const { problems } = await read([path.join(directory, 'm1'), good, path.join(directory, 'm2'), directory])
    expect(problems.map(({ message }) => message.split('/').at(-1)).sort()).toEqual(
      [path.basename(directory), 'm1', 'm2'].sort(),
    )
  })

  test('throws the first problem where nothing could be read', async () => {
    const reading = read([path.join(directory, 'm1'), path.join(directory, 'm2')])
    await expect(reading).rejects.toMatchObject({
      name: 'InputError',
      code: 'input_not_found',
      message: expect.stringContaining('m1'),
    })
  })

  test('reads an empty file beside a missing one', async () => {
    const { text, problems, lasts } = await read([path.join(directory, 'missing'), write('')])
    expect([text, problems.length, lasts.length]).toEqual(['', 1, 1])
  })

  test('tells of what cannot be read', async () => {
    const { problems } = await read([directory, good])
    expect(problems).toMatchObject([{ code: 'input_unreadable', message: expect.stringContaining('EISDIR') }])
  })

  test('leaves out binary files', async () => {
    const binary = write(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 0x0a, 0, 1, 2]))
    const { text, problems } = await read([binary, good])
    expect(text).toBe(at('01:00', 'good'))
    expect(problems).toMatchObject([{ code: 'input_not_a_log', message: `not a gateway log: ${binary}` }])
  })

  test('leaves out packed binary files', async () => {
    await expect(read([write(gzipSync(Buffer.from([0, 1, 2, 0])))])).rejects.toMatchObject({ code: 'input_not_a_log' })
  })

  test('reads what stands behind a hole of NUL bytes, however large', async () => {
    const text = await read([write(`${'\0'.repeat(3_000_000)}${at('02:00')}`)], { maxLineBytes: 1000 })
    expect(text.text.replace(/\0+/, 'hole')).toBe(`hole\n${at('02:00')}`)
  })

  test('reads a log that holds NUL bytes', async () => {
    const content = `${at('01:00')}\0\0\n${at('02:00')}`
    expect((await read([write(content)])).text).toBe(content)
  })

  test('delivers all that is readable of a gzip file that ends early, then tells', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => at('01:00', `${index} ${Math.sin(index)}`)).join('')
    const packed = gzipSync(lines)
    const { text, problems, lasts } = await read([write(packed.subarray(0, packed.length / 2))])
    expect(text.length).toBeGreaterThan(lines.length / 3)
    expect(lines.startsWith(text)).toBe(true)
    expect(lasts).toHaveLength(1)
    expect(problems).toMatchObject([{ code: 'input_truncated' }])
  })

  test('delivers what stands before damage in a gzip file, then tells', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => at('01:00', `${index} ${Math.sin(index)}`)).join('')
    const packed = gzipSync(lines)
    packed.fill(0xff, packed.length / 2, packed.length / 2 + 100)
    const { text, problems } = await read([write(packed)])
    const undamaged = await read([write(gzipSync(lines).subarray(0, packed.length / 2))])
    expect(text.startsWith(undamaged.text)).toBe(true)
    expect(text.length).toBeGreaterThan(lines.length / 3)
    expect(problems).toMatchObject([{ code: 'input_truncated' }])
  })

  test('throws where a gzip file holds nothing readable', async () => {
    await expect(read([write(gzipSync('x').subarray(0, 8))])).rejects.toMatchObject({ code: 'input_truncated' })
  })

  test('tells gzip by content, not by name', async () => {
    const paths = [write(gzipSync(at('01:00')), 'packed.log'), write(at('02:00'), 'plain.log.gz')]
    expect((await read(paths)).text).toBe(at('01:00') + at('02:00'))
  })

  test('reads all members of a gzip file and ignores the zeros that pad it', async () => {
    const packed = Buffer.concat([gzipSync(at('01:00')), gzipSync(at('02:00')), Buffer.alloc(512)])
    const { text, problems } = await read([write(packed)])
    expect([text, problems]).toEqual([at('01:00') + at('02:00'), []])
  })

  test('reads all of a gzip file that garbage follows, then tells', async () => {
    const { text, problems } = await read([write(Buffer.concat([gzipSync(at('01:00')), Buffer.from('garbage')]))])
    expect(text).toBe(at('01:00'))
    expect(problems).toMatchObject([{ code: 'input_truncated' }])
  })
})

test('shows its progress in bytes on disk', async () => {
  const plain = write(at('01:00').repeat(1000))
  const packed = write(gzipSync(at('02:00').repeat(1000)))
  const totalBytes = fs.statSync(plain).size + fs.statSync(packed).size
  const source = new FilesSource({ paths: [plain, packed], blockBytes: 4096, onProblem })
  const seen: number[] = []
  for await (const _block of source.read(new AbortController().signal)) seen.push(source.progress().readBytes)
  expect(seen).toEqual([...seen].sort((left, right) => left - right))
  expect(seen[0]).toBeLessThan(totalBytes)
  expect(source.progress()).toEqual({ readBytes: totalBytes, totalBytes })
})

test('names partition and gateway after the file', async () => {
  const file = write(at('01:00'), `edgemicro-gw-9-${UID}-1-api.log`)
  for await (const block of new FilesSource({ paths: [file], onProblem }).read(new AbortController().signal)) {
    expect(block.source).toEqual({
      path: file,
      partition: `gw-9/${UID}`,
      gateway: 'gw-9',
      isFirst: true,
      goesOn: false,
    })
  }
})
