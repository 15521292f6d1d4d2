import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { InputError } from '../../src/errors.js'
import { discoverLogFiles } from '../../src/sources/discover.js'
import { inputProblem } from '../../src/sources/input-problems.js'

const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-discover-')))

afterAll(() => fs.rmSync(root, { recursive: true }))

function directory(name: string, ...files: readonly string[]): string {
  const made = path.join(root, name)
  fs.mkdirSync(made, { recursive: true })
  for (const file of files) fs.writeFileSync(path.join(made, file), 'x\n')
  return made
}

describe('of a directory', () => {
  const logs = directory('including', 'edgemicro-a-api.log', 'edgemicro-b.log', 'gateway.out', 'gateway.out.tmp')
  directory('including/below', 'edgemicro-c-api.log')
  const included = async (include: readonly string[], inputs = [logs]) => {
    const { paths } = await discoverLogFiles({ inputs, include, onProblem: () => {} })
    return paths.map((file) => path.relative(logs, file))
  }

  test('those files are taken that are included, whatever their names, by globs that begin in it or are absolute', async () => {
    expect(await included(['*-api.log', path.join(logs, 'gateway.*')])).toEqual(['edgemicro-a-api.log', 'gateway.out'])
  })

  test('nothing is taken that lies below it', async () => {
    expect(await included(['**/*-api.log'])).toEqual(['edgemicro-a-api.log'])
  })

  test('files that are named otherwise are taken all the same', async () => {
    const byName = path.join(logs, 'edgemicro-b.log')
    expect(await included(['*-api.log'], [byName, path.join(logs, 'gateway.o*t')])).toEqual([
      'edgemicro-b.log',
      'gateway.out',
    ])
  })

  test('it is said where none is included', async () => {
    await expect(included(['*.none'])).rejects.toMatchObject({
      code: 'input_not_found',
      message: `no file to include in directory: ${logs}`,
      hint: expect.stringContaining('source.tail.include'),
    })
  })
})

async function discover(...inputs: readonly string[]) {
  const problems: InputError[] = []
  const found = await discoverLogFiles({ inputs, onProblem: (problem) => problems.push(problem) })
  return { ...found, problems, names: found.paths.map((file) => path.basename(file)) }
}

describe('the files that are named', () => {
  const logs = directory(
    'logs',
    'edgemicro-a.log',
    'edgemicro-a.log.1',
    'edgemicro-b.log.gz',
    'edgemicro-c.log-20260101',
    'other.log',
    'notes.txt',
  )

  test('are the gateway logs of a directory', async () => {
    const { names } = await discover(logs)
    expect(names).toEqual(['edgemicro-a.log', 'edgemicro-a.log.1', 'edgemicro-b.log.gz', 'edgemicro-c.log-20260101'])
  })

  test('are gateway logs whatever stands in their names', async () => {
    const odd = ['edgemicro-a\nb.log', 'edgemicro-$(id) `id`.log', 'edgemicro-\u{1f600}[ab]*?.log']
    expect(new Set((await discover(directory('odd', ...odd))).names)).toEqual(new Set(odd))
  })

  test('are all logs of a directory without gateway logs', async () => {
    const others = directory('others', 'one.log', 'two.log.1', 'readme.txt')
    fs.mkdirSync(path.join(others, 'old.log'))
    expect((await discover(others)).names).toEqual(['one.log', 'two.log.1'])
  })

  test('are those that match a glob, with absolute paths', async () => {
    const { paths } = await discover(path.relative(process.cwd(), path.join(logs, 'edgemicro-a*')))
    expect(paths).toEqual([path.join(logs, 'edgemicro-a.log'), path.join(logs, 'edgemicro-a.log.1')])
  })

  test('are taken literally where a file has the very name of a pattern', async () => {
    const odd = directory('odd', 'a[1].log', 'a1.log')
    expect((await discover(path.join(odd, 'a[1].log'))).names).toEqual(['a[1].log'])
  })

  test('come once, however often and under whatever links they are named', async () => {
    const link = path.join(root, 'link.log')
    fs.symlinkSync(path.join(logs, 'other.log'), link)
    const { paths } = await discover(
      path.join(logs, 'other.log'),
      link,
      path.join(logs, 'o*.log'),
      path.join(logs, '..', 'logs', 'other.log'),
    )
    expect(paths).toEqual([path.join(logs, 'other.log')])
  })

  test('may be standard input', async () => {
    expect(await discover('-')).toMatchObject({ paths: [], stdin: true, problems: [] })
  })
})

describe('inputs that give nothing', () => {
  const good = path.join(directory('good', 'edgemicro-a.log'), 'edgemicro-a.log')

  test.each([
    ['a missing file', path.join(root, 'missing.log'), /no such file or directory: .*missing\.log$/],
    ['a path through a file', path.join(good, 'below.log'), /no such file or directory/],
    ['a glob without a match', path.join(root, 'nothing-*.log'), /no file matches: .*nothing-\*\.log$/],
    ['a directory without logs', directory('empty', 'readme.txt'), /no log files in directory: .*empty$/],
  ])('throws for %s alone, and tells of it beside others', async (_name, input, message) => {
    const problem = {
      name: 'InputError',
      code: 'input_not_found',
      message: expect.stringMatching(message),
      hint: expect.any(String),
    }
    await expect(discover(input)).rejects.toMatchObject(problem)
    expect(await discover(input, good)).toMatchObject({ paths: [good], problems: [problem] })
  })

  test('throws for a file that may not be read', async () => {
    const link = path.join(root, 'loop.log')
    fs.symlinkSync(link, link)
    await expect(discover(link)).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringContaining('ELOOP'),
    })
  })

  // Root may read everything, and tests may run as root: so the system's refusal itself is given.
  test('says of a file of another user who may read it', () => {
    const refused = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    expect(inputProblem('edgemicro-a.log', refused)).toMatchObject({
      code: 'input_unreadable',
      hint: expect.stringContaining('0600'),
    })
  })
})

test('leaves out what is excluded, by name and by glob', async () => {
  const logs = directory('excluding', 'edgemicro-a.log', 'edgemicro-b.log', 'edgemicro-c.log')
  const found = await discoverLogFiles({
    inputs: [logs],
    exclude: [path.join(logs, 'edgemicro-a.log'), path.join(logs, '*-b.*')],
    onProblem: () => {},
  })
  expect(found.paths).toEqual([path.join(logs, 'edgemicro-c.log')])
})
