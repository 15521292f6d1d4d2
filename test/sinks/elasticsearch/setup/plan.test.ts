import { describe, expect, test } from '@jest/globals'
import { type JsonObject, policyForm, templateForm } from '../../../../src/sinks/elasticsearch/setup/normal-form.js'
import { type Installed, isKept, planSetup } from '../../../../src/sinks/elasticsearch/setup/plan.js'
import { type Retention, type SetupObject, shippedObjects } from '../../../../src/sinks/elasticsearch/setup/shipped.js'

const PREFIX = 'p'
const TRAFFIC = '/_index_template/p-traffic'
const POLICY = '/_ilm/policy/p-failures'

function plan(
  installed: ReadonlyMap<string, Installed>,
  options: { readonly overwrite?: boolean; readonly retention?: Retention } = {},
) {
  return planSetup({ prefix: PREFIX, lifecycle: true, overwrite: false, retention: {}, ...options }, installed)
}

/** Everything as this version installs it, then changed. */
function server(
  change: (body: JsonObject, object: SetupObject) => JsonObject = (body) => body,
  retention: Retention = {},
) {
  return new Map(
    shippedObjects({ prefix: PREFIX, lifecycle: true, retention }).map((object) => {
      const body = change(object.body, object)
      const policy = body.policy as JsonObject
      const installed: Installed =
        object.type === 'lifecycle policy'
          ? { form: policyForm(policy), meta: policy._meta }
          : { form: templateForm(body), meta: body._meta }
      return [object.path, installed]
    }),
  )
}

/** A template of another release that nobody has touched. */
function ofVersion(version: number): Map<string, Installed> {
  const installed = server()
  const [shipped] = shippedObjects({ prefix: 'p2', lifecycle: true }).filter(
    ({ path }) => path === '/_index_template/p2-traffic',
  )
  const meta = shipped.body._meta as JsonObject
  return installed.set(TRAFFIC, { form: shipped.form, meta: { ...meta, version } })
}

const edited = (path: string, edit: (body: JsonObject) => JsonObject) =>
  server((body, object) => (object.path === path ? edit(body) : body))

const step = (steps: ReturnType<typeof plan>, path: string) => steps.filter(({ object }) => object.path === path)[0]

describe('the plan', () => {
  test('puts everything where nothing is, policies first', () => {
    const steps = plan(new Map())
    expect(steps.map(({ state, put }) => [state, put])).toEqual(steps.map(() => ['new', true]))
    expect(steps.map(({ object }) => object.type)).toEqual([
      ...Array.from({ length: 4 }, () => 'lifecycle policy'),
      ...Array.from({ length: 4 }, () => 'index template'),
    ])
  })

  test('puts nothing where everything is as it should be', () => {
    for (const overwrite of [false, true]) {
      const steps = plan(server(), { overwrite })
      expect(steps.map(({ state, put }) => [state, put])).toEqual(steps.map(() => ['same', false]))
    }
  })

  test('takes the same content for the same, whoever put it there', () => {
    const steps = plan(edited(TRAFFIC, ({ _meta, ...body }) => body))
    expect(step(steps, TRAFFIC)).toMatchObject({ state: 'same', put: false })
  })

  test('replaces what is ours and untouched, and says what differs', () => {
    expect(step(plan(ofVersion(0)), TRAFFIC)).toMatchObject({
      state: 'changed',
      put: true,
      differences: expect.arrayContaining([
        { path: 'index_patterns', before: '["p2-traffic-*"]', after: '["p-traffic-*"]' },
      ]),
    })
  })

  test('leaves what a newer version put there, unless told', () => {
    const kept = step(plan(ofVersion(2)), TRAFFIC)
    expect(kept).toMatchObject({ state: 'newer', put: false })
    expect(isKept(kept)).toBe(true)
    expect(step(plan(ofVersion(2), { overwrite: true }), TRAFFIC)).toMatchObject({ state: 'newer', put: true })
  })

  test('leaves what somebody changed, unless told', () => {
    const installed = edited(TRAFFIC, (body) => ({ ...body, priority: 900 }))
    const steps = plan(installed)
    expect(step(steps, TRAFFIC)).toMatchObject({
      state: 'by_hand',
      put: false,
      differences: [{ path: 'priority', before: '900', after: '500' }],
    })
    expect(steps.filter(isKept)).toHaveLength(1)
    expect(step(plan(installed, { overwrite: true }), TRAFFIC)).toMatchObject({ state: 'by_hand', put: true })
  })

  test.each([
    ['without metadata', undefined],
    ['of somebody else', { managed_by: 'terraform' }],
    ['that claims our name alone', { managed_by: 'hangup', version: 1 }],
    ['with metadata that is none', ['hangup']],
  ])('leaves a template %s', (_, _meta) => {
    const installed = edited(TRAFFIC, ({ _meta: ours, ...body }) => ({
      ...body,
      ...(_meta !== undefined && { _meta }),
      priority: 1,
    }))
    expect(step(plan(installed), TRAFFIC)).toMatchObject({ state: 'by_hand', put: false })
  })

  test('adds the lifecycle to templates that were put when the server had none', () => {
    const before = shippedObjects({ prefix: PREFIX, lifecycle: false })
    const installed = new Map(before.map(({ path, form, body }) => [path, { form, meta: body._meta }]))
    expect(step(plan(installed), TRAFFIC)).toMatchObject({
      state: 'changed',
      put: true,
      differences: [{ path: 'setting index.lifecycle.name', before: null, after: 'p-traffic' }],
    })
  })
})

describe('the retention', () => {
  const minAge = (steps: ReturnType<typeof plan>) => step(steps, POLICY).object.form.get('delete min_age')

  test('is that of the file at first, and what it is told to be', () => {
    expect(minAge(plan(new Map()))).toBe('30d')
    const steps = plan(server(), { retention: { failures: '90d' } })
    expect(step(steps, POLICY)).toMatchObject({
      state: 'changed',
      put: true,
      differences: [{ path: 'delete min_age', before: '30d', after: '90d' }],
    })
  })

  test('lasts until another one is given', () => {
    const installed = server(undefined, { failures: '90d' })
    expect(step(plan(installed), POLICY)).toMatchObject({ state: 'same', put: false })
    expect(minAge(plan(installed, { overwrite: true }))).toBe('90d')
    expect(minAge(plan(installed, { retention: { failures: '7d' } }))).toBe('7d')
  })

  test('that was changed by hand is left, and shown', () => {
    const installed = edited(POLICY, (body) => JSON.parse(JSON.stringify(body).replace('"30d"', '"60d"')))
    expect(step(plan(installed), POLICY)).toMatchObject({
      state: 'by_hand',
      put: false,
      differences: [{ path: 'delete min_age', before: '60d', after: '30d' }],
    })
  })
})
