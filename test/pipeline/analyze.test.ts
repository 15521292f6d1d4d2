import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { analyze } from '../../src/pipeline/analyze.js'
import type { IndexDocument, LineBlock } from '../../src/records.js'
import { REDACT_ALL, Redactor } from '../../src/redact/redactor.js'
import { FilesSource } from '../../src/sources/files.js'
import type { Source } from '../../src/sources/source.js'
import { T0 } from '../support/documents.js'
import { blockOf, clientHalf, infoLine, logSource, sumOf, targetHalf } from '../support/lines.js'
import { temporaryDirectories } from './temporary.js'

const directory = temporaryDirectories()
const SECOND = 1_000
const MINUTE = 60_000

const idOf = (gateway: number, failure: number): string =>
  `${String(gateway).padStart(8, '0')}-0000-4000-8000-${String(failure).padStart(12, '0')}`

interface Traffic {
  readonly fromMs: number
  readonly toMs: number
  readonly everyMs: number
}

/** A gateway's log: a request each second, and a failure from time to time. */
function logOf(gateway: number, { fromMs, toMs, everyMs }: Traffic): string {
  const lines: string[] = []
  for (let at = fromMs, count = 0; at < toMs; at += SECOND, count++) {
    lines.push(infoLine({ at, correlationId: `${idOf(gateway, count)}-info` }))
    if ((at - fromMs) % everyMs !== 0) continue
    const correlationId = idOf(gateway, at / SECOND)
    lines.push(targetHalf({ at: at + 10, correlationId }), clientHalf({ at: at + 12, correlationId }))
  }
  return `${lines.join('\n')}\n`
}

async function analyzed(source: Source, options: { halvesOnly?: boolean; signal?: AbortSignal } = {}) {
  const documents: IndexDocument[] = []
  const redactor = new Redactor(REDACT_ALL, new Uint8Array(32))
  const onDocuments = (some: readonly IndexDocument[]): void => void documents.push(...some)
  const analysis = await analyze({ source, redactor, onDocuments, signal: new AbortController().signal, ...options })
  const failures = documents.flatMap((each) => (each.kind === 'failure' ? [each] : []))
  return { ...analysis, documents, failures }
}

function filesOf(logs: readonly string[], blockBytes: number): FilesSource {
  const folder = directory()
  const paths = logs.map((text, index) => {
    const file = path.join(folder, `edgemicro-gw${index}-1-1-api.log`)
    fs.writeFileSync(file, text)
    return file
  })
  const onProblem = (problem: Error): void => {
    throw problem
  }
  return new FilesSource({ paths, blockBytes, onProblem })
}

function sourceOf(blocks: readonly LineBlock[]): Source {
  return {
    async *read() {
      yield* blocks
    },
  }
}

describe('an analysis', () => {
  const logs = [
    logOf(1, { fromMs: 0, toMs: 20 * MINUTE, everyMs: 90 * SECOND }),
    logOf(2, { fromMs: 5 * MINUTE, toMs: 12 * MINUTE, everyMs: 7 * SECOND }),
    logOf(3, { fromMs: 2 * MINUTE, toMs: 40 * MINUTE, everyMs: 61 * SECOND }),
  ]

  const expectByTime = async (blockBytes: number): Promise<void> => {
    const { failures } = await analyzed(filesOf(logs, blockBytes))
    const times = failures.map(({ document }) => document['@timestamp'])
    expect(times).toEqual([...times].sort())
    expect(failures).toHaveLength(14 + 60 + 38)
  }

  test('gives failures of several gateways by time', async () => expectByTime(4_096))

  // A block holds minutes of one gateway, in which lines of the others are still to come.
  test('gives failures of several gateways by time, read in large blocks', async () => expectByTime(1_048_576))

  test('gives the same documents whatever the blocks', async () => {
    const sorted = async (blockBytes: number) => {
      const { documents, ledger } = await analyzed(filesOf(logs, blockBytes))
      const texts = documents.map((each) => JSON.stringify(each).replace(/hangup-pipeline-\w+/g, ''))
      return { ledger, texts: texts.sort() }
    }
    expect(await sorted(4_096)).toEqual(await sorted(1_048_576))
  })

  test('infers the same target whatever the blocks', async () => {
    const url = 'slow/thing'
    const lines = [
      clientHalf({ at: 0, url }),
      ...Array.from({ length: 180 }, (_, second) => infoLine({ at: second * SECOND, url: 'other/thing' })),
      infoLine({ at: 200 * SECOND, url }),
    ]
    const targetOf = async (blocks: readonly LineBlock[]) =>
      (await analyzed(sourceOf(blocks))).failures.map(({ document }) => document.edgemicro.target)
    const small: LineBlock[] = []
    for (let index = 0, offset = 0; index < lines.length; offset += lines[index++].length + 1) {
      small.push(blockOf(`${lines[index]}\n`, { offset, last: index === lines.length - 1 }))
    }
    expect(await targetOf(small)).toEqual(await targetOf([blockOf(`${lines.join('\n')}\n`)]))
  })

  test('accounts for every line and knows the range of times', async () => {
    const { ledger, range, evicted } = await analyzed(filesOf(logs, 65_536))
    const lines = logs.join('').split('\n').length - 1
    expect([ledger.lines, sumOf(ledger), evicted]).toEqual([lines, lines, 0])
    expect(range).toEqual({ minMs: T0, maxMs: T0 + 40 * MINUTE - SECOND })
  })

  test('gives each failure once, in its final form, with halves in any order and far apart', async () => {
    const target = targetHalf({ at: 100 })
    const client = clientHalf({ at: 102 })
    const between = Array.from({ length: 5_000 }, (_, index) => infoLine({ at: 101, correlationId: idOf(1, index) }))
    for (const lines of [
      [target, ...between, client],
      [client, ...between, target],
    ]) {
      const { failures } = await analyzed(sourceOf([blockOf(`${lines.join('\n')}\n`)]))
      expect(failures).toHaveLength(1)
      expect(failures[0].document.edgemicro.halves).toBe('both')
    }
  })

  test('looks at halves alone where it is told to', async () => {
    const { documents, ledger } = await analyzed(filesOf(logs, 65_536), { halvesOnly: true })
    expect(documents).toHaveLength(14 + 60 + 38)
    expect(new Set(documents.map(({ kind }) => kind))).toEqual(new Set(['failure']))
    expect(ledger.lines).toBe(logs.join('').split('\n').length - 1)
  })

  test('makes the source wait for a slow reader', async () => {
    let isWriting = false
    let pulls = 0
    const blocks = [0, 1, 2].map((index) =>
      blockOf(`${targetHalf({ at: index * 10 * MINUTE, correlationId: idOf(1, index) })}\n`, {
        source: logSource(),
        offset: index * 1_000,
        last: index === 2,
      }),
    )
    const source: Source = {
      async *read() {
        for (const block of blocks) {
          expect(isWriting).toBe(false)
          pulls++
          yield block
        }
      },
    }
    let written = 0
    await analyze({
      source,
      redactor: new Redactor(REDACT_ALL, new Uint8Array(32)),
      signal: new AbortController().signal,
      onDocuments: async (documents) => {
        isWriting = true
        await new Promise(setImmediate)
        isWriting = false
        written += documents.length
      },
    })
    expect([pulls, written]).toEqual([3, 3])
  })

  test('of nothing has no range', async () => {
    const { range, ledger, documents } = await analyzed(sourceOf([blockOf('')]))
    expect({ range, lines: ledger.lines, documents }).toEqual({ range: null, lines: 0, documents: [] })
  })
})
