import { ConfigError } from '../errors.js'
import { actionsOf } from './kibana-actions.js'
import { checkRule } from './kibana-check.js'
import {
  type AlertChanges,
  type AlertName,
  type Alerts,
  alertsWith,
  DEFAULT_DELAYS,
  type Delays,
  inUnits,
  windowOf,
} from './model.js'
import { alertQueries } from './queries.js'

export interface KibanaRuleSettings {
  /** Of the indices. */
  readonly prefix: string
  /** Absent: 8.19, or 9.1 and later. */
  readonly kibanaVersion?: Release
  /** Where alerts are sent; without one they are shown in Kibana alone. */
  readonly connector?: { readonly id: string; readonly type: string } | null
  readonly alerts?: AlertChanges
  readonly delays?: Delays
}

interface Release {
  readonly major: number
  readonly minor: number
}

/** One rule as Kibana takes it: `POST /api/alerting/rule/<id>` with `create`, and `PUT` to the same path with `update`. */
export interface KibanaRule {
  /** Stable; carries the prefix. */
  readonly id: string
  readonly create: RuleBody
  /**
   * Without what an update may not name: type, consumer, and whether the rule is switched on. Where there is no connector,
   * without `actions` too: an update replaces them all, so those that the rule has, which people may have added, go into it.
   */
  readonly update: RuleUpdate
}

export interface RuleUpdate {
  readonly name: string
  readonly tags: readonly string[]
  readonly schedule: { readonly interval: string }
  readonly params: Readonly<Record<string, unknown>>
  readonly actions?: readonly object[]
  readonly alert_delay?: { readonly active: number }
}

export interface RuleBody extends RuleUpdate {
  readonly rule_type_id: string
  readonly consumer: string
  readonly enabled: boolean
  readonly actions: readonly object[]
}

interface Shape {
  readonly title: string
  readonly windowMs: number
  readonly intervalMs: number
  readonly activeRuns?: number
}

/**
 * All rules for one Kibana. Where it makes one alert for each row of an answer (8.19, 9.1 and later) the ES|QL rules do
 * so; older ones get the same questions and one alert for all rows. `<prefix>-reset-rate-threshold` needs no ES|QL and
 * gives one alert for each target everywhere; it is switched off where the ES|QL rule does the same more exactly.
 *
 * Throws `ConfigError` where Kibana would refuse a rule, or one could never fire.
 */
export function kibanaRules(settings: KibanaRuleSettings): readonly KibanaRule[] {
  const { prefix, kibanaVersion, delays = DEFAULT_DELAYS } = settings
  const alerts = alertsWith(settings.alerts, delays)
  const grouped = kibanaVersion === undefined || hasRowGroups(kibanaVersion)
  const rules = [...esqlRules(settings, alerts, grouped), thresholdRule(settings, alerts, !grouped)]
  const faults = rules.flatMap(({ id, create }) =>
    checkRule(create, { delays, grouped }).map((fault) => `${id}: ${fault}`),
  )
  if (faults.length > 0) {
    throw new ConfigError(`Kibana would refuse rules: ${faults.join('; ')}`, {
      code: 'config',
      hint: `Change what is named; the prefix is '${prefix}'.`,
    })
  }
  return rules
}

/** Whether this Kibana's ES|QL rules can make one alert for each row. */
export function hasRowGroups({ major, minor }: Release): boolean {
  return major > 9 || (major === 9 && minor >= 1) || (major === 8 && minor >= 19)
}

function esqlRules(settings: KibanaRuleSettings, alerts: Alerts, grouped: boolean): readonly KibanaRule[] {
  const queries = alertQueries(settings.prefix, alerts)
  return Object.entries(shapesOf(alerts)).map(([name, shape]) => {
    const { size, unit } = windowOf(shape.windowMs)
    const params = {
      searchType: 'esqlQuery',
      esqlQuery: { esql: queries[name as AlertName].esql },
      timeField: '@timestamp',
      timeWindowSize: size,
      timeWindowUnit: unit,
      size: 0,
      threshold: [0],
      thresholdComparator: '>',
      ...(grouped && { groupBy: 'row' }),
      aggType: 'count',
      excludeHitsFromPreviousRun: false,
    }
    return ruleOf({ settings, name, shape, params, typeId: '.es-query', group: 'query matched', enabled: true })
  })
}

/**
 * The mean of the ratios of single minutes, of those with requests enough: what can be asked without ES|QL. One minute of
 * the window is not the whole window, so each must have the floor of requests by itself. A minute that is not covered has
 * no ratio.
 */
function thresholdRule(settings: KibanaRuleSettings, alerts: Alerts, enabled: boolean): KibanaRule {
  const { windowMs, intervalMs, minRequests, maxRatio, activeRuns } = alerts.resetRate
  const { size, unit } = windowOf(windowMs)
  const params = {
    index: [`${settings.prefix}-frequency-*`],
    timeField: '@timestamp',
    aggType: 'avg',
    aggField: 'edgemicro.reset_ratio',
    groupBy: 'top',
    termField: 'edgemicro.target',
    termSize: 100,
    filterKuery: `edgemicro.requests >= ${minRequests}`,
    timeWindowSize: size,
    timeWindowUnit: unit,
    thresholdComparator: '>',
    threshold: [maxRatio],
  }
  const shape = { title: 'Requests to a target are reset too often (by minutes)', windowMs, intervalMs, activeRuns }
  const name = 'reset-rate-threshold'
  return ruleOf({ settings, name, shape, params, typeId: '.index-threshold', group: 'threshold met', enabled })
}

function shapesOf(alerts: Alerts): Readonly<Record<AlertName, Shape>> {
  const { resetRate, newTargetFailing, gatewaySilent, shipperLag, shipperRefusing } = alerts
  return {
    'reset-rate': { title: 'Requests to a target are reset too often', ...resetRate },
    'new-target-failing': {
      title: 'A target fails that did not fail before',
      ...newTargetFailing,
      windowMs: newTargetFailing.historyMs,
    },
    'gateway-silent': {
      title: 'No data from a gateway',
      ...gatewaySilent,
      windowMs: gatewaySilent.knownMs,
    },
    'shipper-lag': { title: 'A shipper is behind', ...shipperLag },
    'shipper-refusing': { title: 'Lines or documents are refused', ...shipperRefusing },
  }
}

interface RuleParts {
  readonly settings: KibanaRuleSettings
  readonly name: string
  readonly shape: Shape
  readonly params: Readonly<Record<string, unknown>>
  readonly typeId: string
  /** The action group of this type of rule that an alert begins in. */
  readonly group: string
  readonly enabled: boolean
}

function ruleOf({ settings, name, shape, params, typeId, group, enabled }: RuleParts): KibanaRule {
  const { prefix, connector = null } = settings
  const { activeRuns = 1, intervalMs, title } = shape
  const actions = connector === null ? [] : actionsOf({ ...connector, group })
  const update: RuleUpdate = {
    name: `[${prefix}] ${title}`,
    tags: [...new Set(['hangup', prefix])],
    schedule: { interval: inUnits(intervalMs) },
    params,
    ...(connector !== null && { actions }),
    ...(activeRuns > 1 && { alert_delay: { active: activeRuns } }),
  }
  const create = { rule_type_id: typeId, consumer: 'stackAlerts', enabled, ...update, actions }
  return { id: `${prefix}-${name}`, create, update }
}
