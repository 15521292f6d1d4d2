import { afterEach, describe, expect, test } from '@jest/globals'
import { connectKibana } from '../../src/kibana/connection.js'
import { importObjects } from '../../src/kibana/import.js'
import type { KibanaRule } from '../../src/kibana/rules.js'
import { savedObjects } from '../../src/kibana/saved-objects.js'
import { type SetupOptions, setupKibana } from '../../src/kibana/setup.js'
import { type StandIn, type StandInOptions, startKibana } from '../support/kibana/stand-in.js'

let kibana: StandIn

afterEach(() => kibana.close())

/** A rule as the alerts make it. */
function rule(threshold = 0, name = 'resets'): KibanaRule {
  const update = {
    name,
    tags: ['hangup'],
    schedule: { interval: '1m' },
    params: {
      searchType: 'esqlQuery',
      esqlQuery: { esql: 'FROM hangup-frequency-* | STATS n = COUNT(*) BY edgemicro.target' },
      timeField: '@timestamp',
      timeWindowSize: 15,
      timeWindowUnit: 'm',
      size: 0,
      threshold: [threshold],
      thresholdComparator: '>',
      groupBy: 'all',
      excludeHitsFromPreviousRun: false,
    },
    actions: [{ id: 'connector', group: 'query matched', params: { level: 'error' } }],
  }
  return {
    id: 'hangup-resets',
    create: { ...update, rule_type_id: '.es-query', consumer: 'stackAlerts', enabled: true },
    update,
  }
}

async function start(options: StandInOptions = {}): Promise<void> {
  kibana = await startKibana(options)
}

const connection = (space: string | null = null, url = kibana.url) =>
  connectKibana({ url, space, auth: null, ca: null, timeoutMs: 10_000 })

function setup({
  space = null,
  rules = [rule()],
  ...options
}: Partial<Omit<SetupOptions, 'rules'>> & { rules?: readonly KibanaRule[] } = {}) {
  return setupKibana(connection(space), {
    prefix: 'hangup',
    dryRun: false,
    connector: null,
    ...options,
    space,
    rules: () => rules,
  })
}

const statesOf = ({ changes }: Awaited<ReturnType<typeof setup>>): Record<string, string> =>
  Object.fromEntries(changes.map(({ type, id, state }) => [`${type} ${id}`, state]))

const ALL = (state: string, suffix = ''): Record<string, string> => ({
  [`index-pattern hangup-failures${suffix}`]: state,
  [`search hangup-failed-requests${suffix}`]: state,
  [`dashboard hangup-overview${suffix}`]: state,
  [`dashboard hangup-target${suffix}`]: state,
  [`dashboard hangup-shipper-health${suffix}`]: state,
  [`rule hangup-resets${suffix}`]: state,
})

const changing = (): readonly string[] =>
  kibana.requests.filter((each) => /^PUT|^POST .*(?:_import|\/rule\/)/.test(each))

describe('setup of Kibana', () => {
  test('makes everything where nothing is', async () => {
    await start()
    expect(statesOf(await setup())).toEqual(ALL('new'))
    expect([...kibana.state().objects.keys()]).toHaveLength(5)
    expect(kibana.state().rules.get('hangup-resets')).toMatchObject({ name: 'resets', enabled: true, revision: 0 })
  })

  test('changes nothing when it is run again', async () => {
    await start()
    await setup()
    const before = changing().length
    expect(statesOf(await setup())).toEqual(ALL('same'))
    expect(changing()).toHaveLength(before)
  })

  test('puts right what was changed by hand, and only tells of the rest', async () => {
    await start()
    await setup()
    const dashboard = kibana.state().objects.get('dashboard:hangup-overview')
    if (dashboard !== undefined) dashboard.attributes.title = 'Mine'
    expect(statesOf(await setup())).toEqual({ ...ALL('same'), 'dashboard hangup-overview': 'changed' })
    expect(kibana.state().objects.get('dashboard:hangup-overview')?.attributes.title).toBe('[hangup] Overview')
  })

  test('updates a rule, and leaves switched off what people switched off', async () => {
    await start()
    await setup()
    Object.assign(kibana.state().rules.get('hangup-resets') ?? {}, { enabled: false })
    const result = await setup({ rules: [rule(0, 'other name')] })
    expect(statesOf(result)).toEqual({ ...ALL('same'), 'rule hangup-resets': 'changed' })
    expect(kibana.state().rules.get('hangup-resets')).toMatchObject({ name: 'other name', enabled: false, revision: 1 })
  })

  test('only compares in a dry run', async () => {
    await start()
    expect(statesOf(await setup({ dryRun: true }))).toEqual(ALL('new'))
    expect(changing()).toEqual([])
    await setup()
    expect(statesOf(await setup({ dryRun: true, rules: [rule(0, 'other')] }))).toMatchObject({
      'rule hangup-resets': 'changed',
      'dashboard hangup-target': 'same',
    })
    expect(kibana.state().rules.get('hangup-resets')).toMatchObject({ name: 'resets' })
  })

  test('keeps each space to itself', async () => {
    await start({ spaces: ['team'] })
    await setup()
    expect(statesOf(await setup({ space: 'team' }))).toEqual(ALL('new', '-team'))
    expect(kibana.state('team').objects.size).toBe(5)
    expect(kibana.requests).toContain('POST /s/team/api/saved_objects/_import?overwrite=true')
    expect(statesOf(await setup({ space: 'team' }))).toEqual(ALL('same', '-team'))
  })

  test.each([
    ['8.14.3', false],
    ['8.15.0', false],
    ['8.16.0', true],
    ['8.19.21', true],
    ['9.5.0', true],
  ])('imports into %s what it can bind', async (version, binds) => {
    await start({ version })
    await setup()
    const dashboard = kibana.state().objects.get('dashboard:hangup-overview')
    expect(String(dashboard?.attributes.panelsJSON).includes('?_tstart')).toBe(binds)
  })

  test('tells the rules what they depend on', async () => {
    await start({ version: '8.18.1', connectors: { mail: '.email' } })
    const seen: unknown[] = []
    const rules = (surroundings: unknown): readonly KibanaRule[] => {
      seen.push(surroundings)
      return []
    }
    await setupKibana(connection(), { prefix: 'hangup', space: null, dryRun: true, connector: 'mail', rules })
    const version = { major: 8, minor: 18, number: '8.18.1' }
    expect(seen).toEqual([{ version, connector: { id: 'mail', type: '.email' } }])
  })
})

describe('setup of Kibana refuses', () => {
  test('a Kibana that is too old', async () => {
    await start({ version: '8.13.4' })
    await expect(setup()).rejects.toMatchObject({
      code: 'store_incompatible',
      message: expect.stringContaining('8.13.4'),
    })
    expect(changing()).toEqual([])
  })

  test('to go on without credentials where they are needed', async () => {
    await start({ authorization: 'ApiKey right' })
    await expect(setup()).rejects.toMatchObject({
      code: 'store_denied',
      hint: expect.stringContaining('KIBANA_API_KEY'),
    })
    const allowed = connectKibana({
      url: kibana.url,
      space: null,
      auth: { apiKey: 'right' },
      ca: null,
      timeoutMs: 10_000,
    })
    const result = await setupKibana(allowed, {
      prefix: 'hangup',
      space: null,
      dryRun: true,
      connector: null,
      rules: () => [],
    })
    expect(result.version.number).toBe('9.1.0')
  })

  test('to go on without privileges', async () => {
    await start({ forbids: true })
    await expect(setup()).rejects.toMatchObject({ code: 'store_denied', hint: expect.stringContaining('privileges') })
  })

  test('a space that does not exist', async () => {
    await start()
    await expect(setup({ space: 'nowhere' })).rejects.toMatchObject({
      message: expect.stringContaining('no such space: nowhere'),
    })
    expect(kibana.state('nowhere').objects.size).toBe(0)
  })

  test('a connector that does not exist', async () => {
    await start()
    await expect(setup({ connector: 'gone' })).rejects.toMatchObject({ message: 'no such connector: gone' })
    expect(changing()).toEqual([])
  })

  test('a server that is no Kibana', async () => {
    await start()
    const elsewhere = connection(null, `${kibana.url}/elsewhere`)
    await expect(
      setupKibana(elsewhere, { prefix: 'hangup', space: null, dryRun: true, connector: null, rules: () => [] }),
    ).rejects.toMatchObject({
      code: 'store_incompatible',
    })
  })

  test('a rule of another type under the id of ours', async () => {
    await start()
    kibana.state().rules.set('hangup-resets', { id: 'hangup-resets', rule_type_id: '.index-threshold' })
    await expect(setup()).rejects.toMatchObject({ message: expect.stringContaining('.index-threshold') })
    expect(changing()).toEqual([])
  })

  test('a rule that Kibana refuses, in its words', async () => {
    await start()
    await expect(setup({ rules: [rule(5)] })).rejects.toMatchObject({
      message: expect.stringContaining('params invalid: [threshold]: is required to be 0'),
    })
  })

  test('a server that is not there', async () => {
    await start()
    const away = connection(null, 'http://127.0.0.1:1')
    await expect(
      setupKibana(away, { prefix: 'hangup', space: null, dryRun: true, connector: null, rules: () => [] }),
    ).rejects.toMatchObject({
      code: 'store_unreachable',
    })
  })
})

describe('an import that Kibana refuses', () => {
  const [view, search, overview] = savedObjects({ prefix: 'hangup', space: null, bindsTimeRange: true })

  test('is told object by object', async () => {
    await start()
    const refused = importObjects(connection(), [search, overview])
    await expect(refused).rejects.toMatchObject({ code: 'store_incompatible' })
    const error = await refused.catch((each: unknown) => each as { lines(): readonly string[] })
    expect((error as { lines(): readonly string[] }).lines()).toEqual([
      'search hangup-failed-requests: missing_references, index-pattern hangup-failures',
    ])
  })

  test.each([
    [
      'a version from the future',
      { ...view, typeMigrationVersion: '99.9.9' },
      'belongs to a more recent version of Kibana [99.9.9]',
    ],
    ['an attribute it does not know', { ...overview, attributes: { ...overview.attributes, colour: 'red' } }, 'colour'],
  ])('is told in its words: %s', async (_, object, words) => {
    await start()
    const error = await importObjects(connection(), [object]).catch((each: unknown) => each)
    expect((error as { lines(): readonly string[] }).lines().join()).toContain(words)
  })
})
