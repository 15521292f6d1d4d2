import fs from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { ndjson, projectDirectory, Sandbox } from '../../support/cli.js'
import { clusterUrl, demand, removeAll, uniquePrefix } from '../../support/elasticsearch/cluster.js'
import { clientHalf, infoLine, targetHalf } from '../../support/lines.js'
import { failuresOf } from './sink-options.js'

const prefix = uniquePrefix('letters')
const sandbox = new Sandbox()

afterEach(async () => {
  await removeAll(prefix)
  sandbox.remove()
})

test('documents that an index refused are stored by a replay once the index is mended, and are what one run stores', async () => {
  const [failures, traffic] = ['failures', 'traffic'].map((kind) => `${prefix}-${kind}-2021.06.23`)
  const misfit = { mappings: { dynamic: 'strict', properties: { own: { type: 'keyword' } } } }
  for (const index of [failures, traffic]) await demand('PUT', `/${index}`, misfit)
  const ids = Array.from({ length: 5 }, (_, number) => `00000000-0000-4000-8000-00000000000${number}`)
  const lines = ids.flatMap((correlationId, number) => {
    const at = number * 1_000
    return [
      infoLine({ at, correlationId }),
      targetHalf({ at: at + 1, correlationId }),
      clientHalf({ at: at + 2, correlationId }),
    ]
  })
  const log = sandbox.write('edgemicro-gw-1-1-api.log', `${lines.join('\n')}\n`)
  const environment = { LOGS: log, ELASTICSEARCH_URL: clusterUrl(), HANGUP_PREFIX: prefix }
  const pipeline = path.join(projectDirectory, 'pipelines/tail-to-elasticsearch.yaml')
  const hangup = (...words: string[]) => sandbox.hangup(words, { environment, timeoutMs: 120_000 })
  expect(await hangup('run', pipeline, '--once')).toMatchObject({ code: 0 })
  const letters = sandbox.path('state', 'tail-to-elasticsearch.dead-letters.ndjson')
  expect(ndjson(fs.readFileSync(letters, 'utf8'))).toHaveLength(6)

  const left = sandbox.path('left.ndjson')
  const vain = await hangup('dead-letters', 'replay', pipeline, '--remaining', left)
  expect(vain.code).toBe(3)
  expect(vain.stderr).toContain('6 letters: 0 done, 6 remain')
  expect(vain.stderr).toContain('the store refuses the document still')
  expect(fs.readFileSync(left, 'utf8')).toBe(fs.readFileSync(letters, 'utf8'))

  for (const index of [failures, traffic]) await demand('DELETE', `/${index}`)
  for (const from of [left, letters]) {
    const replayed = await hangup('dead-letters', 'replay', pipeline, '--from', from)
    expect(replayed).toMatchObject({ code: 0, stderr: expect.stringContaining('6 letters: 6 done, 0 remain') })
    expect((await failuresOf(prefix)).map(({ _id }) => _id).sort()).toEqual(ids)
    expect(await hangup('verify', pipeline)).toMatchObject({ code: 0, stdout: expect.stringContaining('the same') })
  }
})
