import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { projectDirectory } from './support/cli.js'

const SOURCE = path.join(projectDirectory, 'src')

/** What every folder may import: records and what belongs to no single step. They import each other alone. */
const BASE = [
  'records.ts',
  'judged-failure.ts',
  'errors.ts',
  'event-view.ts',
  'line-handler.ts',
  'byte-map.ts',
  'words.ts',
  'retry.ts',
  'problems.ts',
  'numbers.ts',
]

interface Rule {
  /** A folder of `src/`, or a file in one. */
  readonly to: string
  readonly because: string
}

/** The arrows between folders, besides those to `BASE` and within a folder. What is not here is forbidden. */
const ARROWS: Readonly<Record<string, readonly Rule[]>> = {
  config: [],
  sources: [],
  parse: [],
  redact: [],
  count: [],
  join: [],
  diagnose: [],
  enrich: [],
  sinks: [],
  frequency: [
    { to: 'sinks/duckdb/read-only.ts', because: 'how the file of a store is opened to be asked' },
    { to: 'sinks/duckdb/engine.ts', because: 'what opens it is loaded once DuckDB is' },
  ],
  pcap: [
    { to: 'sources/gunzip.ts', because: 'captures come packed' },
    { to: 'sources/input-problems.ts', because: 'an input that cannot be read is told as for logs' },
  ],
  bundle: [
    { to: 'config/document.ts', because: 'settings are read and written as YAML' },
    { to: 'config/gateway.ts', because: "the texts of the gateway's configuration" },
    { to: 'keepalive/os-settings.ts', because: 'TCP keep-alive of the system is told as keepalive check tells it' },
    { to: 'parse/timestamp.ts', because: 'lines of a time are chosen' },
    { to: 'pcap', because: 'captures are read, and cut behind their headers' },
    { to: 'pipeline/ship/redacted-lines.ts', because: 'lines leave by the rules by which they are shipped' },
    { to: 'redact', because: 'what must never leave' },
    { to: 'sources/gunzip.ts', because: 'captures come packed, and content waits packed' },
    { to: 'sources/input-problems.ts', because: 'an input that cannot be read is told as for logs' },
    { to: 'sources/log-file-name.ts', because: 'names that the gateway gave are kept' },
  ],
  capture: [],
  alerts: [],
  kibana: [],
  keepalive: [
    { to: 'config/gateway-connections.ts', because: 'what the gateway says of its connections is checked' },
    { to: 'config/units.ts', because: 'times of hops are written as those of pipelines are' },
  ],
  verify: [{ to: 'sinks/stored.ts', because: 'what a store holds is compared, whatever store it is' }],
  observability: [{ to: 'sinks/sink.ts', because: 'what a sink is, to watch its writes and to hand it signs of life' }],
  pipeline: [
    { to: 'config/schema.ts', because: 'a pipeline is built from its configuration' },
    { to: 'sources', because: 'where lines come from' },
    { to: 'parse', because: 'bytes to entries' },
    { to: 'redact', because: 'what must never leave' },
    { to: 'count', because: 'traffic per minute' },
    { to: 'join', because: 'halves to failures' },
    { to: 'diagnose', because: 'the cause of a failure' },
    { to: 'enrich', because: 'the target and the API of a failure' },
    { to: 'sinks', because: 'where documents go' },
    { to: 'observability', because: 'a run tells what it does' },
    { to: 'pcap', because: 'packets tell the cause of a failure better than its lines' },
  ],
  cli: [
    { to: 'pipeline', because: 'commands run pipelines' },
    { to: 'config', because: 'pipeline files, gateway configuration and the table of options are read for the user' },
    { to: 'observability', because: 'run serves metrics and health' },
    { to: 'frequency', because: 'report and frequency ask stores, and print the answers' },
    { to: 'keepalive', because: 'keepalive check, probe and plugin tell their answers' },
    { to: 'pcap', because: 'captures are read, and shown packet by packet' },
    { to: 'capture', because: 'capture prints and runs tcpdump' },
    { to: 'bundle', because: 'bundle puts an archive together' },
    { to: 'diagnose', because: 'report and keepalive estimate tell what the resets of a target have in common' },
    { to: 'kibana', because: 'setup kibana installs dashboards and rules' },
    { to: 'redact', because: '--show-secrets and --mask-query choose what is hidden' },
    { to: 'enrich/proxy.ts', because: 'the type of the proxies that --gateway-config names' },
    { to: 'sources/source.ts', because: 'the type of the opened logs' },
    {
      to: 'sources/discover.ts',
      because: 'check --connect and the default of LOGS look for files without reading them',
    },
    { to: 'sources/kafka', because: 'check --connect looks whether a topic is there' },
    { to: 'parse/line-parser.ts', because: 'parse and explain print single lines, without a pipeline' },
    { to: 'count/stats.ts', because: 'entries of kind stats are printed with their counters' },
    { to: 'verify', because: 'verify compares stores with their input' },
    { to: 'sinks/stored.ts', because: 'the type of the stores that verify compares' },
    { to: 'sinks/dead-letters', because: 'dead-letters tells their reasons, and keeps what is left of them' },
    { to: 'sinks/entries.ts', because: 'parse and explain print entries' },
    { to: 'alerts', because: 'setup kibana makes the rules' },
    { to: 'sinks/elasticsearch', because: 'check --connect, setup, frequency and verify reach a cluster' },
    { to: 'sinks/failure-json.ts', because: 'failures prints documents' },
    { to: 'sinks/json-bytes.ts', because: 'what failures prints is collected as bytes' },
  ],
}

/** Where a package may be imported; the others are free. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  kafkajs: ['sources/kafka/'],
  snappy: ['sources/kafka/'],
  'lz4-napi': ['sources/kafka/'],
  fzstd: ['sources/kafka/'],
  split2: ['sources/'],
  tinyglobby: ['sources/'],
  '@elastic/elasticsearch': ['sinks/elasticsearch/'],
  '@duckdb/node-api': ['sinks/duckdb/', 'frequency/duckdb.ts'],
  commander: ['cli/'],
  pino: ['cli/', 'observability/'],
  'prom-client': ['observability/metrics.ts'],
  saxes: ['keepalive/files/tomcat.ts'],
  tar: ['bundle/archive.ts'],
  yaml: ['config/', 'alerts/'],
  luxon: ['cli/', 'frequency/'],
}

/** The world outside, which `cli/` alone may touch. */
const WORLD: readonly (readonly [string, RegExp])[] = [
  ['process', /\bprocess\.(?:env|argv|exit|exitCode|on|once|off|stdin|stdout|stderr|cwd|chdir|abort|emitWarning)\b/],
  ['node:process', /\bfrom 'node:process'/],
  ['the console', /\bconsole\.\w/],
]

interface SourceFile {
  /** Relative to `src/`. */
  readonly name: string
  readonly text: string
  /** Files of `src/`, by name. */
  readonly imports: readonly string[]
  readonly packages: readonly string[]
}

/** Static ones, those for their effect alone, and those at run time. */
const IMPORTS = [
  /^(?:import|export)\b[^';]*?\bfrom\s*'([^']+)'/gm,
  /^import\s*'([^']+)'/gm,
  /\bimport\s*\(\s*'([^']+)'/g,
]

const files = fs
  .readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map(read)

function read(name: string): SourceFile {
  const text = fs.readFileSync(path.join(SOURCE, name), 'utf8')
  const specifiers = IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)].map(([, specifier]) => specifier))
  const isOurs = (specifier: string): boolean => specifier.startsWith('.')
  return {
    name,
    text,
    imports: specifiers
      .filter(isOurs)
      .map((specifier) => path.join(path.dirname(name), specifier).replace(/\.js$/, '.ts')),
    packages: specifiers.filter((specifier) => !isOurs(specifier) && !specifier.startsWith('node:')),
  }
}

const folderOf = (name: string): string => (name.includes('/') ? name.slice(0, name.indexOf('/')) : '')

const isUnder = (name: string, place: string): boolean => name === place || name.startsWith(`${place}/`)

/** Code without the comments that stand on lines of their own. */
const codeOf = ({ text }: SourceFile): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')

/** `<file>: <what>`, for each match. */
function found(pattern: RegExp, among: readonly SourceFile[] = files): string[] {
  return among.flatMap((file) => {
    const match = pattern.exec(codeOf(file))
    return match === null ? [] : [`${file.name}: ${match[0]}`]
  })
}

describe('the arrows between folders', () => {
  test('are looked for in all that there is', () => {
    expect(files.length).toBeGreaterThan(80)
    expect(files.flatMap(({ imports }) => imports).length).toBeGreaterThan(200)
  })

  test('have a rule for each folder', () => {
    const folders = new Set(files.map(({ name }) => folderOf(name)).filter((folder) => folder !== ''))
    expect([...folders].sort()).toEqual(Object.keys(ARROWS).sort())
    expect(
      files
        .filter(({ name }) => folderOf(name) === '')
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...BASE].sort())
  })

  test('lead to files that exist', () => {
    const names = new Set(files.map(({ name }) => name))
    const lost = files.flatMap(({ name, imports }) =>
      imports.filter((to) => !names.has(to)).map((to) => `${name} -> ${to}`),
    )
    expect(lost).toEqual([])
  })

  test('go one way: cli, pipeline, steps and ends, records and errors', () => {
    const forbidden = files.flatMap(({ name, imports }) =>
      imports.filter((to) => !isAllowed(name, to)).map((to) => `${name} -> ${to}`),
    )
    expect(forbidden).toEqual([])

    function isAllowed(from: string, to: string): boolean {
      if (BASE.includes(to)) return true
      const folder = folderOf(from)
      return folder !== '' && (folder === folderOf(to) || ARROWS[folder].some((rule) => isUnder(to, rule.to)))
    }
  })

  test('have no rule that nobody needs any longer', () => {
    const unused = Object.entries(ARROWS).flatMap(([folder, rules]) =>
      rules
        .filter(
          ({ to }) =>
            !files.some(({ name, imports }) => folderOf(name) === folder && imports.some((each) => isUnder(each, to))),
        )
        .map(({ to }) => `${folder} -> ${to}`),
    )
    expect(unused).toEqual([])
  })

  test('make no circle between files', () => {
    const byName = new Map(files.map((file) => [file.name, file]))
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (name: string, above: readonly string[]): void => {
      if (above.includes(name)) circles.push([...above.slice(above.indexOf(name)), name].join(' -> '))
      if (done.has(name) || above.includes(name)) return
      for (const to of byName.get(name)?.imports ?? []) visit(to, [...above, name])
      done.add(name)
    }
    for (const { name } of files) visit(name, [])
    expect(circles).toEqual([])
  })
})

describe('packages', () => {
  test.each(Object.entries(PACKAGES))('%s stays where it belongs', (name, places) => {
    const elsewhere = files
      .filter(({ packages }) => packages.some((each) => isUnder(each, name)))
      .filter(
        (file) => !places.some((place) => file.name === place || (place.endsWith('/') && file.name.startsWith(place))),
      )
    expect(elsewhere.map((file) => file.name)).toEqual([])
  })

  test('that are imported are dependencies', () => {
    const manifest = JSON.parse(fs.readFileSync(path.join(projectDirectory, 'package.json'), 'utf8'))
    const imported = new Set(files.flatMap(({ packages }) => packages))
    expect([...imported].filter((name) => !(name in manifest.dependencies))).toEqual([])
  })
})

describe('source files', () => {
  test.each(WORLD)('outside of cli do not touch %s', (_, pattern) => {
    expect(
      found(
        pattern,
        files.filter(({ name }) => folderOf(name) !== 'cli'),
      ),
    ).toEqual([])
  })

  test('of pcap are pure: one of them alone touches files', () => {
    const touching = files.filter(({ name, text }) => folderOf(name) === 'pcap' && /'node:(?!buffer)/.test(text))
    expect(touching.map(({ name }) => name)).toEqual(['pcap/read-capture.ts'])
    expect(
      found(
        /\bDate\.now\b|\bperformance\b|\bMath\.random\b/,
        files.filter(({ name }) => folderOf(name) === 'pcap'),
      ),
    ).toEqual([])
  })

  test('of cli leave process to main.ts', () => {
    const others = files.filter(({ name }) => folderOf(name) === 'cli' && name !== 'cli/main.ts')
    for (const [, pattern] of WORLD) expect(found(pattern, others)).toEqual([])
  })

  test('have at most 400 lines', () => {
    const long = files.filter(({ text }) => text.split('\n').length > 401)
    expect(long.map(({ name, text }) => `${name}: ${text.split('\n').length - 1}`)).toEqual([])
  })

  test.each([
    ['a default export', /\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/],
    ['any', /(?::|\bas|<|\||&|,)\s*any\b(?!\s*[:(])/],
    ['a compiler directive', /@ts-(?:ignore|nocheck|expect-error)/],
    ['a note to do it later', /\b(?:TODO|FIXME|XXX|HACK)\b/],
  ])('do not hold %s', (_, pattern) => {
    const matches = files.filter(({ text }) =>
      pattern.test(text.replace(/^\s*(?:\/?\*|\/\/)(?!.*(?:TODO|FIXME|XXX|HACK|@ts-)).*$/gm, '')),
    )
    expect(matches.map(({ name }) => name)).toEqual([])
  })

  test('have names in kebab case', () => {
    expect(
      files
        .map(({ name }) => name)
        .filter((name) => !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)*[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(name)),
    ).toEqual([])
  })

  test('import each other by the names of the built files', () => {
    expect(found(/(?:from|import)\s*\(?\s*'\.[^']*(?<!\.js)'/)).toEqual([])
  })
})
