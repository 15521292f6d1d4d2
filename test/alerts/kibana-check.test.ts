import { describe, expect, test } from '@jest/globals'
import { kibanaRules } from '../../src/alerts/kibana.js'
import { checkRule } from '../../src/alerts/kibana-check.js'
import { DEFAULT_DELAYS } from '../../src/alerts/model.js'

// biome-ignore lint/suspicious/noExplicitAny: a body that is broken on purpose has any shape.
type Body = any

const RULES = kibanaRules({ prefix: 'hangup', connector: { id: 'log', type: '.server-log' } })
const [QUERY, THRESHOLD] = [RULES[0].create, RULES[RULES.length - 1].create]

const check = (body: object, grouped = true): readonly string[] => checkRule(body, { delays: DEFAULT_DELAYS, grouped })

/** The faults of a rule after one change. */
function broken(rule: object, change: (body: Body) => void, grouped = true): string {
  const body = structuredClone(rule) as Body
  change(body)
  return check(body, grouped).join('\n')
}

const withQuery = (edit: (esql: string) => string): string =>
  broken(QUERY, ({ params }) => {
    params.esqlQuery.esql = edit(params.esqlQuery.esql)
  })

describe('a rule is taken', () => {
  test.each(RULES.map(({ id, create }) => [id, create] as const))('as it ships: %s', (_, create) => {
    expect(check(create)).toEqual([])
  })

  test.each(
    kibanaRules({ prefix: 'hangup', kibanaVersion: { major: 8, minor: 14 } }).map(
      ({ id, create }) => [id, create] as const,
    ),
  )('as it ships to a Kibana without rows: %s', (_, create) => {
    expect(check(create, false)).toEqual([])
  })
})

describe('Kibana would refuse', () => {
  test('an ES|QL rule whose threshold is 5', () => {
    expect(broken(QUERY, ({ params }) => (params.threshold = [5]))).toBe('[threshold]: is required to be 0')
  })

  test('a rule without size', () => {
    expect(broken(QUERY, ({ params }) => delete params.size)).toContain('[size]: expected value of type [number]')
  })

  test('an ES|QL rule that compares otherwise than by >', () => {
    expect(broken(QUERY, ({ params }) => (params.thresholdComparator = '>='))).toBe(
      '[thresholdComparator]: is required to be greater than',
    )
  })

  test('an ES|QL rule without a time field', () => {
    expect(broken(QUERY, ({ params }) => delete params.timeField)).toBe('[timeField]: is required')
  })

  test('rows where this Kibana knows none', () => {
    expect(broken(QUERY, () => {}, false)).toContain('[groupBy]: is row: this Kibana knows no rows')
  })

  test.each<[string, object, (body: Body) => void, string]>([
    ['a size over 10000', QUERY, ({ params }) => (params.size = 10_001), '[size]: must be between'],
    ['another kind of query', QUERY, ({ params }) => (params.searchType = 'esQuery'), '[searchType]'],
    ['no query', QUERY, ({ params }) => delete params.esqlQuery, '[esqlQuery.esql]'],
    ['a parameter that nobody knows', QUERY, ({ params }) => (params.window = '5m'), '[window]: definition'],
    ['three thresholds', THRESHOLD, ({ params }) => (params.threshold = [1, 2, 3]), '[threshold]: must be one or two'],
    ['one end of a range', THRESHOLD, ({ params }) => (params.thresholdComparator = 'between'), 'two elements'],
    ['no such comparator', THRESHOLD, ({ params }) => (params.thresholdComparator = '=>'), '[thresholdComparator]'],
    ['no such aggregation', THRESHOLD, ({ params }) => (params.aggType = 'median'), '[aggType]'],
    ['a mean of nothing', THRESHOLD, ({ params }) => delete params.aggField, '[aggField]: must have a value'],
    ['groups by nothing', THRESHOLD, ({ params }) => delete params.termField, '[termField]: termField required'],
    ['groups without a number', THRESHOLD, ({ params }) => delete params.termSize, '[termSize]: termSize required'],
    ['too many groups', THRESHOLD, ({ params }) => (params.termSize = 1_001), '[termSize]: must be less'],
    ['rows of no query', THRESHOLD, ({ params }) => (params.groupBy = 'row'), '[groupBy]: invalid'],
    ['no index', THRESHOLD, ({ params }) => (params.index = []), '[index]'],
    ['no window', QUERY, ({ params }) => (params.timeWindowSize = 0), '[timeWindowSize]'],
    ['a window in weeks', QUERY, ({ params }) => (params.timeWindowUnit = 'w'), '[timeWindowUnit]'],
    ['no name', QUERY, (body) => (body.name = ''), '[name]'],
    ['no consumer', QUERY, (body) => delete body.consumer, '[consumer]'],
    ['no interval', QUERY, (body) => (body.schedule.interval = '0m'), '[schedule.interval]'],
    ['a type that is none of ours', QUERY, (body) => (body.rule_type_id = '.es-querry'), '[rule_type_id]'],
    ['an action for a group that is not there', QUERY, ({ actions }) => (actions[0].group = 'default'), '[actions]'],
    ['two ways to say when to tell', QUERY, (body) => (body.notify_when = 'onActiveAlert'), '[notify_when]'],
  ])('%s', (_, rule, change, fault) => {
    expect(broken(rule, change)).toContain(fault)
  })
})

describe('Kibana would take, though it cannot work,', () => {
  test('a window shorter than three runs and delays', () => {
    expect(broken(QUERY, ({ params }) => (params.timeWindowSize = 9))).toContain('shorter than 600000 ms')
    expect(broken(QUERY, ({ params }) => (params.timeWindowSize = 10))).toBe('')
    expect(broken(THRESHOLD, ({ schedule }) => (schedule.interval = '5m'))).toContain('shorter than 1320000 ms')
  })

  test('a span within the query that is shorter than that', () => {
    const silent = RULES[2].create
    const faults = broken(silent, ({ params }) => {
      params.esqlQuery.esql = params.esqlQuery.esql.replace('30 minutes', '20 minutes')
    })
    expect(faults).toContain('NOW() - 20 minutes is less than 1320000 ms')
  })

  test('a query that drops the column which names the alert', () => {
    const lost = 'edgemicro.target of the last STATS does not get into the answer'
    expect(withQuery((esql) => esql.replace('KEEP edgemicro.target, ', 'KEEP '))).toContain(lost)
    expect(withQuery((esql) => `${esql}\n| DROP edgemicro.*`)).toContain(lost)
    expect(withQuery((esql) => esql.replace('KEEP edgemicro.target,', 'KEEP edgemicro.t*,'))).toBe('')
    expect(withQuery((esql) => esql.replace(/KEEP .*/, 'RENAME edgemicro.target AS t\n| KEEP t, requests'))).toBe('')
  })

  test('a query that groups by nothing', () => {
    expect(withQuery((esql) => esql.replace(' BY edgemicro.target', ''))).toContain('has no STATS … BY')
  })

  test('all rows as one alert where Kibana can do better', () => {
    expect(broken(QUERY, ({ params }) => delete params.groupBy)).toContain('all rows would be one alert')
  })

  test('a rate that forgets what it has seen at the run before', () => {
    const fault = '[excludeHitsFromPreviousRun]'
    expect(broken(QUERY, ({ params }) => delete params.excludeHitsFromPreviousRun)).toContain(fault)
  })

  test.each([
    ['CATEGORIZE', 'STATS n = COUNT(*) BY edgemicro.target, c = CATEGORIZE(error.message)'],
    ['CHANGE_POINT', 'CHANGE_POINT requests ON edgemicro.target'],
    ['?_tend', 'WHERE @timestamp < ?_tend'],
  ])('%s, which not each licence or version has', (word, command) => {
    expect(withQuery((esql) => `${esql}\n| ${command}`)).toContain(`[esqlQuery]: ${word} is not`)
  })
})
