import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { kibanaFiles } from '../../src/kibana/files.js'
import { exportFile, savedObjects } from '../../src/kibana/saved-objects.js'
import { projectDirectory } from '../support/cli.js'
import { type Loose, layerOf, lensOf, mutate, mutatePanels } from '../support/kibana/mutate.js'
import { checkSavedObjects, VERSIONS } from '../support/kibana/saved-objects-gate.js'

const FOLDER = path.join(projectDirectory, 'deploy', 'kibana')
const SHIPPED = fs.readFileSync(path.join(FOLDER, 'hangup.ndjson'), 'utf8')
const generated = (prefix: string, space: string | null, bindsTimeRange = true): string =>
  exportFile(savedObjects({ prefix, space, bindsTimeRange }))

describe('the files of deploy/kibana', () => {
  test('are what the model gives (npm run generate)', () => {
    const isStale = ([name, text]: readonly [string, string]): boolean =>
      fs.readFileSync(path.join(FOLDER, name), 'utf8') !== text
    expect([...kibanaFiles()].filter(isStale).map(([name]) => name)).toEqual([])
  })

  test('are all there is of generated ones', () => {
    const found = fs
      .readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ndjson') || name.startsWith('dashboards-api/'))
    expect(found.sort()).toEqual([...kibanaFiles().keys()].sort())
  })
})

describe('saved objects', () => {
  test.each([
    ['the shipped file', SHIPPED],
    ['the shipped file for 8.14', fs.readFileSync(path.join(FOLDER, 'hangup-8.14.ndjson'), 'utf8')],
    ['another prefix and space', generated('edge.prod_1', 'team-a')],
  ])('pass the gate: %s', (_, ndjson) => {
    expect(checkSavedObjects(ndjson)).toEqual([])
  })

  test('bind the time range only where Kibana does', () => {
    expect(SHIPPED).toContain('?_tstart')
    expect(generated('hangup', null, false)).not.toMatch(/\?_t/)
  })

  test('keep their ids', () => {
    const ids = savedObjects({ prefix: 'hangup', space: null, bindsTimeRange: true }).map(({ type, id }) => [type, id])
    expect(ids).toEqual([
      ['index-pattern', 'hangup-failures'],
      ['search', 'hangup-failed-requests'],
      ['dashboard', 'hangup-overview'],
      ['dashboard', 'hangup-target'],
      ['dashboard', 'hangup-shipper-health'],
    ])
  })

  test('have ids of their own for each prefix and space', () => {
    const places: readonly (readonly [string, string | null])[] = [
      ['a.b', null],
      ['a_b', null],
      ['a-b', null],
      ['a-b', 'team'],
      ['a-b', 'te_am'],
    ]
    const ids = places.flatMap(([prefix, space]) =>
      savedObjects({ prefix, space, bindsTimeRange: true }).map(({ id }) => id),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('read the indices of their prefix alone', () => {
    const sources = [...generated('edge', null).matchAll(/FROM ([^\s\\]+)/g)].flatMap(([, names]) => names.split(','))
    expect([...new Set(sources)].sort()).toEqual([
      'edge-failures-*',
      'edge-frequency-*',
      'edge-shipper-*',
      'edge-traffic-*',
    ])
  })
})

/** What the gate must see; the first five and the version are among those that the validator of packages misses. */
const MUTATIONS: readonly (readonly [string, (ndjson: string) => string, RegExp])[] = [
  [
    'a visualization that does not exist',
    (ndjson) => mutatePanels(ndjson, ([panel]) => Object.assign(lensOf(panel), { visualizationType: 'lnsBogus' })),
    /visualizationType/,
  ],
  [
    'an accessor that is no column',
    (ndjson) =>
      mutatePanels(ndjson, ([panel]) =>
        Object.assign(lensOf(panel).state.visualization, { metricAccessor: 'column-9' }),
      ),
    /no such column column-9/,
  ],
  [
    'a dashboard without title',
    (ndjson) => mutate(ndjson, 'dashboard', ({ attributes }) => delete attributes.title),
    /title/,
  ],
  [
    'a type version that no Kibana knows',
    (ndjson) => mutate(ndjson, 'dashboard', (object) => Object.assign(object, { typeMigrationVersion: '99.9.9' })),
    /typeMigrationVersion 99\.9\.9/,
  ],
  [
    'no type version',
    (ndjson) => mutate(ndjson, 'dashboard', (object) => delete object.typeMigrationVersion),
    /typeMigrationVersion/,
  ],
  [
    'another core version',
    (ndjson) => mutate(ndjson, 'search', (object) => Object.assign(object, { coreMigrationVersion: '7.17.0' })),
    /coreMigrationVersion/,
  ],
  [
    'a type that is not ours',
    (ndjson) => mutate(ndjson, 'search', (object) => Object.assign(object, { type: 'alert' })),
    /type/,
  ],
  [
    'an attribute that Kibana forbids',
    (ndjson) => mutate(ndjson, 'dashboard', ({ attributes }) => Object.assign(attributes, { colour: 'red' })),
    /colour/,
  ],
  [
    'a reference to nothing',
    (ndjson) => mutate(ndjson, 'search', ({ references }) => Object.assign(references[0], { id: 'gone' })),
    /not in the file: index-pattern gone/,
  ],
  [
    'an id with other letters',
    (ndjson) => mutate(ndjson, 'dashboard', (object) => Object.assign(object, { id: 'Über' })),
    /id/,
  ],
  [
    'an id that is there twice',
    (ndjson) => ndjson.replace('hangup-target', 'hangup-overview'),
    /twice: dashboard hangup-overview/,
  ],
  ['JSON that is cut', (ndjson) => ndjson.replace('}\n', '\n'), /line 1: no JSON/],
  [
    'text in place of JSON inside',
    (ndjson) => mutate(ndjson, 'dashboard', ({ attributes }) => Object.assign(attributes, { optionsJSON: '{' })),
    /optionsJSON is no JSON/,
  ],
  ['a wrong count', (ndjson) => ndjson.replace('"exportedCount":5', '"exportedCount":4'), /counts wrong/],
  [
    'panels over each other',
    (ndjson) => mutatePanels(ndjson, ([, panel]) => Object.assign(panel.gridData, { x: 7 })),
    /lies over/,
  ],
  [
    'a panel over the edge',
    (ndjson) => mutatePanels(ndjson, (panels) => Object.assign(panels[5].gridData, { w: 9 })),
    /wider than the grid/,
  ],
  [
    'a layer with another query',
    (ndjson) => mutatePanels(ndjson, ([panel]) => Object.assign(layerOf(panel).query, { esql: 'FROM x' })),
    /asks something else/,
  ],
  [
    'a data view with another id',
    (ndjson) => mutatePanels(ndjson, ([panel]) => Object.assign(layerOf(panel), { index: '0'.repeat(64) })),
    /data view is not that of/,
  ],
  ...[
    'CATEGORIZE(error.message)',
    '1 | CHANGE_POINT x',
    '1 | LOOKUP JOIN y ON z',
    'TOP(x, 1, "asc")',
    'COUNT(*) WHERE a > 1',
    'a::long',
  ].map((esql): readonly [string, (ndjson: string) => string, RegExp] => [
    `a query with ${esql}`,
    (ndjson) => mutatePanels(ndjson, ([panel]) => askInstead(panel, `| STATS x = ${esql}`)),
    /not in every ES\|QL from 8\.14 on/,
  ]),
]

function askInstead(panel: Loose, more: string): void {
  for (const query of [lensOf(panel).state.query, layerOf(panel).query]) query.esql += more
}

describe('the gate refuses', () => {
  test.each(MUTATIONS)('%s', (_, change, fault) => {
    const changed = change(SHIPPED)
    expect(changed).not.toBe(SHIPPED)
    expect(checkSavedObjects(changed).join('\n')).toMatch(fault)
  })

  test('every type version but the oldest with our features', () => {
    expect(VERSIONS).toEqual({ dashboard: '8.9.0', 'index-pattern': '8.0.0', search: '8.0.0' })
  })
})
