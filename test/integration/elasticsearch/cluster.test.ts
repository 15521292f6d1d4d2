import { afterEach, describe, expect, test } from '@jest/globals'
import {
  ask,
  count,
  demand,
  documents,
  indexNames,
  removeAll,
  store,
  uniquePrefix,
} from '../../support/elasticsearch/cluster.js'

const prefix = uniquePrefix('cluster')

afterEach(() => removeAll(prefix))

describe('the helpers of these suites', () => {
  test('count and read all documents of an index, also where they are more than one page', async () => {
    await store(
      `${prefix}-many`,
      Array.from({ length: 12_000 }, (_, n) => [`id-${n}`, { n }] as const),
    )
    expect(await count(`${prefix}-many`)).toBe(12_000)
    const found = await documents<{ n: number }>(`${prefix}-*`)
    expect(found.length).toBe(12_000)
    expect(new Map(found.map(({ _id, _source }) => [_id, _source.n])).get('id-11999')).toBe(11_999)
  })

  test('find nothing where there is no such index', async () => {
    expect(await count(`${prefix}-none`)).toBe(0)
    expect(await documents(`${prefix}-none`)).toEqual([])
    expect(await indexNames(prefix)).toEqual([])
  })

  test('say which documents were not stored', async () => {
    await demand('PUT', `/${prefix}-strict`, { mappings: { dynamic: 'strict' } })
    await expect(store(`${prefix}-strict`, [['1', { unknown: 1 }]])).rejects.toThrow('strict_dynamic_mapping_exception')
  })

  test('remove indices and templates of their prefix and nothing else', async () => {
    const other = uniquePrefix('other')
    try {
      for (const each of [prefix, other]) {
        await demand('PUT', `/_component_template/${each}-part`, { template: {} })
        await demand('PUT', `/_index_template/${each}-whole`, {
          index_patterns: [`${each}-*`],
          composed_of: [`${each}-part`],
        })
        await store(`${each}-index`, [['1', {}]])
      }
      await removeAll(prefix)
      expect(await indexNames(prefix)).toEqual([])
      expect((await ask('GET', `/_index_template/${prefix}-whole`)).status).toBe(404)
      expect((await ask('GET', `/_component_template/${prefix}-part`)).status).toBe(404)
      expect(await indexNames(other)).toEqual([`${other}-index`])
      expect((await ask('GET', `/_component_template/${other}-part`)).status).toBe(200)
    } finally {
      await removeAll(other)
    }
  })
})
