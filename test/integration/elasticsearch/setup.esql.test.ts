import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { connectElasticsearch } from '../../../src/sinks/elasticsearch/connection.js'
import { installMissing } from '../../../src/sinks/elasticsearch/setup/setup.js'
import { failure } from '../../support/documents.js'

const prefix = `it-setup-esql-${randomBytes(4).toString('hex')}`
const elasticsearch = connectElasticsearch({ node: process.env.HANGUP_TEST_ELASTICSEARCH_URL ?? '', timeoutMs: 60_000 })

/** The rows of an answer. */
async function ask(query: string): Promise<readonly unknown[]> {
  const request = { method: 'POST', path: '/_query', body: { query } } as const
  const { body } = await elasticsearch.request<{ readonly values: readonly unknown[] }>(request)
  return body.values
}

beforeAll(async () => {
  await installMissing(elasticsearch, prefix)
})

afterAll(async () => {
  const { body } = await elasticsearch.request<object>({ method: 'GET', path: `/${prefix}-*` })
  for (const index of Object.keys(body)) await elasticsearch.request({ method: 'DELETE', path: `/${index}` })
  for (const kind of ['failures', 'traffic', 'frequency', 'shipper']) {
    for (const api of ['_index_template', '_ilm/policy']) {
      const path = `/${api}/${prefix}-${kind}`
      await elasticsearch.request({ method: 'DELETE', path, answers: [400, 404, 405] })
    }
  }
  await elasticsearch.close()
})

test.each([
  ['failures', 'edgemicro.cause'],
  ['traffic', 'edgemicro.basis'],
  ['frequency', 'edgemicro.covered'],
  ['shipper', 'edgemicro.shipper.pipeline'],
])('ES|QL asks for %s before the first document', async (kind, field) => {
  for (const from of [`${prefix}-${kind}`, `${prefix}-${kind}-*`]) {
    expect(await ask(`FROM ${from} | STATS n = COUNT(*) BY ${field}`)).toEqual([])
  }
})

test('ES|QL takes texts that are too long for an absent value', async () => {
  const index = `${prefix}-failures-2030.01.01`
  const { document } = failure()
  const body = { ...document, url: { path: 'x'.repeat(70_000) } }
  await elasticsearch.request({ method: 'POST', path: `/${index}/_doc`, query: { refresh: true }, body })
  const rows = await ask(`FROM ${index} | STATS n = COUNT(*) BY url.path, edgemicro.cause`)
  expect(rows).toEqual([[1, null, document.edgemicro.cause]])
})
