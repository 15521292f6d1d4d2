import { createHash } from 'node:crypto'
import type { FailureDocument, HalfDocument, IndexDocument } from '../../records.js'

/** The index that a document lives in: `<prefix>-failures-2026.11.25`, by the day (UTC) of its event time. */
export function indexOf(prefix: string, { kind, document }: Pick<IndexDocument, 'kind' | 'document'>): string {
  return indexOfDay(prefix, kind, document['@timestamp'])
}

/** The index of a kind for the day that a time (ISO 8601, UTC) falls on. */
export function indexOfDay(prefix: string, kind: IndexDocument['kind'], time: string): string {
  return `${prefix}-${PLURAL[kind]}-${time.slice(0, 4)}.${time.slice(5, 7)}.${time.slice(8, 10)}`
}

/** The index of the signs of life of a day. */
export function shipperIndex(prefix: string, time: string): string {
  return `${prefix}-shipper-${time.slice(0, 10).replaceAll('-', '.')}`
}

const PLURAL = { failure: 'failures', traffic: 'traffic' } as const

/**
 * `_id` of a document: its own id where that is plain ASCII, else a digest, since ids are limited in length (512 bytes),
 * may not be empty, and stand in JSON lines that we write by hand.
 */
export function documentId(id: string): string {
  return PLAIN_ID.test(id) ? id : `sha256-${createHash('sha256').update(id).digest('hex').slice(0, 40)}`
}

const PLAIN_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/

const DAY_MS = 86_400_000
const NEAR_MIDNIGHT_MS = 3_600_000

/**
 * Indices besides its own in which a part of the failure may lie, written when less of it was known. A half that stands
 * alone is looked for a day before and after; a whole failure where its halves, or an hour around them, touch another
 * day. Halves that are more than a day apart in event time stay two documents.
 */
export function neighbours(prefix: string, document: FailureDocument): readonly string[] {
  if (isWithinItsDay(document)) return NONE
  const home = indexOfDay(prefix, 'failure', document['@timestamp'])
  const reachMs = document.edgemicro.halves === 'both' ? NEAR_MIDNIGHT_MS : DAY_MS
  const names = new Set<string>()
  for (const { timestamp } of halvesOf(document)) {
    const timeMs = Date.parse(timestamp)
    for (const awayMs of [-reachMs, 0, reachMs]) {
      names.add(indexOfDay(prefix, 'failure', new Date(timeMs + awayMs).toISOString()))
    }
  }
  names.delete(home)
  return [...names]
}

const NONE: readonly string[] = []

/** Whole, and an hour around each half is of its own day: nearly all failures, told without reckoning with dates. */
function isWithinItsDay(document: FailureDocument): boolean {
  const { halves, target_halves, client_half } = document.edgemicro
  if (halves !== 'both' || client_half === null) return false
  const day = document['@timestamp'].slice(0, 10)
  return isAwayFromMidnight(day, client_half) && target_halves.every((half) => isAwayFromMidnight(day, half))
}

function isAwayFromMidnight(day: string, { timestamp }: HalfDocument): boolean {
  const hour = timestamp.slice(11, 13)
  return timestamp.startsWith(day) && hour > '00' && hour < '23'
}

function halvesOf({ edgemicro }: FailureDocument): readonly HalfDocument[] {
  const { target_halves, client_half } = edgemicro
  return client_half === null ? target_halves : [...target_halves, client_half]
}
