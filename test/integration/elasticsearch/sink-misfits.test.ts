import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { RefusedDocument } from '../../../src/sinks/elasticsearch/sink.js'
import { ndjson, projectDirectory, Sandbox } from '../../support/cli.js'
import { clusterUrl, demand, removeAll, uniquePrefix } from '../../support/elasticsearch/cluster.js'
import { clientHalf, targetHalf } from '../../support/lines.js'
import { counts, DAY, expectCounted, expectStored, failures, faultOptions, halves } from './faults.js'
import { failuresOf, withSink } from './sink-options.js'

let prefix: string

beforeEach(() => {
  prefix = uniquePrefix('misfit')
})

afterEach(() => removeAll(prefix))

const optionsOf = (refused: RefusedDocument[]) =>
  faultOptions(prefix, { url: clusterUrl() }, { onRefused: (each) => refused.push(each) })

/** Somebody made the index of that day before us. */
const makeIndex = (mappings: object, day = DAY) => demand('PUT', `/${prefix}-failures-${day}`, { mappings })

const MAPPINGS = [
  ['a time as a number', { properties: { '@timestamp': { type: 'long' } } }, 'failed to parse field [@timestamp]'],
  ['none but its own fields', { dynamic: 'strict', properties: { own: { type: 'keyword' } } }, 'strict'],
  [
    'a message as a number',
    { properties: { error: { properties: { message: { type: 'long' } } } } },
    'failed to parse field [error.message]',
  ],
  ['an object in place of a text', { properties: { edgemicro: { properties: { org: { type: 'object' } } } } }, 'org'],
] as const

describe('an index that was made with another mapping', () => {
  test.each(MAPPINGS)(
    '(%s) takes no documents: they are refused with the reason, the others are stored',
    async (_, mappings, reason) => {
      const refused: RefusedDocument[] = []
      const { options, retries } = optionsOf(refused)
      const [misfits, others] = [failures(20), [...failures(20, { from: 100, day: 1 }), ...counts(2)]]
      await makeIndex(mappings)
      await withSink(options, async (sink) => {
        await sink.write([...misfits.slice(0, 10), ...others, ...misfits.slice(10)])
        await sink.settle({ now: true })
      })
      expect(refused.map(({ document }) => document.id).sort()).toEqual(misfits.map(({ id }) => id))
      for (const { status, reason: told } of refused) {
        expect({ status, told }).toEqual({ status: 400, told: expect.stringContaining(reason) })
      }
      expect(retries).toEqual([])
      await expectStored(prefix, others)
      await expectCounted(prefix, others)
    },
  )

  test('refuses one half of a failure, and the other half stays as it is', async () => {
    const refused: RefusedDocument[] = []
    const { options } = optionsOf(refused)
    const { target, client } = halves('f1', Date.UTC(2021, 5, 24))
    await makeIndex({ dynamic: 'strict' }, '2021.06.24')
    await withSink(options, async (sink) => {
      await sink.write([target])
      await sink.write([client])
    })
    expect(refused.map(({ document }) => document)).toEqual([client])
    await expectStored(prefix, [target])
  })
})

test('a run over documents of which some are refused ends well, says how many, and the dead letters tell why', async () => {
  await makeIndex({ dynamic: 'strict', properties: { own: { type: 'keyword' } } })
  const sandbox = new Sandbox()
  try {
    const ids = Array.from({ length: 6 }, (_, number) => `00000000-0000-4000-8000-00000000000${number}`)
    const lines = ids.flatMap((correlationId, number) => {
      // Three on the day of that index, three on the next.
      const at = number * 1_000 + (number < 3 ? 0 : 86_400_000)
      return [targetHalf({ at, correlationId }), clientHalf({ at: at + 1, correlationId })]
    })
    const log = sandbox.write('edgemicro-gw-1-1-api.log', `${lines.join('\n')}\n`)
    const environment = { LOGS: log, ELASTICSEARCH_URL: clusterUrl(), HANGUP_PREFIX: prefix }
    const pipeline = path.join(projectDirectory, 'pipelines/tail-to-elasticsearch.yaml')
    const run = await sandbox.hangup(['run', pipeline, '--once'], { environment, timeoutMs: 120_000 })
    expect(run).toMatchObject({ code: 0 })
    const letters = sandbox.path('state', 'tail-to-elasticsearch.dead-letters.ndjson')
    expect(run.stderr).toContain(`3 documents could not be stored: hangup dead-letters ${letters} tells why`)
    expect(run.stderr).toMatch(/^3 requests failed\.$/m)
    expect((await failuresOf(prefix)).map(({ _id }) => _id).sort()).toEqual(ids.slice(3))

    const refused = ndjson(fs.readFileSync(letters, 'utf8'))
    expect(refused.map(({ document }) => document.id).sort()).toEqual(ids.slice(0, 3))
    for (const letter of refused) {
      expect(letter).toMatchObject({ kind: 'refused', sink: 'elasticsearch', status: 400, position: { source: log } })
    }
    const { code, stdout } = await sandbox.hangup(['dead-letters', letters])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^3 documents could not be stored\.$/m)
    for (const { reason } of refused) expect(stdout).toContain(`\nelasticsearch 400: ${reason}\n`)
    expect(stdout).toMatch(/mapping set to strict, dynamic introduction of \[[^\]]+\] within \[_doc\] is not allowed/)
  } finally {
    sandbox.remove()
  }
})
