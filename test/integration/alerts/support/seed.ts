import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import type { ShipperDocument } from '../../../../src/records.js'
import type { FrequencyDocument } from '../../../../src/sinks/elasticsearch/frequency/documents.js'
import { projectDirectory } from '../../../support/cli.js'
import { failure, traffic } from '../../../support/documents.js'
import { demand, store } from '../../../support/elasticsearch/cluster.js'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** The minute that runs now. */
export const thisMinute = (): number => Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS

/** `count` minutes in order, the last of them at `endMs`. */
export const minutesUpTo = (endMs: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => endMs - (count - 1 - index) * MINUTE_MS)

/** Installs the shipped index templates. */
export async function installTemplates(prefix: string): Promise<void> {
  const directory = path.join(projectDirectory, 'mappings/elasticsearch')
  for (const name of fs.readdirSync(directory).filter((each) => each.endsWith('.json'))) {
    const text = fs.readFileSync(path.join(directory, name), 'utf8').replaceAll('{prefix}', prefix)
    await demand('PUT', `/_index_template/${prefix}-${path.basename(name, '.json')}`, JSON.parse(text))
  }
}

export interface Minute {
  readonly timeMs: number
  readonly target: string | null
  readonly requests: number | null
  readonly resets?: number
  /** Those that are no resets too; default: the resets. */
  readonly failures?: number
  readonly proxy?: string
  readonly covered?: boolean
  readonly causes?: FrequencyDocument['edgemicro']['causes']
}

/** Fifteen minutes up to `endMs`, of which `flaky.example:8080` alone is worth an alert. */
export function resetMinutes(endMs: number): readonly Minute[] {
  const each = (target: string | null, requests: number | null, resets: number, more: Partial<Minute> = {}) =>
    minutesUpTo(endMs, 15).map((timeMs) => ({ timeMs, target, requests, resets, ...more }))
  const burst = (timeMs: number, covered: boolean): Minute => {
    const proxy = covered ? 'orders' : 'invoices'
    return { timeMs, target: 'burst.example:8080', requests: 12, resets: 6, covered, proxy }
  }
  const before = minutesUpTo(endMs - 20 * MINUTE_MS, 15)
  return [
    ...each('flaky.example:8080', 60, 3),
    ...each('flaky.example:8080', 40, 0, { proxy: 'invoices' }),
    ...each('healthy.example:8080', 200, 1),
    ...each('limit.example:8080', 100, 1),
    // Half of two requests a minute: 30 requests are below the floor.
    ...each('idle.example:8443', 2, 1),
    // Four covered minutes of 48 requests together, below the floor too; the others are not covered.
    ...minutesUpTo(endMs - 5 * MINUTE_MS, 4).map((timeMs) => burst(timeMs, true)),
    ...minutesUpTo(endMs, 15).map((timeMs) => burst(timeMs, false)),
    // Its gateway logs failures alone.
    ...each('uncovered.example:8080', 100, 50, { covered: false }),
    ...each('uncounted.example:8080', null, 50),
    ...each('half-counted.example:8080', 100, 0),
    ...each('half-counted.example:8080', null, 50, { proxy: 'invoices' }),
    // Covered minutes are well; the other kind would make it 25 %.
    ...each('mixed.example:8080', 100, 0),
    ...each('mixed.example:8080', 100, 50, { covered: false, proxy: 'invoices' }),
    ...each(null, 100, 50),
    // Was bad until 20 minutes ago.
    ...before.map((timeMs) => ({ timeMs, target: 'past.example:8080', requests: 100, resets: 50 })),
    ...each('past.example:8080', 100, 0),
  ]
}

/** Stores minutes as `<prefix>-frequency` holds them. */
export async function storeMinutes(prefix: string, minutes: readonly Minute[]): Promise<void> {
  await storeByTime(prefix, 'frequency', minutes.map(frequencyDocument), 7)
}

function frequencyDocument(minute: Minute): FrequencyDocument {
  const { timeMs, target, requests, resets = 0, failures = resets, proxy = 'orders', causes = {} } = minute
  const covered = minute.covered ?? true
  const isRate = covered && target !== null && requests !== null && requests > 0 && failures <= requests
  return {
    '@timestamp': new Date(timeMs).toISOString(),
    event: { dataset: 'edgemicro.frequency', id: randomUUID() },
    edgemicro: {
      org: 'myorg',
      env: 'test',
      proxy,
      target,
      requests,
      failures,
      resets,
      failure_ratio: isRate ? failures / requests : null,
      reset_ratio: isRate ? resets / requests : null,
      covered,
      causes,
      codes: resets > 0 ? { ECONNRESET: resets } : {},
    },
  }
}

export interface SignOfLife {
  readonly timeMs: number
  readonly process: string
  readonly lagMs?: number | null
  readonly lines?: number
  readonly rejections?: number
  readonly refused?: number
  readonly unsent?: number
}

/** Signs of life of shippers up to `endMs`: those named `slow` and `stuck` lag, `refused` and `rejecting` refuse. */
export function shipperSigns(endMs: number): readonly SignOfLife[] {
  const signs = (process: string, of: (index: number) => Partial<SignOfLife>, count = 15): readonly SignOfLife[] =>
    minutesUpTo(endMs, count).map((timeMs, index) => ({ timeMs, process, ...of(index) }))
  return [
    ...signs('slow', (index) => ({ lagMs: 400_000 + index * 1_000 })),
    ...signs('stuck', () => ({ lagMs: 900_000, lines: 0, unsent: 500 })),
    ...signs('spike', (index) => ({ lagMs: index === 7 ? 900_000 : 2_000 })),
    ...signs('recovering', (index) => ({ lagMs: index < 11 ? 900_000 : 2_000 })),
    // Its log is silent: that looks like a lag.
    ...signs('quiet', (index) => ({ lagMs: 400_000 + index * MINUTE_MS, lines: 0 })),
    // Has just begun to read old logs.
    ...signs('young', () => ({ lagMs: 900_000 }), 4),
    ...signs('before-its-first-line', () => ({ lagMs: null, unsent: 1 })),
    ...signs('refused', (index) => ({ refused: index === 3 ? 12 : 0 })),
    ...signs('hardly-refused', (index) => ({ refused: index === 3 ? 9 : 0 })),
    ...signs('rejecting', () => ({ lines: 100, rejections: 6 })),
    ...signs('hardly-rejecting', () => ({ lines: 100, rejections: 5 })),
    ...signs('too-few-lines', () => ({ lines: 10, rejections: 9 })),
  ]
}

/** Stores signs of life; a process `a` is on host `host-a` and runs the pipeline `edge`. */
export async function storeSigns(prefix: string, signs: readonly SignOfLife[]): Promise<void> {
  await storeByTime(prefix, 'shipper', signs.map(shipperDocument), 10)
}

function shipperDocument(sign: SignOfLife): ShipperDocument {
  const { timeMs, process, lagMs = 1_000, lines = 100, rejections = 0, refused = 0, unsent = 0 } = sign
  const none = { events: 0, failures: 0, orphans: 0, evicted: 0, late: 0, retries: 0 }
  return {
    '@timestamp': new Date(timeMs).toISOString(),
    event: { dataset: 'edgemicro.shipper' },
    agent: { type: 'hangup', name: `host-${process}`, id: process, version: '0.1.0' },
    edgemicro: { shipper: { pipeline: 'edge', ...none, lines, rejections, refused, unsent, lag_ms: lagMs } },
  }
}

export interface Seen {
  readonly timeMs: number
  readonly gateway: string | null
}

/** Stores one minute of traffic for each. */
export async function storeTraffic(prefix: string, seen: readonly Seen[]): Promise<void> {
  await storeByTime(
    prefix,
    'traffic',
    seen.map((each) => traffic(each).document),
    10,
  )
}

/** Stores one failure for each. */
export async function storeFailures(prefix: string, sketches: readonly Parameters<typeof failure>[0][]): Promise<void> {
  await storeByTime(
    prefix,
    'failures',
    sketches.map((sketch) => failure(sketch).document),
    10,
  )
}

/** In the index of their day or month: `digits` of `YYYY.MM.DD` name it. */
async function storeByTime(
  prefix: string,
  kind: string,
  documents: readonly { readonly '@timestamp': string }[],
  digits: number,
): Promise<void> {
  const periods = new Map<string, object[]>()
  for (const document of documents) {
    const period = document['@timestamp'].slice(0, digits).replaceAll('-', '.')
    periods.set(period, [...(periods.get(period) ?? []), document])
  }
  for (const [period, those] of periods) {
    await store(
      `${prefix}-${kind}-${period}`,
      those.map((document) => [randomUUID(), document] as const),
    )
  }
}
