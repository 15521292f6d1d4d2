import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { type CliResult, ndjson, Sandbox } from '../../support/cli.js'
import { type CorpusRun, corpusRun, RUNS } from '../../support/truth.js'
import { type OracleEvent, type OracleLine, oracleLines } from './oracle.js'
import { leaks } from './secrets.js'

const sandbox = new Sandbox()
const results = new Map<string, Promise<Parsed>>()

afterAll(() => sandbox.remove())

describe.each(RUNS)('parse, on %s,', (name) => {
  const run = corpusRun(name)
  const lines = oracleLines(run)

  test('prints each entry once, at its place in its file', async () => {
    const { entries } = await parse(run, '--show-secrets')
    const places = entries.map(placeOf)
    expect(new Set(places).size).toBe(places.length)
    const known = new Set(lines.map((line) => placeOf({ position: { source: line.file, offset: line.offset } })))
    expect(places.filter((place) => !known.has(place))).toEqual([])
  })

  test('finds every event, plain line and statistics line, and nothing else', async () => {
    const { found } = await parse(run, '--show-secrets')
    const wrong = lines.filter((line) => line.kind !== 'other' && found.get(placeOfLine(line))?.kind !== line.kind)
    expect(wrong.map((line) => [found.get(placeOfLine(line))?.kind, line.text]).slice(0, 5)).toEqual([])
    const others = lines.filter((line) => line.kind === 'other').map(placeOfLine)
    // Lines without a form of their own belong to the entry before them, or are said to be unusable.
    expect(others.filter((place) => found.get(place)?.kind === 'event')).toEqual([])
  })

  test('gives every field of every event as the gateway wrote it', async () => {
    const { found } = await parse(run, '--show-secrets')
    const wrong = lines.flatMap((line) => (line.event === null ? [] : differences(found.get(placeOfLine(line)), line)))
    expect(wrong.slice(0, 5)).toEqual([])
  })

  test('gives plain lines their level, process and text, and statistics their counters', async () => {
    const { found } = await parse(run, '--show-secrets')
    for (const line of lines.filter(({ kind }) => kind === 'plain' || kind === 'stats')) {
      const [, level, pid, text] = /^\S+ (\S+) (\d+) (.*)$/s.exec(line.text) ?? []
      const entry = found.get(placeOfLine(line))
      expect(entry?.pid).toBe(pid)
      if (line.kind === 'plain') expect([entry.level, entry.text.trimEnd()]).toEqual([level, text.trimEnd()])
      else
        expect(entry.counters).toMatchObject({
          requests: counter(text, 'requests'),
          responses: counter(text, 'responses'),
        })
    }
  })

  test('keeps API keys and queries out of its output unless told to show them', async () => {
    const { result, found } = await parse(run)
    expect({ code: result.code, leaks: leaks(run, result.stdout + result.stderr) }).toEqual({ code: 0, leaks: [] })
    const shown = (await parse(run, '--show-secrets')).result.stdout.slice(0, 100_000)
    if (lines.some((line) => line.event?.clientId)) expect(leaks(run, shown)).not.toEqual([])
    const wrong = lines.filter((line) => line.event !== null && !isRedacted(found.get(placeOfLine(line)), line.event))
    expect(wrong.map((line) => [found.get(placeOfLine(line)), line.text]).slice(0, 5)).toEqual([])
  })

  test('hashes a key always to the same text and different keys to different texts', async () => {
    const { found } = await parse(run)
    const hashes = new Map<string, Set<string>>()
    for (const line of lines) {
      const entry = found.get(placeOfLine(line))
      if (!line.event?.clientId || entry?.uncertain !== undefined) continue
      hashes.set(line.event.clientId, (hashes.get(line.event.clientId) ?? new Set()).add(entry.clientId))
    }
    expect([...hashes.values()].filter((texts) => texts.size !== 1)).toEqual([])
    expect(new Set([...hashes.values()].flatMap((texts) => [...texts])).size).toBe(hashes.size)
  })
})

describe('parse, where a stack or a blank line follows each event,', () => {
  test('adds them to the entry before them and makes no entry of them', async () => {
    const run = corpusRun(RUNS.find((name) => name.includes('stack')) ?? '')
    const { entries, found } = await parse(run, '--show-secrets')
    expect(entries.filter((entry) => entry.kind === 'rejected')).toEqual([])
    let before: OracleLine | null = null
    for (const line of oracleLines(run)) {
      if (line.kind !== 'other') before = line
      else if (before !== null && line.text !== '') {
        expect(found.get(placeOfLine(before))?.continuation?.split('\n')).toContain(line.text)
      }
    }
  })
})

type Entry = ReturnType<typeof ndjson>[number]

interface Parsed {
  readonly result: CliResult
  readonly entries: readonly Entry[]
  readonly found: ReadonlyMap<string, Entry>
}

/** Runs the command once for all tests that look at its output. */
function parse(run: CorpusRun, ...options: readonly string[]): Promise<Parsed> {
  const key = [run.name, ...options].join(' ')
  const known = results.get(key)
  if (known !== undefined) return known
  const parsed = parseAnew(run, options)
  results.set(key, parsed)
  return parsed
}

async function parseAnew(run: CorpusRun, options: readonly string[]): Promise<Parsed> {
  const result = await sandbox.hangup(['parse', ...options, ...run.logs.map((log) => log.file)])
  const entries = ndjson(result.stdout)
  return { result, entries, found: new Map(entries.map((entry) => [placeOf(entry), entry])) }
}

function placeOf({ position }: { readonly position: { readonly source: string; readonly offset: number } }): string {
  return `${path.basename(position.source)}@${position.offset}`
}

function placeOfLine(line: OracleLine): string {
  return `${path.basename(line.file)}@${line.offset}`
}

/** What nobody but the gateway writes is never left open, however hostile a line is. */
const OPEN_FIELDS = ['host', 'pid', 'org', 'env', 'url', 'clientIp', 'clientId']

function differences(entry: Entry | undefined, line: OracleLine): readonly unknown[] {
  const event = line.event as OracleEvent
  if (entry === undefined) return [{ missing: line.text }]
  const uncertain: readonly string[] = entry.uncertain ?? []
  const isHostile = /[[\]]/.test(`${event.host}${event.url}${event.clientId}`)
  const wrongly = uncertain.filter((field) => !isHostile || !OPEN_FIELDS.includes(field))
  const wrong = Object.entries(event).filter(([field, value]) => !uncertain.includes(field) && entry[field] !== value)
  if (wrong.length === 0 && wrongly.length === 0) return []
  return [{ text: line.text, uncertain: wrongly, fields: wrong.map(([field, value]) => [field, entry[field], value]) }]
}

/** Certain fields only: where an attacker left a bound open, the search for secrets is the test. */
function isRedacted(entry: Entry | undefined, event: OracleEvent): boolean {
  if (entry?.kind !== 'event') return false
  const uncertain: readonly string[] = entry.uncertain ?? []
  const isKeyRight = event.clientId === null ? entry.clientId === null : /^key:[0-9a-f]{16}$/.test(entry.clientId)
  const isUrlRight = entry.url === (event.url?.split('?')[0] ?? null)
  return (isKeyRight || uncertain.includes('clientId')) && (isUrlRight || uncertain.includes('url'))
}

function counter(text: string, name: string): number {
  return Number(new RegExp(`[ ,]${name}=(\\d+)`).exec(text)?.[1])
}
