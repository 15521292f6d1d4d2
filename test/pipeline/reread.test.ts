import fs from 'node:fs'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, test } from '@jest/globals'
import { loadPipeline } from '../../src/config/load.js'
import { loadRedactionKey } from '../../src/pipeline/redaction-key.js'
import { reread } from '../../src/pipeline/reread.js'
import { runPipeline } from '../../src/pipeline/run.js'
import { clientHalf, infoLine, targetHalf } from '../support/lines.js'
import { temporaryDirectories } from './temporary.js'

const directoryOf = temporaryDirectories()

function prepared(source: 'files' | 'tail', more: Readonly<Record<string, unknown>> = {}) {
  const directory = directoryOf()
  const log = path.join(directory, 'edgemicro-gw-1-1-api.log')
  const lines = [infoLine(), targetHalf({ at: 1 }), 'no record of the gateway', clientHalf({ at: 61_000 })]
  fs.writeFileSync(log, `${lines.join('\n')}\n`)
  const state = path.join(directory, 'state')
  const pipeline = {
    source: { [source]: { paths: [log] } },
    sinks: [{ stdout: { traffic: true } }],
    state: { directory: state },
    ...more,
  }
  const input = {
    config: loadPipeline(JSON.stringify(pipeline), { file: 'p.yaml', environment: {} }),
    proxies: [],
    machine: 'this-machine',
    stdin: new PassThrough(),
    signal: new AbortController().signal,
    onProblem: (problem: Error) => {
      throw problem
    },
  }
  return { input, state, log }
}

test.each(['files', 'tail'] as const)(
  'a pipeline with the source %s is read as run --once reads it, and nothing is left behind',
  async (source) => {
    const { input, state, log } = prepared(source)
    await loadRedactionKey(state)
    const documents: string[] = []
    const read = await reread({
      ...input,
      onDocuments: (each) => documents.push(...each.map(({ document }) => document['@timestamp'])),
    })
    expect(fs.readdirSync(state)).toEqual(['redact.key'])
    expect(read).toMatchObject({ partitions: new Set(['gw/1']), gateways: new Set(['gw']), paths: new Set([log]) })

    const stdout = new PassThrough()
    const run = await runPipeline({ ...input, stdout, once: true })
    expect(read.ledger).toEqual(run.ledger)
    expect(read.range).toEqual(run.range)
    const printed = stdout.read().toString('utf8').trim().split('\n')
    expect(documents).toEqual(printed.map((line: string) => JSON.parse(line)['@timestamp']))
  },
)

test('the key of the hashes is needed and never made', async () => {
  const { input, state } = prepared('files')
  await expect(reread({ ...input, onDocuments: () => {} })).rejects.toMatchObject({ code: 'state_unusable' })
  expect(fs.existsSync(state)).toBe(false)
})

test('without hashes no key is needed', async () => {
  const { input } = prepared('files', { redact: { clientId: 'drop' } })
  expect((await reread({ ...input, onDocuments: () => {} })).ledger.lines).toBe(4)
})

test('the gateway is this machine where the pipeline says so', async () => {
  const { input } = prepared('files', { redact: { clientId: 'drop' }, gateway: { hostFrom: 'machine' } })
  expect((await reread({ ...input, onDocuments: () => {} })).gateways).toEqual(new Set(['this-machine']))
})

test('a stop before the end is thrown', async () => {
  const { input } = prepared('files', { redact: { clientId: 'drop' } })
  const signal = AbortSignal.abort()
  await expect(reread({ ...input, signal, onDocuments: () => {} })).rejects.toMatchObject({ name: 'AbortError' })
})
