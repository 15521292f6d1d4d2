import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { demand, eventually } from '../../support/elasticsearch/cluster.js'
import { SELECTED_PROFILE } from '../../support/elasticsearch/selection.mjs'
import { type ElasticsearchServer, startElasticsearch } from '../../support/elasticsearch/server.mjs'
import { counts, DAY, expectCounted, expectStored, failures, faultOptions, UnderWay } from './faults.js'
import { withSink } from './sink-options.js'

let server: ElasticsearchServer

beforeAll(async () => {
  server = await startElasticsearch({
    profile: SELECTED_PROFILE,
    settings: { 'cluster.info.update.interval': '10s' },
  })
}, 300_000)

afterAll(async () => server?.remove())

describe('a server that is away for a time', () => {
  test.each(['stop', 'kill'] as const)(
    '(%s) is waited for: nothing is done before, all is stored after',
    async (end) => {
      const prefix = `away-${end}`
      const { options, retries } = faultOptions(prefix, server)
      const written = [...failures(200), ...failures(2_000, { from: 1_000 }), ...counts(30)]
      await withSink(options, async (sink) => {
        await sink.write(written.slice(0, 200))
        const [before, after] = [written.slice(200, 1_200), written.slice(1_200)]
        // In the middle of requests, as far as that goes.
        const interrupted = new UnderWay(sink.write(before))
        await server[end]()
        const late = new UnderWay(sink.write(after))
        await late.waitsThrough(retries)
        const settled = new UnderWay(sink.settle({ now: true }))
        await settled.waitsThrough(retries)
        await server.restart()
        await Promise.all([interrupted.promise, late.promise])
        await sink.settle({ now: true })
      })
      expect(retries.map(({ code }) => code)).toEqual(retries.map(() => 'store_unreachable'))
      await expectStored(prefix, written, server)
      await expectCounted(prefix, written, server)
    },
  )
})

const BLOCKS = ['index.blocks.write', 'index.blocks.read_only', 'index.blocks.read_only_allow_delete'] as const

describe('an index that somebody has closed to writing', () => {
  test.each(BLOCKS)('(%s) is waited for, until the block is lifted', async (block) => {
    const prefix = `block-${block.replace(/^.*\./, '').replaceAll('_', '-')}`
    const { options, retries } = faultOptions(prefix, server)
    const written = failures(50)
    await withSink(options, async (sink) => {
      await sink.write(written.slice(0, 10))
      await setBlock(`${prefix}-failures-${DAY}`, block, true)
      const late = new UnderWay(sink.write(written.slice(10)))
      await late.waitsThrough(retries)
      await setBlock(`${prefix}-failures-${DAY}`, block, null)
      await late.promise
    })
    expect(retries[0].message).toContain('cluster_block_exception')
    expect(retries[0].hint).toMatch(/lift the block|writing goes on by itself/)
    await expectStored(prefix, written, server)
  })

  test('holds up no documents of other days', async () => {
    const { options, retries } = faultOptions('days', server, { inFlight: 1 })
    const [blocked, free] = [failures(50), failures(50, { from: 1_000, day: 1 })]
    await withSink(options, async (sink) => {
      await sink.write(blocked.slice(0, 10))
      await setBlock(`days-failures-${DAY}`, 'index.blocks.write', true)
      const late = new UnderWay(sink.write([...blocked.slice(10), ...free]))
      await late.waitsThrough(retries)
      await expectStored('days', [...blocked.slice(0, 10), ...free], server)
      await setBlock(`days-failures-${DAY}`, 'index.blocks.write', null)
      await late.promise
    })
    await expectStored('days', [...blocked, ...free], server)
  })

  test('or has closed altogether is waited for, until it is open', async () => {
    const { options, retries } = faultOptions('closed', server)
    const written = failures(50)
    await withSink(options, async (sink) => {
      await sink.write(written.slice(0, 10))
      await demand('POST', `/closed-failures-${DAY}/_close`, undefined, server)
      const late = new UnderWay(sink.write(written.slice(10)))
      await late.waitsThrough(retries)
      await demand('POST', `/closed-failures-${DAY}/_open`, undefined, server)
      await late.promise
    })
    expect(retries[0].message).toContain('index_closed_exception')
    await expectStored('closed', written, server)
  })

  test.each(BLOCKS)('(%s) is waited for by the frequency too', async (block) => {
    const prefix = `counted-${block.replace(/^.*\./, '').replaceAll('_', '-')}`
    const { options, retries } = faultOptions(prefix, server)
    const written = [...failures(50), ...counts(3)]
    await withSink(options, async (sink) => {
      await sink.write(written.slice(0, 10))
      await sink.settle({ now: true })
      await setBlock(`${prefix}-frequency-2021.06`, block, true)
      await sink.write(written.slice(10))
      const settled = new UnderWay(sink.settle({ now: true }))
      await settled.waitsThrough(retries)
      await setBlock(`${prefix}-frequency-2021.06`, block, null)
      await settled.promise
    })
    await expectCounted(prefix, written, server)
  })
})

describe('a server that may make no index by itself', () => {
  test('ends the sink at once, which says what to allow', async () => {
    const { options, retries } = faultOptions('forbidden', server)
    try {
      await withSink(options, async (sink) => {
        await putSettings({ 'action.auto_create_index': '-forbidden-*,+*' })
        const error = { message: expect.stringContaining('cannot make the index'), code: 'store_incompatible' }
        await expect(sink.write(failures(10))).rejects.toMatchObject(error)
        // For good: nothing is written any more, and nothing is tried again.
        await expect(sink.write(failures(10))).rejects.toMatchObject(error)
      })
    } finally {
      await putSettings({ 'action.auto_create_index': null })
    }
    expect(retries).toEqual([])
  })
})

describe('a server whose disk is full (flood stage)', () => {
  test('is waited for, and writing goes on by itself when there is room', async () => {
    const { options, retries } = faultOptions('flood', server)
    const written = [...counts(3), ...failures(300)]
    await withSink(options, async (sink) => {
      await sink.write(written.slice(0, 10))
      await sink.settle({ now: true })
      // Still to be counted.
      await sink.write(written.slice(10, 20))
      await setDiskSettings(await freeBytes())
      // Whatever is written until the server has looked at its disk goes through.
      await eventually('the index is blocked', async () => {
        const [settings] = Object.values(
          await demand<Settings>('GET', `/flood-failures-${DAY}/_settings`, undefined, server),
        )
        return settings.settings.index.blocks?.read_only_allow_delete === 'true'
      })
      const late = new UnderWay(sink.write(written.slice(20)))
      await late.waitsThrough(retries)
      expect(retries[0]).toMatchObject({
        code: 'store_busy',
        hint: expect.stringContaining('disk of Elasticsearch is full'),
      })
      const settled = new UnderWay(sink.settle({ now: true }))
      await settled.waitsThrough(retries)
      await setDiskSettings(null)
      await late.promise
      await sink.settle({ now: true })
    })
    await expectStored('flood', written, server)
    await expectCounted('flood', written, server)
  })
})

type Settings = Record<string, { settings: { index: { blocks?: { read_only_allow_delete?: string } } } }>

const setBlock = (index: string, block: string, value: true | null) =>
  demand('PUT', `/${index}/_settings`, { [block]: value }, server)

const putSettings = (persistent: Record<string, unknown>) => demand('PUT', '/_cluster/settings', { persistent }, server)

const DISK = 'cluster.routing.allocation.disk'

/** With so much free the disk counts as full; with null, as it is. */
function setDiskSettings(free: number | null): Promise<unknown> {
  const watermarks = ['low', 'high', 'flood_stage'].map((name) => [
    `${DISK}.watermark.${name}`,
    free === null ? null : `${free * 2}b`,
  ])
  return putSettings({
    [`${DISK}.threshold_enabled`]: free === null ? null : true,
    ...Object.fromEntries(watermarks),
  })
}

async function freeBytes(): Promise<number> {
  type Nodes = { nodes: Record<string, { fs: { total: { available_in_bytes: number } } }> }
  const { nodes } = await demand<Nodes>('GET', '/_nodes/stats/fs', undefined, server)
  return Object.values(nodes)[0].fs.total.available_in_bytes
}
