import { describe, expect, test } from '@jest/globals'
import { CAUSES } from '../../../../src/records.js'
import type { JsonObject } from '../../../../src/sinks/elasticsearch/setup/normal-form.js'
import { digestOf } from '../../../../src/sinks/elasticsearch/setup/normal-form.js'
import { shippedObjects } from '../../../../src/sinks/elasticsearch/setup/shipped.js'

const objects = shippedObjects({ prefix: 'hangup', lifecycle: true })
const template = (kind: string) =>
  objects.filter(({ kind: each, type }) => each === kind && type === 'index template')[0]

/**
 * The content of each version that has been released, or will be with the next release. Never change a line whose version
 * has been released: raise the version in the file, and the number here.
 */
const DIGESTS: Readonly<Record<string, string>> = {
  'lifecycle policy failures 1': 'c9473d944cb2a2e06d09a40bc3d5041c',
  'lifecycle policy traffic 1': 'c9473d944cb2a2e06d09a40bc3d5041c',
  'lifecycle policy frequency 1': 'ba34ef7cd059881d2eb2ffe23c93d8f5',
  'lifecycle policy shipper 1': '0c6a7767045c5fe1672c91f3e3b540fb',
  'index template failures 2': '9c3cf8651449cdf578d30a9b93861de0',
  'index template traffic 1': 'cd56c53f973083a803d13b8141db5d16',
  'index template frequency 1': '38cfb81e5333d691f2f0e2acf74f3df3',
  'index template shipper 1': '3f3f3a8a5e0e143ed430570045cd4f9b',
}

test('what is shipped is what its version says: a changed file needs a higher version', () => {
  expect(
    Object.fromEntries(objects.map(({ type, kind, version, form }) => [`${type} ${kind} ${version}`, digestOf(form)])),
  ).toEqual(DIGESTS)
})

describe.each(['failures', 'traffic', 'frequency', 'shipper'])('the template for %s', (kind) => {
  const { form, body, name } = template(kind)

  test('makes its indices, with its alias and its lifecycle', () => {
    expect(name).toBe(`hangup-${kind}`)
    expect(form.get('index_patterns')).toBe(`["hangup-${kind}-*"]`)
    expect(form.get(`alias hangup-${kind}`)).toBe('{}')
    expect(form.get('setting index.lifecycle.name')).toBe(`hangup-${kind}`)
    expect(form.get('setting index.number_of_shards')).toBe('1')
    expect(form.has('setting index.number_of_replicas')).toBe(false)
    expect(JSON.stringify(body)).not.toContain('{prefix}')
  })

  test('makes no field out of what comes', () => {
    expect(form.get('mapping dynamic')).toBe('false')
    const dynamic = [...form].filter(([path, text]) => path.startsWith('field') && /dynamic (?!false)/.test(text))
    expect(dynamic).toEqual([])
  })

  test('bounds every keyword', () => {
    const keywords = [...form.values()].filter((text) => text.startsWith('keyword'))
    expect(keywords.length).toBeGreaterThan(0)
    expect(new Set(keywords)).toEqual(new Set(['keyword, ignore_above 1024']))
  })

  test('has fewer fields than its limit', () => {
    expect([...form.keys()].filter((path) => path.startsWith('field ')).length).toBeLessThan(150)
    expect(form.get('setting index.mapping.total_fields.limit')).toBe('200')
  })

  test('names no lifecycle where the server has none', () => {
    const without = shippedObjects({ prefix: 'hangup', lifecycle: false })
    expect(without.map(({ type }) => type)).toEqual(Array.from({ length: 4 }, () => 'index template'))
    for (const each of without) expect(JSON.stringify(each.body)).not.toContain('lifecycle')
  })
})

test('the frequency template has a field for each cause', () => {
  const { form } = template('frequency')
  for (const cause of CAUSES) expect(form.get(`field edgemicro.causes.${cause}`)).toBe('long')
})

test.each([
  ['failures', '30d'],
  ['traffic', '30d'],
  ['frequency', '400d'],
  ['shipper', '7d'],
])('%s are kept for %s', (kind, minAge) => {
  const [policy] = objects.filter(({ type, kind: each }) => type === 'lifecycle policy' && each === kind)
  expect(policy.form.get('delete min_age')).toBe(minAge)
  const [meta] = [(policy.body.policy as JsonObject)._meta as JsonObject]
  expect(meta).toMatchObject({ managed_by: 'hangup', version: 1, digest: digestOf(policy.form) })
})
