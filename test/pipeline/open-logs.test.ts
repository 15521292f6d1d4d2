import fs from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import type { InputError } from '../../src/errors.js'
import { openLogs } from '../../src/pipeline/open-logs.js'
import type { Source } from '../../src/sources/source.js'
import { clientHalf, utf8 } from '../support/lines.js'
import { temporaryDirectories } from './temporary.js'

const directory = temporaryDirectories()
const LINE = `${clientHalf()}\n`

async function textsOf(source: Source): Promise<[string, string][]> {
  const texts = new Map<string, string>()
  for await (const { source: from, bytes } of source.read(new AbortController().signal)) {
    const name = path.basename(from.path)
    texts.set(name, (texts.get(name) ?? '') + new TextDecoder().decode(bytes))
  }
  return [...texts]
}

function open(inputs: readonly string[], stdin = '') {
  const problems: InputError[] = []
  const onProblem = (problem: InputError): void => void problems.push(problem)
  return { problems, opened: openLogs({ inputs, stdin: Readable.from([utf8(stdin)]), onProblem }) }
}

describe('opened logs', () => {
  test('are files, packed ones too, and then standard input', async () => {
    const logs = directory()
    fs.writeFileSync(path.join(logs, 'edgemicro-a-1-1-api.log'), LINE)
    fs.writeFileSync(path.join(logs, 'edgemicro-b-1-1-api.log.gz'), gzipSync(LINE + LINE))
    const { source } = await open([logs, '-'], LINE).opened
    const texts = await textsOf(source)
    expect(texts.map(([name]) => name).at(-1)).toBe('-')
    expect(Object.fromEntries(texts)).toEqual({
      'edgemicro-a-1-1-api.log': LINE,
      'edgemicro-b-1-1-api.log.gz': LINE + LINE,
      '-': LINE,
    })
  })

  test('know how much of them was read', async () => {
    const log = path.join(directory(), 'edgemicro-a-1-1-api.log')
    fs.writeFileSync(log, LINE)
    const { source, progress } = await open([log]).opened
    expect(progress()).toEqual({ done: 0, total: 0, unit: 'bytes' })
    await textsOf(source)
    expect(progress()).toEqual({ done: LINE.length, total: LINE.length, unit: 'bytes' })
  })

  test('do not pretend to know how long standard input is', async () => {
    const { source, progress } = await open(['-'], LINE + LINE).opened
    await textsOf(source)
    expect(progress()).toEqual({ done: 2 * LINE.length, total: null, unit: 'bytes' })
  })

  test('tell of one that is missing, and give the others', async () => {
    const logs = directory()
    fs.writeFileSync(path.join(logs, 'edgemicro-a-1-1-api.log'), LINE)
    const { opened, problems } = open([path.join(logs, 'gone.log'), logs])
    expect(await textsOf((await opened).source)).toEqual([['edgemicro-a-1-1-api.log', LINE]])
    expect(problems).toMatchObject([{ code: 'input_not_found' }])
  })

  test('are refused where none is there', async () => {
    await expect(open([path.join(directory(), 'gone.log')]).opened).rejects.toMatchObject({ code: 'input_not_found' })
  })
})
