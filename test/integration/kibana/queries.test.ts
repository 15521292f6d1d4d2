import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { dashboards } from '../../../src/kibana/dashboards/all.js'
import type { Dashboard, Panel } from '../../../src/kibana/model.js'
import { namesFor, type TimeAxis } from '../../../src/kibana/names.js'
import { exportFile, savedObjects } from '../../../src/kibana/saved-objects.js'
import { connectElasticsearch } from '../../../src/sinks/elasticsearch/connection.js'
import { askAsKibana, chosen, rangeOf } from '../../support/kibana/envelope.js'
import { layerOf, lensOf, mutatePanels } from '../../support/kibana/mutate.js'
import { checkQueries } from '../../support/kibana/queries-gate.js'
import { installEmpty, removeAll, seed } from '../../support/kibana/seed.js'
import { BY_TIME, EXPECTED, FLAKY } from './expected.js'

const elasticsearch = connectElasticsearch({
  node: process.env.HANGUP_TEST_ELASTICSEARCH_URL ?? '',
  timeoutMs: 60_000,
})
const nowMs = Date.now()
const seeded = `kib${nowMs.toString(36)}`
const empty = `kibe${nowMs.toString(36)}`

beforeAll(async () => {
  await installEmpty(elasticsearch, seeded)
  await installEmpty(elasticsearch, empty)
  await seed(elasticsearch, seeded, nowMs)
}, 120_000)

afterAll(async () => {
  await removeAll(elasticsearch, seeded)
  await removeAll(elasticsearch, empty)
  await elasticsearch.close()
}, 120_000)

interface Place {
  readonly dashboard: Dashboard
  readonly panel: Panel
}

function panels(prefix: string, axis: TimeAxis): readonly Place[] {
  return dashboards(namesFor(prefix, axis)).flatMap((dashboard) =>
    dashboard.panels.map((panel) => ({ dashboard, panel })),
  )
}

const nameOf = ({ dashboard, panel }: Place): string => `${dashboard.id}/${panel.id}`

async function ask({ dashboard, panel }: Place, filters: readonly object[] = []) {
  return askAsKibana(elasticsearch, panel.query, rangeOf(panel.timeRange ?? dashboard.timeRange, nowMs), filters)
}

/** The rows with what the panel shows alone, in its order. */
async function shown(place: Place, filters: readonly object[] = []): Promise<readonly (readonly unknown[])[]> {
  const { columns, values } = await ask(place, filters)
  const at = place.panel.columns.map(({ name }) => columns.findIndex((column) => column.name === name))
  return values.map((row) => at.map((index) => row[index]))
}

const AXES: readonly TimeAxis[] = ['range', 'fixed', 'expression']

describe.each(AXES)('with the time axis "%s"', (axis) => {
  const typed = ({ panel }: Place) => panel.columns.map(({ name, type }) => ({ name, type }))

  test.each(panels(seeded, axis).map((place) => [nameOf(place), place] as const))(
    '%s gives the columns that it shows, with their types',
    async (_, place) => {
      const { columns } = await ask(place)
      expect(columns.map(({ name, type }) => ({ name, type }))).toEqual(expect.arrayContaining(typed(place)))
    },
  )

  test.each(panels(empty, axis).map((place) => [nameOf(place), place] as const))(
    '%s answers where nothing was stored yet',
    async (_, place) => {
      const { columns, values } = await ask(place)
      expect(columns.map(({ name, type }) => ({ name, type }))).toEqual(expect.arrayContaining(typed(place)))
      expect(values.length).toBeLessThanOrEqual(1)
    },
  )
})

describe('on seeded data', () => {
  test('every panel has a known answer', () => {
    const known = [...Object.keys(EXPECTED), ...Object.keys(BY_TIME)].sort()
    expect(known).toEqual(panels(seeded, 'range').map(nameOf).sort())
  })

  test.each(panels(seeded, 'range').map((place) => [nameOf(place), place] as const))(
    '%s gives what is known',
    async (name, place) => {
      const rows = await shown(place)
      if (name in EXPECTED) expect(rows).toEqual(EXPECTED[name](nowMs))
      else {
        const { series } = BY_TIME[name]
        expect(series(rows, nowMs)).toEqual(BY_TIME[name].answer(nowMs))
        if (place.panel.columns[0].name !== 'time') return
        for (const [time] of rows) expect(Date.parse(String(time))).toBeGreaterThan(nowMs - 25 * 3_600_000)
      }
    },
  )

  test.each(['fixed', 'expression'] as const)('the time axis "%s" gives the same rows', async (axis) => {
    const differing = []
    for (const [index, place] of panels(seeded, 'range').entries()) {
      if (place.dashboard.timeRange.from !== 'now-24h') continue
      const [one, other] = [await shown(place), await shown(panels(seeded, axis)[index])]
      if (JSON.stringify(one) !== JSON.stringify(other)) differing.push(nameOf(place))
    }
    expect(differing).toEqual([])
  })

  test.each(Object.keys(FLAKY))('%s shows the chosen target alone', async (name) => {
    const place = panels(seeded, 'range').find((each) => nameOf(each) === name)
    if (place === undefined) throw new Error(name)
    expect(await shown(place, [chosen('edgemicro.target', 'flaky.example:8080')])).toEqual(FLAKY[name](nowMs))
  })
})

describe('the gate of queries', () => {
  const range = { fromMs: nowMs - 24 * 3_600_000, toMs: nowMs }
  const file = exportFile(savedObjects({ prefix: seeded, space: null, bindsTimeRange: true }))

  test('takes the whole file', async () => {
    expect(await checkQueries(elasticsearch, file, range)).toEqual([])
  })

  test('sees a column that is not in the query', async () => {
    const changed = mutatePanels(file, ([panel]) => {
      layerOf(panel).columns[0].fieldName = 'elsewhere'
    })
    expect(await checkQueries(elasticsearch, changed, range)).toEqual([
      `${seeded}-overview failures: elsewhere is missing, not long`,
    ])
  })

  test('sees a column of another type', async () => {
    const changed = mutatePanels(file, ([panel]) => {
      layerOf(panel).columns[0].meta.esType = 'double'
    })
    expect(await checkQueries(elasticsearch, changed, range)).toEqual([
      `${seeded}-overview failures: failures is long, not double`,
    ])
  })

  test('sees an error in a query', async () => {
    const changed = mutatePanels(file, ([panel]) => {
      for (const query of [lensOf(panel).state.query, layerOf(panel).query]) query.esql += '\n| STATS ('
    })
    const faults = await checkQueries(elasticsearch, changed, range)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain('parsing_exception')
  })
})
