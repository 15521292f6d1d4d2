import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { PipelineConfigError } from '../../src/config/faults.js'
import { type LoadOptions, loadPipeline } from '../../src/config/load.js'
import type { PipelineConfig } from '../../src/config/schema.js'

const MINIMAL = 'source: { stdin: {} }\nsinks: [{ stdout: {} }]\n'

/** Writes `§{` for the beginning of a variable. */
function load(text: string, options: Partial<LoadOptions> = {}): PipelineConfig {
  return loadPipeline(text.replaceAll('§', '$'), { file: 'pipelines/edge.yaml', environment: {}, ...options })
}

function faultsOf(text: string, options: Partial<LoadOptions> = {}): readonly string[] {
  try {
    load(text, options)
  } catch (error) {
    if (error instanceof PipelineConfigError) return error.lines()
    throw error
  }
  throw new Error('the pipeline has no fault')
}

describe('a pipeline without faults', () => {
  test('has every default filled in', () => {
    expect(load(MINIMAL)).toEqual({
      name: 'edge',
      source: { kind: 'stdin' },
      gateway: { hostFrom: 'file' },
      redact: { clientId: 'hash', query: 'drop', text: 'mask' },
      join: { windowMs: 5000, latenessMs: 60_000, maxPending: 100_000 },
      targets: [],
      sinks: [{ kind: 'stdout', traffic: false }],
      state: { directory: './.hangup' },
      deadLetters: { kind: 'file', path: join('.hangup', 'edge.dead-letters.ndjson') },
    })
  })

  test('packs lines into messages of 16 KiB, or of the size that is said, down to one line in each', () => {
    const sinks = (size: string): unknown => load(`source: {stdin: }\nsinks: [kafka: {topic: a${size}}]`).sinks
    expect(sinks('')).toMatchObject([{ messageBytes: 16_384 }])
    expect(sinks(', messageSize: 0B')).toMatchObject([{ messageBytes: 0 }])
  })

  test('may send its dead letters to a topic, which is reached as that of a sink', () => {
    const text = `${MINIMAL}deadLetters: { kafka: { topic: letters } }`
    expect(load(text).deadLetters).toEqual({
      kind: 'kafka',
      brokers: ['localhost:9092'],
      topic: 'letters',
      compression: 'lz4',
      security: { tls: false },
    })
    const elsewhere =
      'source: {kafka: {topic: a}}\nsinks: [stdout: {}]\ndeadLetters: {kafka: {topic: a, brokers: "other:9092"}}'
    expect(load(elsewhere).deadLetters).toMatchObject({ topic: 'a', brokers: ['other:9092'] })
  })

  test('reads the whole example of the contract', () => {
    const text = `
name: edge-prod
source:
  kafka: { brokers: ["localhost:9092"], topic: edgemicro, group: hangup, partitionedBy: source }
gateway: { configuration: "~/.edgemicro", hostFrom: file }
redact: { clientId: hash, query: drop }
join: { window: 5s, lateness: 60s, maxPending: 100000 }
targets: [ { target: "10.0.0.9:8080", idleTimeout: 5s } ]
sinks:
  - duckdb: { path: "./hangup.duckdb" }
  - elasticsearch: { node: "http://localhost:9200", prefix: hangup, auth: { apiKey: x } }
  - kafka: { brokers: ["localhost:9092"], topic: edgemicro-copy }
  - stdout: {}
state: { directory: "./.hangup" }
http: { listen: "127.0.0.1:9464" }
`
    expect(load(text)).toMatchObject({
      name: 'edge-prod',
      source: { kind: 'kafka', topic: 'edgemicro', partitionedBy: 'source', security: { tls: false } },
      targets: [{ target: '10.0.0.9:8080', idleTimeoutMs: 5000 }],
      sinks: [
        { kind: 'duckdb' },
        { kind: 'elasticsearch', maxBatchBytes: 2 * 1024 * 1024, timeoutMs: 30_000 },
        { kind: 'kafka' },
        { kind: 'stdout' },
      ],
      http: { listen: { host: '127.0.0.1', port: 9464 } },
    })
  })

  test('takes a key without a value as an empty section', () => {
    const config = load('source:\n  stdin:\nsinks:\n  - duckdb:\nredact:\nhttp:\n')
    expect(config.source).toEqual({ kind: 'stdin' })
    expect(config.sinks).toEqual([{ kind: 'duckdb', path: './hangup.duckdb' }])
    expect(config.http).toEqual({ listen: { host: '127.0.0.1', port: 9464 } })
  })

  test.each([
    ['pipelines/edge prod (2).yaml', 'edge-prod--2-'],
    ['../.hidden.yml', 'hidden'],
    ['/etc/hangup/ñ.yaml', 'pipeline'],
  ])('is named after its file %s', (file, name) => {
    expect(load(MINIMAL, { file }).name).toBe(name)
  })

  test('splits one text at its commas where a list is expected, but not inside the braces of a glob', () => {
    const config = load('source: { files: { paths: "§{LOGS}" } }\nsinks: [stdout: ]', {
      environment: { LOGS: '/a/*.log, /b/{c,d}.log,' },
    })
    expect(config.source).toEqual({ kind: 'files', paths: ['/a/*.log', '/b/{c,d}.log'] })
  })

  test('never splits the items of a list', () => {
    const config = load('source: { files: { paths: ["§{LOGS}"] } }\nsinks: [stdout: ]', {
      environment: { LOGS: 'a,b' },
    })
    expect(config.source).toEqual({ kind: 'files', paths: ['a,b'] })
  })

  test('reads numbers, times and booleans from variables', () => {
    const environment = { MAX: '2000', WINDOW: '7s', YES: 'true' }
    const text =
      'source: {stdin: }\njoin: {maxPending: "§{MAX}", window: "§{WINDOW}"}\nsinks: [stdout: {traffic: "§{YES}"}]'
    const config = load(text, { environment })
    expect(config.join).toMatchObject({ maxPending: 2000, windowMs: 7000 })
    expect(config.sinks).toEqual([{ kind: 'stdout', traffic: true }])
  })

  test('repeats a section by an alias', () => {
    const text = 'source: {kafka: {topic: a, brokers: &b ["h:1"]}}\nsinks: [kafka: {topic: c, brokers: *b}]'
    expect(load(text).sinks).toMatchObject([{ brokers: ['h:1'] }])
  })
})

describe('overrides', () => {
  test('win over the file, the later ones over the earlier', () => {
    const overrides = ['join.window=6s', 'join.window=7s', 'sinks[0].stdout.traffic=true', 'sinks[1].duckdb.path=x']
    expect(load(MINIMAL, { overrides })).toMatchObject({
      join: { windowMs: 7000 },
      sinks: [
        { kind: 'stdout', traffic: true },
        { kind: 'duckdb', path: 'x' },
      ],
    })
  })

  test('keep a variable that they stand in for from being looked up', () => {
    const text = 'source: { files: { paths: "§{LOGS}" } }\nsinks: [stdout: ]'
    expect(load(text, { overrides: ['source.files.paths=["a,b"]'] }).source).toEqual({ kind: 'files', paths: ['a,b'] })
  })

  test('are taken as they are, without variables', () => {
    const overrides = ['state.directory=$' + '{HOME}']
    expect(load(MINIMAL, { overrides, environment: { HOME: '/home/x' } }).state.directory).toBe('$' + '{HOME}')
  })

  test('can choose another source', () => {
    const overrides = ['source.stdin=null', 'source.files.paths=a.log']
    expect(load(MINIMAL, { overrides }).source).toEqual({ kind: 'files', paths: ['a.log'] })
  })

  test('are named as the place of what is wrong in them', () => {
    expect(faultsOf(MINIMAL, { overrides: ['sinks[0].stdout.trafic=true', 'nowhere.at=1', 'window'] })).toEqual([
      '--set  "window" is not written path.to.option=value',
      '--set  sinks[0].stdout.trafic: unknown option; did you mean "traffic"?',
      '--set  nowhere: unknown option',
    ])
  })
})

describe('a pipeline with faults', () => {
  test('tells all of them at once, in the order of their lines', () => {
    const text = `name: x
sorce: {}
source:
  tail:
    pths: [a]
    start: begining
    scanInterval: 5
join:
  window: 5 sec
  maxPending: 3
redact: { query: "§{MODE}" }
targets:
  - { target: "a:1", idleTimeout: 5s }
  - { target: "a:1", idleTimeout: 2d }
sinks:
  - duckdb:
      pth: x
  - duckdb: { path: ./hangup.duckdb }
  - elasticsearch: { auth: { username: a } }
  - {}
window: 5s
`
    expect(faultsOf(text)).toEqual([
      'pipelines/edge.yaml:2:1  sorce: unknown option; did you mean "source"?',
      'pipelines/edge.yaml:4:3  source.tail.paths: missing; this option has no default',
      'pipelines/edge.yaml:5:5  source.tail.pths: unknown option; did you mean "paths"?',
      'pipelines/edge.yaml:6:12  source.tail.start: must be one of beginning, end; did you mean "beginning"?',
      'pipelines/edge.yaml:7:19  source.tail.scanInterval: is not a duration: write one such as 500ms, 5s, 2m or 1h30m',
      'pipelines/edge.yaml:9:11  join.window: is not a duration: write one such as 500ms, 5s, 2m or 1h30m',
      'pipelines/edge.yaml:10:15  join.maxPending: must be at least 100',
      'pipelines/edge.yaml:11:18  redact.query: needs the environment variable MODE, which is not set',
      'pipelines/edge.yaml:14:15  targets[1].target: stands in targets[0] already',
      'pipelines/edge.yaml:14:35  targets[1].idleTimeout: must be between 1ms and 1d',
      'pipelines/edge.yaml:17:7  sinks[0].duckdb.pth: unknown option; did you mean "path"?',
      'pipelines/edge.yaml:18:5  sinks[1]: writes to the same place as sinks[0]',
      'pipelines/edge.yaml:19:22  sinks[2].elasticsearch.auth: give one of apiKey, apiKeyFile, or username with password or passwordFile',
      'pipelines/edge.yaml:20:5  sinks[3]: choose one of duckdb, elasticsearch, kafka, stdout',
      'pipelines/edge.yaml:21:1  window: unknown option; did you mean "join.window"?',
    ])
  })

  test('is a configuration error that counts them', () => {
    expect(() => load('')).toThrow(
      expect.objectContaining({ code: 'config', message: 'invalid pipeline: pipelines/edge.yaml: 2 faults' }),
    )
    expect(() => load('- a')).toThrow('invalid pipeline: pipelines/edge.yaml: 1 fault')
  })

  test.each([
    ['no source', 'source: {}', 'source: choose one of tail, files, stdin, kafka'],
    [
      'two sources',
      'source: { stdin: {}, files: { paths: a } }',
      'source: choose one: files and stdin exclude each other',
    ],
    ['no sink', 'sinks: []', 'sinks: needs at least one entry'],
    ['a list without entries', 'source: { files: { paths: [] } }', 'source.files.paths: needs at least one entry'],
    ['an empty text', 'name: ""', 'name: must not be empty'],
    ['a name that is a path', 'name: ../x', 'name: must be letters, digits, `.`, `_` and `-`'],
    ['a number for a text', 'name: 12', 'name: must be text, not a number (quote it to make it text)'],
    ['a text for a section', 'join: 5s', 'join: must be a section of options, not text'],
    ['a port out of range', 'http: { listen: "h:70000" }', 'http.listen: must be host:port, such as 127.0.0.1:9464'],
    ['a port alone', 'http: { listen: 9464 }', 'http.listen: must be host:port, such as 127.0.0.1:9464'],
    ['a NUL byte in a path', 'state: { directory: "a\\0b" }', 'state.directory: must not hold a NUL byte'],
    [
      'a broker without a port',
      'source: { kafka: { topic: a, brokers: [b] } }',
      'source.kafka.brokers[0]: must be `host:port`',
    ],
    ['two outputs on stdout', 'sinks: [{stdout: }, {stdout: }]', 'sinks[1]: writes to the same place as sinks[0]'],
    [
      'one file by two paths',
      'sinks: [{duckdb: {path: x}}, {duckdb: {path: ./x}}]',
      'sinks[1]: writes to the same place as sinks[0]',
    ],
    [
      'dead letters in the database',
      'sinks: [duckdb: {path: x}]\ndeadLetters: {path: x}',
      'deadLetters.path: is the database of sinks[0]',
    ],
    [
      'a topic that feeds itself',
      'source: {kafka: {topic: a}}\nsinks: [kafka: {topic: a}]',
      'sinks[0].kafka.topic: is a topic that the source reads: the lines would go round for ever',
    ],
    [
      'a repartition topic that feeds itself',
      'source: {kafka: {topic: a, partitionedBy: none, repartitionTopic: b}}\nsinks: [kafka: {topic: b}]',
      'sinks[0].kafka.topic: is a topic that the source reads: the lines would go round for ever',
    ],
    [
      'a topic that is its own repartition topic',
      'source: {kafka: {topic: a, repartitionTopic: a}}\nsinks: [stdout: {}]',
      'source.kafka.repartitionTopic: is the topic itself',
    ],
    [
      'dead letters in two places',
      'deadLetters: {path: x, kafka: {topic: a}}',
      'deadLetters: give either path or kafka: dead letters go to one place',
    ],
    [
      'dead letters among the lines that are read',
      'source: {kafka: {topic: a}}\nsinks: [stdout: {}]\ndeadLetters: {kafka: {topic: a}}',
      'deadLetters.kafka.topic: is a topic that the source reads: letters are no lines',
    ],
    [
      'dead letters among the lines that are written',
      'sinks: [stdout: {}, kafka: {topic: a}]\ndeadLetters: {kafka: {topic: a}}',
      'deadLetters.kafka.topic: is the topic of sinks[1]: letters are no lines',
    ],
    [
      'dead letters without a topic',
      'deadLetters: {kafka: {}}',
      'deadLetters.kafka.topic: missing; this option has no default',
    ],
    ['a key that stands twice', 'name: a\nname: b', 'the same option stands here for the second time'],
    ['a key of the prototype', '__proto__: {}', '__proto__: unknown option'],
  ])('tells of %s', (_, text, expected) => {
    const lines = faultsOf(text).map((line) => line.replace(/^\S+ {2}/, ''))
    expect(lines).toContain(expected)
  })

  test.each([
    [
      'bad syntax, by its first error',
      'name: x\nsource: [1\nsinks: 2',
      'pipelines/edge.yaml:3:1  not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    [
      'a tab as indentation',
      'a:\n\tb: 1',
      'pipelines/edge.yaml:2:1  not valid YAML: Tabs are not allowed as indentation',
    ],
    [
      'a variable without quotes inside braces',
      'source: { files: { paths: §{A} } }',
      'pipelines/edge.yaml:1:28  not valid YAML: Unexpected flow-map-start at node end; a variable inside { } or [ ] needs quotes around it',
    ],
    ['two documents', 'a: 1\n---\nb: 2', 'pipelines/edge.yaml:2:1  is more than one YAML document'],
    [
      'an unknown tag',
      'a: !!js/function x',
      'pipelines/edge.yaml:1:4  not valid YAML: Unresolved tag: tag:yaml.org,2002:js/function',
    ],
    [
      'an alias of nothing',
      'a: *b',
      'pipelines/edge.yaml:1:1  not valid YAML: Unresolved alias (the anchor must be set before the alias): b',
    ],
    ['an alias of itself', 'a: &a [*a]', 'pipelines/edge.yaml:1:1  an alias stands inside the section that it repeats'],
    [
      'aliases that multiply',
      'a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]',
      'pipelines/edge.yaml:1:1  not valid YAML: Excessive alias count indicates a resource exhaustion attack',
    ],
    ['deep brackets', `a: ${'['.repeat(20_000)}`, 'pipelines/edge.yaml:1:1  is nested too deeply'],
    ['deep lists', `${'- '.repeat(20_000)}a`, 'pipelines/edge.yaml:1:1  is nested too deeply'],
    [
      'a file that is far too large',
      'x'.repeat(2_000_000),
      'pipelines/edge.yaml:1:1  is far too large for a configuration: another file?',
    ],
  ])('tells of %s and of nothing else', (_, text, expected) => {
    expect(faultsOf(text)).toEqual([expected])
  })

  test('shows no secret of the file', () => {
    const secret = 'hunter2'
    const texts = [
      `sinks: [elasticsearch: { node: "http://u:${secret}@h", auth: { password: ${secret} } }]`,
      `source: { kafka: { security: { sasl: { password: { ${secret}: "${secret}" ${secret} } } } } }`,
      `redact: { query: "§{S}", clientId: ${secret} }\nname: "§{S}/"`,
      `a: "${secret}`,
    ]
    for (const text of texts) {
      expect(faultsOf(text, { environment: { S: secret } }).join('\n')).not.toContain(secret)
    }
  })
})

test('finds the right name where two letters changed places', () => {
  const text = 'source:\n  tial: { paths: [a.log] }\nsinks: [{ stdout: {} }]\n'
  expect(() => loadPipeline(text, { file: 'a.yaml', environment: {} })).toThrow(
    expect.objectContaining({ faults: expect.arrayContaining([expect.objectContaining({ suggestion: 'tail' })]) }),
  )
})
