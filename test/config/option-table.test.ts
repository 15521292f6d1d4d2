import { describe, expect, test } from '@jest/globals'
import { loadPipeline } from '../../src/config/load.js'
import { optionTable } from '../../src/config/option-table.js'
import { keysAt, optionsOf } from '../../src/config/option-walk.js'
import { pipelineSchema } from '../../src/config/schema.js'

describe('the table of options', () => {
  test.each([
    '| `join.window` | `5s` | duration, 100ms to 10m | how far apart two halves may be, in event time |',
    '| `source.tail.paths` | required | list, or text with commas | log files, directories or globs, `.gz` included |',
    '| `gateway.configuration` | none | path |',
    '| `sinks[].elasticsearch.batch` | `2MiB` | size, 64KiB to 64MiB |',
    '| `deadLetters.path` | `<state.directory>/<name>.dead-letters.ndjson` | path |',
  ])('holds %s', (row) => {
    expect(optionTable()).toContain(row)
  })

  test('has four cells in each row', () => {
    for (const row of optionTable().trimEnd().split('\n')) expect(row.split(/(?<!\\)\|/)).toHaveLength(6)
  })

  test('requires nothing that has a default in the contract, and says what each option means', () => {
    const options = optionsOf(pipelineSchema)
    expect(options.filter(({ help }) => help === '')).toEqual([])
    expect(options.filter(({ required }) => required).map(({ name }) => name)).toEqual([
      'name',
      'source.tail.paths',
      'source.files.paths',
      'source.kafka.topic',
      'source.kafka.security.sasl.username',
      'source.kafka.security.sasl.password',
      'targets[].target',
      'targets[].idleTimeout',
      'packets.paths',
      'sinks[].kafka.topic',
      'sinks[].kafka.security.sasl.username',
      'sinks[].kafka.security.sasl.password',
      'deadLetters.kafka.topic',
      'deadLetters.kafka.security.sasl.username',
      'deadLetters.kafka.security.sasl.password',
    ])
  })

  test('names only options that the schema takes at their place', () => {
    for (const { name } of optionsOf(pipelineSchema)) {
      const path = name
        .replaceAll('[]', '.0')
        .split('.')
        .map((key) => (key === '0' ? 0 : key))
      expect(keysAt(pipelineSchema, path.slice(0, -1))).toContain(path.at(-1))
    }
  })

  test('states defaults that are valid when they are written out', () => {
    const overrides = optionsOf(pipelineSchema)
      .filter(
        ({ name, defaultText = '<' }) =>
          // One that is made of other options stands with `<…>` and cannot be written out.
          /^(?:join|redact|state|http|gateway)\./.test(name) && !defaultText.includes('<'),
      )
      .map(({ name, defaultText }) => `${name}=${defaultText?.slice(1, -1)}`)
    const text = 'source: {stdin: }\nsinks: [stdout: ]\nhttp:\n'
    const plain = loadPipeline(text, { file: 'x.yaml', environment: {} })
    expect(overrides.length).toBeGreaterThan(7)
    expect(loadPipeline(text, { file: 'x.yaml', environment: {}, overrides })).toEqual(plain)
  })
})
