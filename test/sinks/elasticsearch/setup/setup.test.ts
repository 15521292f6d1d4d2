import { afterEach, describe, expect, test } from '@jest/globals'
import { PermanentError } from '../../../../src/errors.js'
import type { JsonObject } from '../../../../src/sinks/elasticsearch/setup/normal-form.js'
import {
  installMissing,
  type SetupOptions,
  setUpElasticsearch,
} from '../../../../src/sinks/elasticsearch/setup/setup.js'
import { StandIn, type StandInOptions } from './stand-in.js'

const NOW_MS = Date.UTC(2026, 10, 25, 23, 59)
const POLICIES = ['failures', 'traffic', 'frequency', 'shipper'].map((kind) => `PUT /_ilm/policy/p-${kind}`)
const TEMPLATES = ['failures', 'traffic', 'frequency', 'shipper'].map((kind) => `PUT /_index_template/p-${kind}`)
const INDICES = ['p-failures-2026.11.25', 'p-traffic-2026.11.25', 'p-frequency-2026.11', 'p-shipper-2026.11.25']
const CREATED = INDICES.map((name) => `PUT /${name}`)

let server: StandIn

async function start(options: Partial<StandInOptions> = {}): Promise<void> {
  server = await StandIn.start({ lifecycle: 'licensed', ...options })
}

afterEach(() => server.stop())

const setUp = (options: Partial<SetupOptions> = {}) =>
  setUpElasticsearch(server.elasticsearch, {
    prefix: 'p',
    nowMs: NOW_MS,
    dryRun: false,
    overwrite: false,
    retention: {},
    ...options,
  })

const states = ({ steps }: Awaited<ReturnType<typeof setUp>>) => new Set(steps.map(({ state }) => state))

describe('the setup of a server with lifecycle management', () => {
  test('puts policies, then templates that name them, then the first indices', async () => {
    await start()
    const outcome = await setUp()
    expect(outcome).toMatchObject({ lifecycle: true, indices: INDICES, overruled: [], otherIndices: [] })
    expect(server.takeWrites()).toEqual([...POLICIES, ...TEMPLATES, ...CREATED])
    expect(server.policies.get('p-frequency')).toMatchObject({
      phases: { delete: { min_age: '400d' } },
      _meta: { managed_by: 'hangup', version: 1, digest: expect.stringMatching(/^[0-9a-f]{32}$/) },
    })
    expect(server.templates.get('p-traffic')).toMatchObject({
      _meta: { managed_by: 'hangup' },
      template: { settings: { index: { lifecycle: { name: 'p-traffic' } } } },
    })
  })

  test('changes nothing the second time', async () => {
    await start()
    await setUp()
    server.takeWrites()
    const again = await setUp()
    expect(states(again)).toEqual(new Set(['same']))
    expect(again.indices).toEqual([])
    expect(server.takeWrites()).toEqual([])
  })

  test('changes nothing in a dry run, and says what it would do', async () => {
    await start()
    expect(await setUp({ dryRun: true })).toMatchObject({ indices: INDICES })
    await setUp()
    server.takeWrites()
    const outcome = await setUp({ dryRun: true, overwrite: true, retention: { traffic: '2d' } })
    expect(outcome.steps.filter(({ put }) => put).map(({ object }) => object.path)).toEqual(['/_ilm/policy/p-traffic'])
    expect(server.takeWrites()).toEqual([])
  })

  test('leaves a policy and a template that somebody changed, and does the rest', async () => {
    await start()
    await setUp()
    const edit = (stored: Map<string, JsonObject>, name: string, from: string, to: string): void => {
      const text = JSON.stringify(stored.get(name))
      expect(text).toContain(from)
      stored.set(name, JSON.parse(text.replace(from, to)))
    }
    edit(server.policies, 'p-failures', '"30d"', '"365d"')
    edit(server.templates, 'p-failures', '"5s"', '"30s"')
    server.templates.delete('p-shipper')
    server.takeWrites()
    const outcome = await setUp()
    expect(outcome.steps.filter(({ state }) => state === 'by_hand').map(({ differences }) => differences)).toEqual([
      [{ path: 'delete min_age', before: '365d', after: '30d' }],
      [{ path: 'setting index.refresh_interval', before: '30s', after: '5s' }],
    ])
    expect(server.takeWrites()).toEqual(['PUT /_index_template/p-shipper'])
    await setUp({ overwrite: true })
    expect(server.takeWrites()).toEqual(['PUT /_ilm/policy/p-failures', 'PUT /_index_template/p-failures'])
    expect(states(await setUp())).toEqual(new Set(['same']))
  })

  test('keeps a retention that it was once given', async () => {
    await start()
    await setUp({ retention: { failures: '90d' } })
    server.takeWrites()
    await setUp()
    expect(server.takeWrites()).toEqual([])
    expect(server.policies.get('p-failures')).toMatchObject({ phases: { delete: { min_age: '90d' } } })
  })
})

describe.each(['absent', 'serverless'] as const)(
  'the setup of a server whose lifecycle management is %s',
  (lifecycle) => {
    test('puts templates that name no policy, and says so', async () => {
      await start({ lifecycle })
      expect(await setUp()).toMatchObject({ lifecycle: false, indices: INDICES })
      expect(server.takeWrites()).toEqual([...TEMPLATES, ...CREATED])
      expect(states(await setUp())).toEqual(new Set(['same']))
    })

    test('refuses a retention before it changes anything', async () => {
      await start({ lifecycle })
      await expect(setUp({ retention: { failures: '1d' } })).rejects.toThrow(/no lifecycle management, so no retention/)
      expect(server.takeWrites()).toEqual([])
    })
  },
)

describe('a user with too few privileges', () => {
  test.each([
    ['policies', /_ilm/],
    ['templates', /PUT \/_index_template/],
    ['indices', /PUT \/p-/],
  ])('is told which ones the setup needs: %s', async (_, denied) => {
    await start({ denied })
    for (const attempt of [() => setUp(), () => installMissing(server.elasticsearch, 'p')]) {
      const error = await attempt().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(PermanentError)
      expect(error).toMatchObject({
        code: 'store_denied',
        message: expect.stringMatching(/^not allowed: .*unauthorized/),
      })
      for (const name of [
        'hangup setup elasticsearch',
        'manage_index_templates',
        'manage_ilm',
        'p-*',
        'setup: false',
      ]) {
        expect((error as PermanentError).hint).toContain(name)
      }
    }
  })
})

describe('a sink that starts', () => {
  test('installs everything where nothing is, and says so once', async () => {
    await start()
    const notices = await installMissing(server.elasticsearch, 'p', { nowMs: NOW_MS })
    expect(notices).toEqual([
      expect.stringMatching(/^installed: lifecycle policy p-failures, .*index template p-shipper$/),
    ])
    expect(server.takeWrites()).toEqual([...POLICIES, ...TEMPLATES, ...CREATED])
    expect(await installMissing(server.elasticsearch, 'p', { nowMs: NOW_MS })).toEqual([])
    expect(server.takeWrites()).toEqual([])
  })

  test('says that nothing deletes old indices where the server has no lifecycle management', async () => {
    await start({ lifecycle: 'absent' })
    const notices = await installMissing(server.elasticsearch, 'p', { nowMs: NOW_MS })
    expect(notices).toEqual([expect.stringMatching(/^installed: /), expect.stringMatching(/^no lifecycle management/)])
  })

  test('changes nothing that is there: not what is older, nor what somebody changed', async () => {
    await start({ lifecycle: 'absent' })
    await setUp()
    const [failures, traffic] = ['p-failures', 'p-traffic'].map((name) => server.templates.get(name) as JsonObject)
    server.templates.set('p-failures', { ...failures, priority: 7 })
    server.templates.set('p-traffic', { ...traffic, priority: 8, _meta: {} })
    server.takeWrites()
    const notices = await installMissing(server.elasticsearch, 'p', { nowMs: NOW_MS })
    expect(notices).toHaveLength(2)
    for (const notice of notices)
      expect(notice).toMatch(/left as it is.*hangup setup elasticsearch --prefix p --dry-run/)
    expect(server.takeWrites()).toEqual([])
  })
})
