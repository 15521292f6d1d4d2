import { type CaptureTarget, parseCaptureTarget } from '../capture/capture-target.js'
import type { ResolvedTarget } from '../capture/filter.js'
import { type FailingTarget, RecentFailures } from '../capture/recent-failures.js'
import { resolveTargets } from '../capture/resolve.js'
import { PermanentError } from '../errors.js'
import { analyze } from '../pipeline/analyze.js'
import type { Context } from './context.js'
import { openLogsOf } from './logs.js'
import type { CaptureOptions } from './options.js'
import { readTime } from './ranges.js'
import { refuseOtherText } from './reading.js'
import { formatDuration, formatInstant } from './terminal/numbers.js'
import { usageError } from './usage-errors.js'

export interface WantedTarget extends ResolvedTarget {
  /** What logs say of it; null where it was named. */
  readonly failing: FailingTarget | null
}

export interface WantedTargets {
  readonly targets: readonly WantedTarget[]
  /** For people: which ones are left out, and why. */
  readonly notes: readonly string[]
  /** 1 where a log could not be read. */
  readonly exitCode: number
}

const RECENT_MINUTES = 15
/** What failed longer ago does not fail now. */
const OLD_MS = 3_600_000

/**
 * The targets to capture, with their addresses: those that were named, else those that fail in LOGS. Throws `PermanentError`
 * (`nothing_to_capture`) where there is none.
 */
export async function wantedTargets(
  args: readonly string[],
  options: CaptureOptions & { readonly count: number },
  context: Context,
): Promise<WantedTargets> {
  const notes: string[] = []
  const found = options.target.length > 0 ? named(options.target) : await failing(args, options, notes, context)
  const { resolved, unresolved } = await resolveTargets(found.targets)
  for (const { target, code } of unresolved)
    notes.push(`${target.name} is left out: its name does not resolve here (${code})`)
  if (resolved.length === 0) {
    const hint = 'run it where the gateway runs, or give an address: --target 10.0.0.9:8080'
    throw nothing(`no target has an address here: ${unresolved.map(({ target }) => target.name).join(', ')}`, hint)
  }
  const targets = resolved.map((target) => ({ ...target, failing: found.failing.get(target.name) ?? null }))
  return { targets, notes, exitCode: found.exitCode }
}

interface Found {
  readonly targets: readonly CaptureTarget[]
  readonly failing: ReadonlyMap<string, FailingTarget>
  readonly exitCode: number
}

function named(texts: readonly string[]): Found {
  const targets = texts.map((text) => {
    const target = parseCaptureTarget(text)
    if (target === null) throw usageError(`not a target: --target ${text}`, 'write HOST:PORT, such as 10.0.0.9:8080')
    return target
  })
  return { targets, failing: new Map(), exitCode: 0 }
}

async function failing(
  args: readonly string[],
  options: CaptureOptions & { readonly count: number },
  notes: string[],
  context: Context,
): Promise<Found> {
  const { since, count } = options
  const sinceMs = since === undefined ? null : readTime('--since', since, { nowMs: Date.now() })
  const logs = await openLogsOf(args, { ...options, showSecrets: false, maskQuery: false }, context)
  const recent = new RecentFailures(sinceMs === null ? RECENT_MINUTES : Number.POSITIVE_INFINITY)
  const progress = context.terminal.startProgress(logs.progress)
  const { ledger } = await analyze({
    ...logs,
    halvesOnly: true,
    onDocuments: (documents) => {
      for (const each of documents) {
        if (each.kind !== 'failure') continue
        const { edgemicro, error, '@timestamp': time } = each.document
        const timeMs = Date.parse(time)
        if (edgemicro.target === null || (sinceMs !== null && timeMs < sinceMs)) continue
        recent.add({ target: edgemicro.target, code: error.code, timeMs })
      }
    },
    signal: context.signal,
  }).finally(() => progress.end())
  refuseOtherText(ledger, logs.inputs)
  const all = recent.targets()
  const valid = all.flatMap((each) => {
    const target = parseCaptureTarget(each.target)
    if (target === null) notes.push(`${each.target} is left out: it is neither an address nor the name of a host`)
    return target === null ? [] : [{ target, failing: each }]
  })
  if (valid.length === 0) throw noFailures(since)
  if (valid.length > count) {
    const others = valid.length === count + 1 ? 'another target' : `${valid.length - count} more targets`
    notes.push(`${others} failed: --limit ${valid.length} takes them all`)
  }
  const agoMs = Date.now() - recent.lastMs
  if (agoMs > OLD_MS)
    notes.push(`the last failure in these logs was ${formatDuration(agoMs)} ago, at ${formatInstant(recent.lastMs)}`)
  const taken = valid.slice(0, count)
  return {
    targets: taken.map(({ target }) => target),
    failing: new Map(taken.map((each) => [each.target.name, each.failing])),
    exitCode: logs.exitCode(),
  }
}

function noFailures(since: string | undefined): PermanentError {
  const range = since === undefined ? `the last ${RECENT_MINUTES} minutes of the logs` : `the logs since ${since}`
  return nothing(
    `no failure of a known target: ${range}`,
    'name a target: --target HOST:PORT; or look further back: --since 1d; where logs name no targets: --gateway-config ~/.edgemicro',
  )
}

function nothing(message: string, hint: string): PermanentError {
  return new PermanentError(message, { code: 'nothing_to_capture', hint })
}
