import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { PipelineConfigError } from '../../src/config/faults.js'
import { loadPipeline } from '../../src/config/load.js'
import { optionsOf } from '../../src/config/option-walk.js'
import { pipelineSchema } from '../../src/config/schema.js'

const BASE = 'source: { files: { paths: ["§{PATH_OF_LOG}"] } }\nsinks:\n  - duckdb:\n      path: §{STORE}\n'.replaceAll(
  '§',
  '$',
)

/** Text with what means something in YAML and in variables. */
const tricky = fc
  .array(
    fc.oneof(
      fc.constantFrom(...': {}[],&*!|>\'"%@`#-\n\t$~', '${', '}', ': ', '- ', '\n  ', '<<', 'null'),
      fc.string(),
    ),
  )
  .map((parts) => parts.join(''))
  .filter((text) => text !== '' && !text.includes('\0'))

const optionName = fc.constantFrom(...optionsOf(pipelineSchema).map(({ name }) => name.replaceAll('[]', '[0]')))

/** Anything that YAML can say, under the names of options as often as not. */
const anyData = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('leaf'),
    tie('record'),
    fc.array(tie('node'), { maxLength: 3 }),
  ),
  leaf: fc.oneof(fc.constantFrom(null, true, 0, -1, 1e300, '5s', '64MiB', 'a:1', ''), fc.string(), tricky),
  record: fc.dictionary(
    fc.oneof(
      optionName.map((name) => name.split('.').at(-1)?.replace('[0]', '') ?? ''),
      fc.string(),
    ),
    tie('node'),
    { maxKeys: 4 },
  ),
})).node

function outcome(text: string, overrides: readonly string[] = []): 'loaded' | 'refused' {
  try {
    loadPipeline(text, { file: 'x.yaml', environment: {}, overrides })
    return 'loaded'
  } catch (error) {
    expect(error).toBeInstanceOf(PipelineConfigError)
    const { faults } = error as PipelineConfigError
    expect(faults.length).toBeGreaterThan(0)
    return 'refused'
  }
}

describe('a value from the environment', () => {
  test('stays one value, whatever it holds', () => {
    fc.assert(
      fc.property(tricky, tricky, (log, store) => {
        const environment = { PATH_OF_LOG: log, STORE: store }
        const config = loadPipeline(BASE, { file: 'x.yaml', environment })
        expect(config.source).toEqual({ kind: 'files', paths: [log] })
        expect(config.sinks).toEqual([{ kind: 'duckdb', path: store }])
      }),
    )
  })
})

describe('a pipeline that cannot be used', () => {
  test('is refused with its faults and never in another way, whatever its text', () => {
    fc.assert(fc.property(tricky, (text) => outcome(text) !== undefined))
  })

  test('is refused in the same way, whatever its data', () => {
    fc.assert(
      fc.property(anyData, (data) => outcome(JSON.stringify(data)) !== undefined),
      { numRuns: 500 },
    )
  })

  test('is refused in the same way, whatever is overridden', () => {
    fc.assert(
      fc.property(
        optionName,
        fc.oneof(
          tricky,
          anyData.map((data) => JSON.stringify(data)),
        ),
        (name, value) => outcome(BASE, [`${name}=${value}`]) !== undefined,
      ),
      { numRuns: 300 },
    )
  })
})
