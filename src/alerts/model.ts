import { ConfigError } from '../errors.js'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** What an alert is about: the name of its rule behind the prefix, in every engine. */
export const ALERT_NAMES = [
  'reset-rate',
  'new-target-failing',
  'gateway-silent',
  'shipper-lag',
  'shipper-refusing',
] as const

export type AlertName = (typeof ALERT_NAMES)[number]

/** The alerts and their numbers, once: what every engine is given is made from these. */
export interface Alerts {
  /** A target whose requests end in ECONNRESET too often. */
  readonly resetRate: {
    readonly windowMs: number
    readonly intervalMs: number
    /** Fewer requests in the window say nothing. */
    readonly minRequests: number
    /** Share of one; more is an alert. */
    readonly maxRatio: number
    /** Runs in a row that must find it. */
    readonly activeRuns: number
  }
  /** A target that failed lately, and never in the days before. */
  readonly newTargetFailing: {
    readonly recentMs: number
    readonly historyMs: number
    readonly intervalMs: number
  }
  /** A gateway that sent data within the last day, and now sends none. */
  readonly gatewaySilent: {
    readonly silenceMs: number
    readonly knownMs: number
    readonly intervalMs: number
  }
  /** A shipper that was behind through the whole window, and had something to do. */
  readonly shipperLag: {
    readonly windowMs: number
    readonly intervalMs: number
    readonly maxLagMs: number
    /** Signs of life (about one a minute) that must all be over the limit. */
    readonly minSamples: number
  }
  /** A shipper whose documents the store refuses, or that cannot use many of its lines. */
  readonly shipperRefusing: {
    readonly windowMs: number
    readonly intervalMs: number
    /** As many refused documents are an alert. */
    readonly minRefused: number
    /** Share of the lines that may be unusable, where there are at least `minLines`. */
    readonly maxRejectedRatio: number
    readonly minLines: number
  }
}

export const DEFAULT_ALERTS: Alerts = {
  resetRate: { windowMs: 15 * MINUTE_MS, intervalMs: MINUTE_MS, minRequests: 50, maxRatio: 0.01, activeRuns: 2 },
  newTargetFailing: { recentMs: HOUR_MS, historyMs: 7 * DAY_MS, intervalMs: 5 * MINUTE_MS },
  gatewaySilent: { silenceMs: 30 * MINUTE_MS, knownMs: DAY_MS, intervalMs: 5 * MINUTE_MS },
  shipperLag: { windowMs: 15 * MINUTE_MS, intervalMs: MINUTE_MS, maxLagMs: 5 * MINUTE_MS, minSamples: 10 },
  shipperRefusing: {
    windowMs: 15 * MINUTE_MS,
    intervalMs: MINUTE_MS,
    minRefused: 10,
    maxRejectedRatio: 0.05,
    minLines: 1_000,
  },
}

/** How long what happened may take until a search finds it. */
export interface Delays {
  /** Of the pipeline file: a failure waits so long for its other half, a minute so long for its last line. */
  readonly joinWindowMs: number
  readonly latenessMs: number
  /** Until the minutes that changed are counted again. */
  readonly recountMs: number
  /** Of the index templates: `refresh_interval`. */
  readonly refreshMs: number
}

export const DEFAULT_DELAYS: Delays = {
  joinWindowMs: 5 * SECOND_MS,
  latenessMs: MINUTE_MS,
  recountMs: 10 * SECOND_MS,
  refreshMs: 5 * SECOND_MS,
}

/** Counts carry the time at which their minute begins. */
const COUNTED_MS = MINUTE_MS

/** How far behind the clock the newest counts that a search can rely on may begin. */
export function graceMs({ joinWindowMs, latenessMs, recountMs, refreshMs }: Delays): number {
  return COUNTED_MS + joinWindowMs + latenessMs + recountMs + refreshMs
}

/** The least span of time that a rule may look at: shorter, and what comes late is never seen by any run of it. */
export function leastSpanMs(intervalMs: number, delays: Delays): number {
  return 3 * (intervalMs + graceMs(delays))
}

/** Changed numbers, by alert; the others stay as they are. */
export type AlertChanges = { readonly [Name in keyof Alerts]?: Partial<Alerts[Name]> }

/**
 * The alerts with the numbers that were changed. Throws `ConfigError` where an alert could not work with them, all
 * faults in one message.
 */
export function alertsWith(changes: AlertChanges = {}, delays: Delays = DEFAULT_DELAYS): Alerts {
  const alerts: Alerts = {
    resetRate: { ...DEFAULT_ALERTS.resetRate, ...changes.resetRate },
    newTargetFailing: { ...DEFAULT_ALERTS.newTargetFailing, ...changes.newTargetFailing },
    gatewaySilent: { ...DEFAULT_ALERTS.gatewaySilent, ...changes.gatewaySilent },
    shipperLag: { ...DEFAULT_ALERTS.shipperLag, ...changes.shipperLag },
    shipperRefusing: { ...DEFAULT_ALERTS.shipperRefusing, ...changes.shipperRefusing },
  }
  const faults = [...faultsOfNumbers(alerts), ...faultsOfSpans(alerts, delays)]
  if (faults.length > 0) {
    throw new ConfigError(`alerts cannot work with these numbers: ${faults.join('; ')}`, {
      code: 'config',
      hint: 'Change the numbers that are named, or leave them out to get the defaults.',
    })
  }
  return alerts
}

function faultsOfNumbers(alerts: Alerts): readonly string[] {
  const faults: string[] = []
  for (const [alert, numbers] of Object.entries(alerts)) {
    for (const [name, value] of Object.entries(numbers as Readonly<Record<string, number>>)) {
      const isRatio = name.endsWith('Ratio')
      if (isRatio ? !(value > 0 && value < 1) : !(Number.isSafeInteger(value) && value >= 1)) {
        faults.push(`${alert}.${name} is ${value}, not ${isRatio ? 'between 0 and 1' : 'a whole number from 1 on'}`)
      }
      if (name.endsWith('Ms') && name !== 'maxLagMs' && value % MINUTE_MS !== 0) {
        faults.push(`${alert}.${name} is ${value}, not whole minutes`)
      }
    }
  }
  return faults
}

/** The spans that decide, and those around them. */
function faultsOfSpans(alerts: Alerts, delays: Delays): readonly string[] {
  const { resetRate, newTargetFailing, gatewaySilent, shipperLag, shipperRefusing } = alerts
  const spans = [
    ['resetRate.windowMs', resetRate.windowMs, resetRate.intervalMs],
    ['newTargetFailing.recentMs', newTargetFailing.recentMs, newTargetFailing.intervalMs],
    ['gatewaySilent.silenceMs', gatewaySilent.silenceMs, gatewaySilent.intervalMs],
    ['shipperLag.windowMs', shipperLag.windowMs, shipperLag.intervalMs],
    ['shipperRefusing.windowMs', shipperRefusing.windowMs, shipperRefusing.intervalMs],
  ] as const
  const faults = spans
    .filter(([, spanMs, intervalMs]) => spanMs < leastSpanMs(intervalMs, delays))
    .map(([name, spanMs, intervalMs]) => `${name} is ${spanMs}, less than ${leastSpanMs(intervalMs, delays)}`)
  if (newTargetFailing.historyMs <= newTargetFailing.recentMs) {
    faults.push('newTargetFailing.historyMs is not longer than its recentMs')
  }
  if (gatewaySilent.knownMs <= gatewaySilent.silenceMs) {
    faults.push('gatewaySilent.knownMs is not longer than its silenceMs')
  }
  if (shipperLag.minSamples * MINUTE_MS > shipperLag.windowMs) {
    faults.push('shipperLag.minSamples is more than its window holds')
  }
  return faults
}

/** `15m`, `7d`: whole, in the largest unit that fits; Kibana, Prometheus and people read it so. */
export function inUnits(ms: number): string {
  const { size, unit } = windowOf(ms)
  return `${size}${unit}`
}

/** A whole number of the largest unit that fits. */
export function windowOf(ms: number): { readonly size: number; readonly unit: 's' | 'm' | 'h' | 'd' } {
  if (ms % DAY_MS === 0) return { size: ms / DAY_MS, unit: 'd' }
  if (ms % HOUR_MS === 0) return { size: ms / HOUR_MS, unit: 'h' }
  if (ms % MINUTE_MS === 0) return { size: ms / MINUTE_MS, unit: 'm' }
  return { size: Math.ceil(ms / SECOND_MS), unit: 's' }
}
