import { describe, expect, test } from '@jest/globals'
import { TransientError } from '../../src/errors.js'
import {
  ElasticsearchFrequencyStore,
  type ElasticsearchRequest,
  type ElasticsearchRequests,
} from '../../src/frequency/elasticsearch.js'

// What a real server answers is looked at in test/integration/elasticsearch/frequency.test.ts.

const question = { by: ['target'], everyMs: null, filter: {} } as const

describe('an Elasticsearch store', () => {
  test('reads to the last page, and gives back each view of the index', async () => {
    const pages = [
      { buckets: [{ key: { target: 'a:1' }, doc_count: 2 }], after_key: { target: 'a:1' } },
      { buckets: [{ key: { target: 'b:2' }, doc_count: 1 }], after_key: { target: 'b:2' } },
      { buckets: [] },
    ]
    const { elasticsearch, requests } = standIn((body) =>
      JSON.stringify(body).includes('edgemicro.requests') ? { buckets: [] } : pages.shift(),
    )
    const rows = await new ElasticsearchFrequencyStore(elasticsearch, 'x').ask(question)
    expect(rows.map(({ values, failures }) => [values.target, failures])).toEqual([
      ['a:1', 2],
      ['b:2', 1],
    ])
    expect(requests.filter((request) => request.startsWith('DELETE /_pit'))).toHaveLength(2)
  })

  test('goes on where the user may read and not refresh', async () => {
    const { elasticsearch, requests } = standIn(() => ({ buckets: [] }))
    await new ElasticsearchFrequencyStore(elasticsearch, 'x').ask(question)
    expect(requests.filter((request) => request.endsWith('/_refresh 403'))).toEqual([
      'POST /x-failures-*/_refresh 403',
      'POST /x-traffic-*/_refresh 403',
    ])
  })

  test('passes on a fault of the server, and gives back the view all the same', async () => {
    const fault = new TransientError('away: x', { code: 'store_unreachable', hint: 'wait' })
    const { elasticsearch, requests } = standIn(() => {
      throw fault
    })
    await expect(new ElasticsearchFrequencyStore(elasticsearch, 'x').ask(question)).rejects.toBe(fault)
    expect(requests.at(-1)).toBe('DELETE /_pit')
  })

  test('takes a prefix as a name, never as part of a path', async () => {
    const { elasticsearch, requests } = standIn(() => ({ buckets: [] }))
    await new ElasticsearchFrequencyStore(elasticsearch, 'a/b,c?d').ask(question)
    expect(requests[0]).toBe('POST /a%2Fb%2Cc%3Fd-failures-*/_refresh 403')
  })
})

/** Answers a search by `groupsOf`, and notes what was asked. */
function standIn(groupsOf: (body: object | undefined) => object | undefined) {
  const requests: string[] = []
  const elasticsearch: ElasticsearchRequests = {
    async request<Body>({ method, path, body, answers }: ElasticsearchRequest) {
      requests.push([method, `${path}${answers === undefined ? '' : ` ${answers.join()}`}`].join(' '))
      const answer = path.endsWith('/_pit')
        ? { id: `view ${requests.length}` }
        : path === '/_search'
          ? { aggregations: { groups: groupsOf(body) } }
          : {}
      return { status: 200, body: answer as Body }
    },
    close: async () => {},
  }
  return { elasticsearch, requests }
}
