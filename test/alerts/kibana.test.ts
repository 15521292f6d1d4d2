import { describe, expect, test } from '@jest/globals'
import { hasRowGroups, kibanaRules } from '../../src/alerts/kibana.js'
import { ConfigError } from '../../src/errors.js'
import { refusalOfBody, refusalOfParams } from '../support/kibana/rule-gate.js'

const IDS = [
  'hangup-reset-rate',
  'hangup-new-target-failing',
  'hangup-gateway-silent',
  'hangup-shipper-lag',
  'hangup-shipper-refusing',
  'hangup-reset-rate-threshold',
]

const paramsOf = (id: string, settings: Partial<Parameters<typeof kibanaRules>[0]> = {}) =>
  kibanaRules({ prefix: 'hangup', ...settings }).find((rule) => rule.id === id)!.create.params

describe('the rules for Kibana', () => {
  test('have ids that stay, are told apart, and fit into a path', () => {
    expect(kibanaRules({ prefix: 'hangup' }).map(({ id }) => id)).toEqual(IDS)
    for (const id of IDS) expect(id).toMatch(/^[a-z0-9-]+$/)
  })

  test('carry another prefix in ids, names, tags and every index', () => {
    const rules = kibanaRules({ prefix: 'eu.edge_1' })
    expect(rules.map(({ id }) => id)).toEqual(IDS.map((id) => id.replace('hangup', 'eu.edge_1')))
    const text = JSON.stringify(rules)
    expect(text).not.toContain('hangup-')
    expect(rules[0].create).toMatchObject({
      name: '[eu.edge_1] Requests to a target are reset too often',
      tags: ['hangup', 'eu.edge_1'],
    })
    expect(rules.at(-1)?.create.params.index).toEqual(['eu.edge_1-frequency-*'])
  })

  test('may be updated as often as wished: an update names neither type nor consumer nor whether it is switched on', () => {
    const connector = { id: 'c', type: '.index' }
    for (const { create, update } of kibanaRules({ prefix: 'hangup', connector })) {
      const { rule_type_id, consumer, enabled, ...rest } = create
      expect([rule_type_id, consumer, enabled]).not.toContain(undefined)
      expect(update).toEqual(rest)
    }
  })

  test.each([
    [8, 14, false],
    [8, 19, true],
    [9, 0, false],
    [9, 5, true],
  ])('are what Kibana %s.%s takes', (major, minor, knowsRow) => {
    const connector = { id: 'c', type: '.webhook' }
    for (const { create, update } of kibanaRules({ prefix: 'hangup', kibanaVersion: { major, minor }, connector })) {
      expect(refusalOfBody('POST', create)).toBeNull()
      expect(refusalOfBody('PUT', update)).toBeNull()
      expect(refusalOfParams(create.rule_type_id, create.params, knowsRow)).toBeNull()
    }
  })

  test('make one alert for each row where Kibana can, and one for all rows where it cannot', () => {
    expect(paramsOf('hangup-reset-rate')).toMatchObject({ groupBy: 'row' })
    expect(paramsOf('hangup-reset-rate', { kibanaVersion: { major: 9, minor: 4 } })).toMatchObject({ groupBy: 'row' })
    const older = kibanaRules({ prefix: 'hangup', kibanaVersion: { major: 8, minor: 17 } })
    const queries = older.filter(({ create }) => create.rule_type_id === '.es-query')
    expect(queries).toHaveLength(5)
    for (const { create } of queries) expect(create.params).not.toHaveProperty('groupBy')
  })

  test.each([
    [8, 14, false],
    [8, 18, false],
    [8, 19, true],
    [9, 0, false],
    [9, 1, true],
    [9, 10, true],
    [10, 0, true],
  ])('know whether Kibana %s.%s makes an alert for each row: %s', (major, minor, grouped) => {
    expect(hasRowGroups({ major, minor })).toBe(grouped)
  })

  test('leave the rule without ES|QL switched off where another does the same more exactly', () => {
    const enabled = (minor: number) =>
      kibanaRules({ prefix: 'hangup', kibanaVersion: { major: 8, minor } }).at(-1)?.create.enabled
    expect(enabled(19)).toBe(false)
    expect(enabled(18)).toBe(true)
  })

  test('tell a connector when an alert begins and when it ends, once each', () => {
    const [query, , , , , threshold] = kibanaRules({
      prefix: 'hangup',
      connector: { id: 'log-1', type: '.server-log' },
    })
    const groups = (actions: readonly object[]) => actions.map((action) => (action as { group: string }).group)
    expect(groups(query.create.actions)).toEqual(['query matched', 'recovered'])
    expect(groups(threshold.create.actions)).toEqual(['threshold met', 'recovered'])
    for (const action of query.create.actions) {
      expect(action).toMatchObject({
        id: 'log-1',
        frequency: { summary: false, notify_when: 'onActionGroupChange', throttle: null },
        params: { level: expect.any(String), message: expect.stringContaining('{{alert.id}}') },
      })
    }
    expect(kibanaRules({ prefix: 'hangup' })[0].create.actions).toEqual([])
  })

  test.each([
    ['.index', 'documents'],
    ['.slack', 'message'],
    ['.teams', 'message'],
    ['.webhook', 'body'],
  ] as const)('speak to a connector of type %s in its own words', (type, parameter) => {
    const [{ create }] = kibanaRules({ prefix: 'hangup', connector: { id: 'c', type } })
    for (const action of create.actions) expect(Object.keys((action as { params: object }).params)).toEqual([parameter])
  })

  test('leave what people added to tell them in peace where no connector is named', () => {
    for (const { create, update } of kibanaRules({ prefix: 'hangup' })) {
      expect(create.actions).toEqual([])
      expect(update).not.toHaveProperty('actions')
    }
  })

  test('refuse a connector that needs more than they can say', () => {
    const connector = { id: 'mail', type: '.email' }
    expect(() => kibanaRules({ prefix: 'hangup', connector })).toThrow('a connector of type .email needs more')
  })

  test('take the numbers that they are given', () => {
    const alerts = { resetRate: { maxRatio: 0.025, minRequests: 200, windowMs: 1_800_000, activeRuns: 1 } }
    const rules = kibanaRules({ prefix: 'hangup', alerts })
    expect(rules[0].create).not.toHaveProperty('alert_delay')
    expect(rules[0].create.params).toMatchObject({
      timeWindowSize: 30,
      timeWindowUnit: 'm',
      esqlQuery: { esql: expect.stringContaining('requests >= 200 AND resets > 0.025 * requests') },
    })
    expect(rules.at(-1)?.create.params).toMatchObject({
      threshold: [0.025],
      filterKuery: 'edgemicro.requests >= 200',
    })
  })

  test('are refused with numbers that cannot work', () => {
    expect(() => kibanaRules({ prefix: 'hangup', alerts: { resetRate: { windowMs: 60_000 } } })).toThrow(ConfigError)
  })

  test('need two runs to agree before a reset rate is an alert', () => {
    expect(kibanaRules({ prefix: 'hangup' })[0].create.alert_delay).toEqual({ active: 2 })
  })
})
