import type { DeadLetter } from '../records.js'

/**
 * What one line of NDJSON, or one message, is: a dead letter, another object (`parse` prints entries of all kinds), or
 * null for anything else. A letter is looked at field by field, since it may be written to a store again, and nobody knows
 * who wrote it.
 */
export function letterOf(text: string): DeadLetter | 'other' | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!isObject(value)) return null
  return isDeadLetter(value) ? value : 'other'
}

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): boolean => typeof value === 'string'
const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string'
const isCount = (value: unknown): boolean => typeof value === 'number' && value >= 0 && Number.isFinite(value)
const isNumberOrNull = (value: unknown): boolean => value === null || Number.isFinite(value)
const isTime = (value: unknown): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value))

function isDeadLetter(value: Json): value is Json & DeadLetter {
  const { kind, reason, text, position, sink, status, document } = value
  if (!isText(reason)) return false
  if (kind === 'rejected') return isText(text) && isPosition(position)
  if (kind !== 'refused' || !isText(sink) || !isCount(status)) return false
  return (position === null || isPosition(position)) && (document === null || isDocument(document))
}

function isPosition(value: unknown): boolean {
  if (!isObject(value) || !isText(value.source) || !isCount(value.offset)) return false
  const { kafka } = value
  if (kafka === undefined) return true
  return isObject(kafka) && isText(kafka.topic) && isCount(kafka.partition) && isCount(kafka.offset)
}

function isDocument(value: unknown): boolean {
  if (!isObject(value) || !isText(value.id)) return false
  if (value.kind === 'traffic') return holds(value.document, TRAFFIC)
  return value.kind === 'failure' && holds(value.document, FAILURE) && hasHalves(value.document)
}

/** The fields that every document of a kind has, by their place in it. */
type Shape = Readonly<Record<string, (value: unknown) => boolean>>

const TRAFFIC: Shape = {
  '@timestamp': isTime,
  'event.dataset': isText,
  'edgemicro.target': isTextOrNull,
  'edgemicro.proxy': isTextOrNull,
  'edgemicro.org': isTextOrNull,
  'edgemicro.env': isTextOrNull,
  'edgemicro.gateway': isTextOrNull,
  'edgemicro.partition': isText,
  'edgemicro.requests': isCount,
  'edgemicro.responses': isCount,
  'edgemicro.basis': isText,
}

const FAILURE: Shape = {
  '@timestamp': isTime,
  'event.duration': isNumberOrNull,
  'http.request.id': isTextOrNull,
  'http.request.method': isTextOrNull,
  'http.response.status_code': isNumberOrNull,
  'url.path': isTextOrNull,
  'error.code': isTextOrNull,
  'error.message': isTextOrNull,
  'server.address': isTextOrNull,
  'server.port': isNumberOrNull,
  'client.ip': isTextOrNull,
  'edgemicro.target': isTextOrNull,
  'edgemicro.target_source': isText,
  'edgemicro.proxy': isTextOrNull,
  'edgemicro.org': isTextOrNull,
  'edgemicro.env': isTextOrNull,
  'edgemicro.gateway': isTextOrNull,
  'edgemicro.worker': isTextOrNull,
  'edgemicro.halves': isText,
  'edgemicro.cause': isText,
  'edgemicro.confidence': isCount,
  'edgemicro.evidence': isObject,
  'edgemicro.client_key': isTextOrNull,
  'edgemicro.target_halves': Array.isArray,
  'edgemicro.client_half': (value) => value === null || isHalf(value),
  'log.level': isText,
  'log.file.path': isText,
  'log.offset': isCount,
}

const HALF: Shape = {
  role: isText,
  timestamp: isTime,
  level: isText,
  host: isTextOrNull,
  status_code: isNumberOrNull,
  error_code: isTextOrNull,
  error_message: isTextOrNull,
  elapsed_ms: isNumberOrNull,
  path: isText,
  offset: isCount,
}

function holds(value: unknown, shape: Shape): boolean {
  return Object.entries(shape).every(([place, isRight]) => isRight(at(value, place)))
}

function at(value: unknown, place: string): unknown {
  let inner = value
  for (const key of place.split('.')) {
    if (!isObject(inner) || !Object.hasOwn(inner, key)) return undefined
    inner = inner[key]
  }
  return inner
}

const isHalf = (value: unknown): boolean => holds(value, HALF)

/** At least one; they are what a failure is made of again when it is merged. */
function hasHalves(document: unknown): boolean {
  const target = at(document, 'edgemicro.target_halves')
  const client = at(document, 'edgemicro.client_half')
  return Array.isArray(target) && target.every(isHalf) && (target.length > 0 || client !== null)
}
