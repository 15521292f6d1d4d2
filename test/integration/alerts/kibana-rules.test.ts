import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { kibanaRules, type RuleBody } from '../../../src/alerts/kibana.js'
import { DEFAULT_ALERTS } from '../../../src/alerts/model.js'
import { alertQueries } from '../../../src/alerts/queries.js'
import { removeAll, uniquePrefix } from '../../support/elasticsearch/cluster.js'
import { runEsqlRule, runThresholdRule, sendEsqlRule } from './support/kibana-runs.js'
import {
  DAY_MS,
  HOUR_MS,
  installTemplates,
  MINUTE_MS,
  resetMinutes,
  shipperSigns,
  storeFailures,
  storeMinutes,
  storeSigns,
  storeTraffic,
  thisMinute,
} from './support/seed.js'

const prefix = uniquePrefix('alerts')
const NOW = thisMinute()

const rules = new Map(kibanaRules({ prefix }).map(({ id, create }) => [id.slice(prefix.length + 1), create]))
const rule = (name: string): RuleBody => rules.get(name) as RuleBody

beforeAll(() => installTemplates(prefix))
afterAll(() => removeAll(prefix))

describe('the rule on resets of a target', () => {
  beforeAll(() => storeMinutes(prefix, resetMinutes(NOW)))

  test('fires for that target alone, whatever the minutes, proxies and requests of others', async () => {
    expect(await runEsqlRule(rule('reset-rate'), NOW)).toEqual({
      'flaky.example:8080': { 'edgemicro.target': 'flaky.example:8080', requests: 1500, resets: 45, reset_percent: 3 },
    })
  })

  test('looks at the window alone: another target was it 20 minutes ago', async () => {
    expect(Object.keys(await runEsqlRule(rule('reset-rate'), NOW - 20 * MINUTE_MS))).toEqual(['past.example:8080'])
  })

  test('recovers when the window has moved on', async () => {
    expect(Object.keys(await runEsqlRule(rule('reset-rate'), NOW + 14 * MINUTE_MS))).toEqual(['flaky.example:8080'])
    expect(await runEsqlRule(rule('reset-rate'), NOW + 15 * MINUTE_MS)).toEqual({})
  })

  test('is above the floor with exactly as many requests', async () => {
    const withFloor = (minRequests: number) => kibanaRules({ prefix, alerts: { resetRate: { minRequests } } })[0].create
    expect(await runEsqlRule(withFloor(30), NOW)).toHaveProperty(['idle.example:8443', 'reset_percent'], 50)
    expect(await runEsqlRule(withFloor(31), NOW)).not.toHaveProperty(['idle.example:8443'])
  })

  test('is one alert with all rows in a Kibana that knows no rows', async () => {
    const older = kibanaRules({
      prefix,
      kibanaVersion: { major: 8, minor: 17 },
      alerts: { resetRate: { minRequests: 30 } },
    })[0].create
    const alerts = await runEsqlRule(older, NOW)
    expect(Object.keys(alerts)).toEqual(['query matched'])
    expect(alerts['query matched'].rows).toHaveLength(3)
  })

  describe('without ES|QL', () => {
    test('fires for that target alone, by the minutes that have the floor of requests each', async () => {
      const alerts = await runThresholdRule(rule('reset-rate-threshold'), NOW + MINUTE_MS)
      expect(Object.keys(alerts)).toEqual(['flaky.example:8080'])
      // The proxy with 60 requests a minute; the one with 40 is below the floor.
      expect(alerts['flaky.example:8080'].value).toBeCloseTo(0.05, 10)
    })

    test('recovers when the window has moved on', async () => {
      expect(await runThresholdRule(rule('reset-rate-threshold'), NOW + 16 * MINUTE_MS)).toEqual({})
    })
  })
})

describe('the rule on targets that are new among the failing', () => {
  const news = `${prefix}-news`
  const newRule = kibanaRules({ prefix: news }).find(({ id }) => id.endsWith('new-target-failing'))?.create as RuleBody

  beforeAll(async () => {
    await installTemplates(news)
    const at = (target: string | null, agoMs: number, more: object = { failures: 2 }) => ({
      timeMs: NOW - agoMs,
      target,
      requests: 10,
      ...more,
    })
    await storeMinutes(news, [
      at('new.example:80', 20 * MINUTE_MS),
      at('new.example:80', 10 * MINUTE_MS, { failures: 3, causes: { client_abort: 1 } }),
      at('again.example:80', 10 * MINUTE_MS),
      at('again.example:80', 8 * DAY_MS),
      at('known.example:80', 10 * MINUTE_MS),
      at('known.example:80', 3 * DAY_MS),
      at('since-a-while.example:80', 70 * MINUTE_MS),
      at('since-a-while.example:80', 5 * MINUTE_MS),
      at('impatient.example:80', 10 * MINUTE_MS, { failures: 3, causes: { client_abort: 2, rejected_by_gateway: 1 } }),
      at('fine.example:80', 10 * MINUTE_MS, { failures: 0 }),
      at(null, 10 * MINUTE_MS),
    ])
  })

  test('fires for those that failed within the hour and not in the days before', async () => {
    expect(await runEsqlRule(newRule, NOW)).toEqual({
      'again.example:80': {
        'edgemicro.target': 'again.example:80',
        first_failure: new Date(NOW - 10 * MINUTE_MS).toISOString(),
        failures: 2,
      },
      'new.example:80': {
        'edgemicro.target': 'new.example:80',
        first_failure: new Date(NOW - 20 * MINUTE_MS).toISOString(),
        failures: 4,
      },
    })
  })
})

describe('the rule on gateways that are silent', () => {
  beforeAll(async () => {
    const ago = (gateway: string | null, minutes: number) => ({ gateway, timeMs: NOW - minutes * MINUTE_MS })
    await storeTraffic(prefix, [
      ...[50, 49, 48, 1, 2, 3].map((minutes) => ago('gateway-well', minutes)),
      ...[50, 49, 45].map((minutes) => ago('gateway-silent', minutes)),
      ago('gateway-failing', 180),
      ago('gateway-gone', 2 * 24 * 60),
      ago(null, 60),
    ])
    await storeFailures(prefix, [{ ...ago('gateway-failing', 2) }, { ...ago('gateway-mute', 90) }])
  })

  test('fires for those without traffic and failures, but with some within the day', async () => {
    const alerts = await runEsqlRule(rule('gateway-silent'), NOW)
    expect(Object.keys(alerts).sort()).toEqual(['gateway-mute', 'gateway-silent'])
    expect(alerts['gateway-silent'].last_seen).toBe(new Date(NOW - 45 * MINUTE_MS).toISOString())
    expect(alerts['gateway-silent'].silent_minutes).toBeGreaterThanOrEqual(45)
  })

  test('recovers when data come again', async () => {
    await storeTraffic(prefix, [{ gateway: 'gateway-silent', timeMs: NOW - MINUTE_MS }])
    expect(Object.keys(await runEsqlRule(rule('gateway-silent'), NOW))).toEqual(['gateway-mute'])
  })
})

describe('the rules on shippers', () => {
  beforeAll(() => storeSigns(prefix, shipperSigns(NOW)))

  test('fire for those that were behind through the whole window, with something to do', async () => {
    const alerts = await runEsqlRule(rule('shipper-lag'), NOW)
    expect(Object.keys(alerts).sort()).toEqual(['host-slow,edge,slow', 'host-stuck,edge,stuck'])
    expect(alerts['host-slow,edge,slow']).toMatchObject({ lag_seconds: 400, samples: 15 })
  })

  test('fire for those whose documents or lines are refused', async () => {
    const alerts = await runEsqlRule(rule('shipper-refusing'), NOW)
    expect(Object.keys(alerts).sort()).toEqual(['host-refused,edge', 'host-rejecting,edge'])
    expect(alerts['host-refused,edge']).toMatchObject({ refused: 12, rejections: 0, lines: 1500 })
    expect(alerts['host-rejecting,edge']).toMatchObject({ refused: 0, rejections: 90, lines: 1500 })
  })

  test('recover when the window has moved on', async () => {
    expect(await runEsqlRule(rule('shipper-lag'), NOW + 6 * MINUTE_MS)).toEqual({})
    expect(await runEsqlRule(rule('shipper-refusing'), NOW + HOUR_MS)).toEqual({})
  })
})

describe('the queries of rules', () => {
  test.each(Object.entries(alertQueries(prefix, DEFAULT_ALERTS)))(
    'answer with the columns of %s',
    async (name, query) => {
      const { status, body } = await sendEsqlRule(rule(name), NOW)
      expect(status).toBe(200)
      expect(Object.fromEntries(body.columns.map((column) => [column.name, column.type]))).toEqual(query.columns)
      expect(body.columns.map((column) => column.name).slice(0, query.keys.length)).toEqual(query.keys)
    },
  )

  test('are refused by the server where they are no ES|QL, or name what is not there', async () => {
    const changed = (edit: (esql: string) => string): RuleBody => {
      const { params } = rule('reset-rate')
      const { esql } = params.esqlQuery as { readonly esql: string }
      return { ...rule('reset-rate'), params: { ...params, esqlQuery: { esql: edit(esql) } } }
    }
    const refused = async (edit: (esql: string) => string) => {
      const { status, body } = await sendEsqlRule(changed(edit), NOW)
      return [status, (body as unknown as { error: { type: string } }).error.type]
    }
    expect(await refused((esql) => esql.replace('STATS', 'STAT'))).toEqual([400, 'parsing_exception'])
    expect(await refused((esql) => esql.replaceAll('edgemicro.resets', 'edgemicro.reset'))).toEqual([
      400,
      'verification_exception',
    ])
  })

  test('may name the ends of the window: Kibana binds them', async () => {
    const { params } = rule('reset-rate')
    const esql = `FROM ${prefix}-frequency-* | WHERE @timestamp > TO_DATETIME(?_tstart) AND @timestamp <= TO_DATETIME(?_tend) | STATS n = COUNT(*) BY edgemicro.target`
    const { status } = await sendEsqlRule({ ...rule('reset-rate'), params: { ...params, esqlQuery: { esql } } }, NOW)
    expect(status).toBe(200)
  })
})
