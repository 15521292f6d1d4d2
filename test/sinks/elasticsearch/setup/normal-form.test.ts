import { describe, expect, test } from '@jest/globals'
import {
  differencesBetween,
  digestOf,
  policyForm,
  templateForm,
} from '../../../../src/sinks/elasticsearch/setup/normal-form.js'

const TEMPLATE = {
  index_patterns: ['a-*'],
  priority: 500,
  template: {
    aliases: { a: {} },
    settings: { index: { number_of_shards: 1, mapping: { total_fields: { limit: 200 } } } },
    mappings: {
      dynamic: false,
      properties: {
        '@timestamp': { type: 'date' },
        edgemicro: {
          properties: {
            target: { type: 'keyword', ignore_above: 1024 },
            codes: { dynamic: false, properties: { none: { type: 'long' } } },
            client_half: { type: 'object', enabled: false },
          },
        },
      },
    },
  },
}

describe('the form of a template', () => {
  test('has a line for each thing that can differ', () => {
    expect(Object.fromEntries(templateForm(TEMPLATE))).toEqual({
      index_patterns: '["a-*"]',
      priority: '500',
      'alias a': '{}',
      'setting index.number_of_shards': '1',
      'setting index.mapping.total_fields.limit': '200',
      'mapping dynamic': 'false',
      'field @timestamp': 'date',
      'field edgemicro.target': 'keyword, ignore_above 1024',
      'field edgemicro.codes': 'object, dynamic false',
      'field edgemicro.codes.none': 'long',
      'field edgemicro.client_half': 'object, enabled false',
    })
  })

  test('is the same for what the server makes of it', () => {
    const { template } = TEMPLATE
    const given = {
      composed_of: [],
      ignore_missing_component_templates: [],
      version: 7,
      created_date_millis: 1795576788347,
      _meta: { managed_by: 'hangup' },
      priority: '500',
      index_patterns: ['a-*'],
      template: {
        mappings: { properties: template.mappings.properties, dynamic: 'false', _meta: { version: 1 } },
        settings: { index: { mapping: { total_fields: { limit: '200' } }, number_of_shards: '1' } },
        aliases: { a: {} },
      },
    }
    expect(differencesBetween(templateForm(TEMPLATE), templateForm(given))).toEqual([])
    expect(digestOf(templateForm(given))).toBe(digestOf(templateForm(TEMPLATE)))
  })

  test.each([
    ['flat', { 'index.number_of_shards': '1', 'index.mapping.total_fields.limit': 200 }],
    ['flat, without index', { number_of_shards: 1, 'mapping.total_fields.limit': '200' }],
    ['half flat', { index: { number_of_shards: 1, 'mapping.total_fields.limit': '200' } }],
  ])('is the same for settings that are %s', (_, settings) => {
    const given = { ...TEMPLATE, template: { ...TEMPLATE.template, settings } }
    expect(differencesBetween(templateForm(TEMPLATE), templateForm(given))).toEqual([])
  })

  test.each([
    ['a pattern', { ...TEMPLATE, index_patterns: ['a-*', 'b-*'] }, 'index_patterns'],
    ['the priority', { ...TEMPLATE, priority: 1 }, 'priority'],
    ['a component', { ...TEMPLATE, composed_of: ['c'] }, 'composed_of'],
    ['being a data stream', { ...TEMPLATE, data_stream: {} }, 'data_stream'],
    ['a filter of the alias', withTemplate({ aliases: { a: { filter: { term: { x: 1 } } } } }), 'alias a'],
    ['a second alias', withTemplate({ aliases: { a: {}, b: {} } }), 'alias b'],
    ['dynamic', withMappings({ dynamic: true }), 'mapping dynamic'],
    ['a runtime field', withMappings({ runtime: { x: { type: 'long' } } }), 'mapping runtime'],
    ['a type', withMappings({ properties: { '@timestamp': { type: 'date_nanos' } } }), 'field @timestamp'],
    [
      'a multi-field',
      withMappings({ properties: { '@timestamp': { type: 'date', fields: { x: {} } } } }),
      'field @timestamp',
    ],
  ])('differs in %s', (_, changed, path) => {
    const paths = differencesBetween(templateForm(TEMPLATE), templateForm(changed)).map((difference) => difference.path)
    expect(paths).toContain(path)
    expect(digestOf(templateForm(changed))).not.toBe(digestOf(templateForm(TEMPLATE)))
  })

  test('is empty for what is no template', () => {
    expect([...templateForm({ template: 'x', index_patterns: [] })]).toEqual([])
  })
})

describe('the form of a lifecycle policy', () => {
  const phases = {
    hot: { actions: {} },
    delete: { min_age: '30d', actions: { delete: { delete_searchable_snapshot: true } } },
  }

  test('has a line for each age and action', () => {
    expect(Object.fromEntries(policyForm({ phases }))).toEqual({
      'hot min_age': '0ms',
      'delete min_age': '30d',
      'delete delete': '{"delete_searchable_snapshot": "true"}',
    })
  })

  test('is the same with the defaults that the server fills in, and with other metadata', () => {
    const given = { _meta: { x: 1 }, phases: { ...phases, hot: { min_age: '0ms', actions: {} } } }
    expect(differencesBetween(policyForm({ phases }), policyForm(given))).toEqual([])
  })
})

describe('differences', () => {
  test('say what was before and what is after, in the order of their paths', () => {
    const before = new Map([
      ['b', '1'],
      ['c', 'same'],
    ])
    const after = new Map([
      ['c', 'same'],
      ['b', '2'],
      ['a', 'x'],
    ])
    expect(differencesBetween(before, after)).toEqual([
      { path: 'a', before: null, after: 'x' },
      { path: 'b', before: '1', after: '2' },
    ])
  })
})

function withTemplate(part: object) {
  return { ...TEMPLATE, template: { ...TEMPLATE.template, ...part } }
}

function withMappings(part: object) {
  return withTemplate({ mappings: { ...TEMPLATE.template.mappings, ...part } })
}
