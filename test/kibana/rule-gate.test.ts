import { describe, expect, test } from '@jest/globals'
import { refusalOfBody, refusalOfParams } from '../support/kibana/rule-gate.js'

const PARAMS = {
  searchType: 'esqlQuery',
  esqlQuery: { esql: 'FROM x | STATS n = COUNT(*) BY t' },
  timeField: '@timestamp',
  timeWindowSize: 15,
  timeWindowUnit: 'm',
  size: 0,
  threshold: [0],
  thresholdComparator: '>',
  groupBy: 'row',
  aggType: 'count',
  excludeHitsFromPreviousRun: false,
}

const BODY = { name: 'n', schedule: { interval: '1m' }, params: PARAMS, tags: [], actions: [] }
const CREATE = { ...BODY, rule_type_id: '.es-query', consumer: 'stackAlerts', enabled: true }

describe('the parameters of a query rule', () => {
  test('are taken as Kibana takes them', () => {
    expect(refusalOfParams('.es-query', PARAMS)).toBeNull()
  })

  test.each([
    ['no size', { size: undefined }, '[size]'],
    ['a threshold other than none', { threshold: [5] }, '[threshold]: is required to be 0'],
    ['another comparator', { thresholdComparator: '<' }, '[thresholdComparator]: is required to be greater than'],
    ['no time field', { timeField: undefined }, '[timeField]: is required'],
    ['rows of what is no ES|QL', { searchType: 'esQuery' }, '[groupBy]: groupBy should be all or top'],
    ['half of a range', { thresholdComparator: 'between' }, '[threshold]: must have two elements for the "between"'],
    ['groups without a term', { groupBy: 'top' }, '[termField]: termField required when [groupBy] is top'],
    ['an average of nothing', { aggType: 'avg' }, '[aggField]: must have a value when [aggType] is "avg"'],
    ['what it does not know', { colour: 'red' }, '[]: Unrecognized key: "colour"'],
  ])('are refused with %s', (_, change, refusal) => {
    expect(refusalOfParams('.es-query', { ...PARAMS, ...change })).toContain(refusal)
  })

  test('may not ask for rows before 8.19', () => {
    expect(refusalOfParams('.es-query', PARAMS, false)).toContain('[groupBy]')
  })
})

describe('the body of a rule', () => {
  test('is taken as Kibana takes it', () => {
    expect(refusalOfBody('POST', CREATE)).toBeNull()
    expect(refusalOfBody('PUT', BODY)).toBeNull()
  })

  test.each(['rule_type_id', 'consumer', 'enabled'] as const)('may not hold %s in an update', (name) => {
    const refusal = refusalOfBody('PUT', { ...BODY, [name]: CREATE[name] })
    expect(refusal).toBe(`[request body.${name}]: definition for this key is missing`)
  })
})
