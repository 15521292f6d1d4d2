import { isToldByPackets, type JudgedFailure } from '../judged-failure.js'
import type { Cause } from '../records.js'
import { isReset } from './cause.js'
import type { Reset } from './reset.js'

/** Causes that a failure can have whose connection may tell it: `diagnose` gives the first, the resets of its target the others. */
export const CAUSES_BY_CONNECTION: readonly Cause[] = ['undetermined', 'keepalive_race', 'premature_close']

/** The reset of a failure whose cause its halves leave open and its connection may tell: null for others. */
export function resetOf(failure: JudgedFailure): Reset | null {
  if (isToldByPackets(failure)) return null
  const { error, edgemicro } = failure
  const { evidence, cause, target, target_source } = edgemicro
  const { idle_ms = null, reuses = null, reuses_near, reuses_same, resets_near } = evidence
  if (target === null || target_source !== 'log' || idle_ms === null || reuses === null) return null
  if (!CAUSES_BY_CONNECTION.includes(cause) || !isReset(error.code)) return null
  return {
    idle_ms,
    reuses,
    reuses_near: reuses_near ?? 0,
    reuses_same: reuses_same ?? 0,
    resets_near: resets_near ?? 0,
    errorCode: error.code,
    errorMessage: error.message,
    origin: `${edgemicro.gateway ?? ''}\n${edgemicro.proxy ?? ''}`,
  }
}

/** What log rotators append: `.1`, `-20260101`, `-2026010113`, `-20260101-1767225600`. */
const ROTATOR_SUFFIX = /(?:\.\d{1,4}|-\d{8,14}(?:-\d+)?)$/

/**
 * The gateway process that logged a failure: each start has log files of its own, numbered as they are rotated. What a rotator
 * appends does not count: whoever follows a file knows it by its first name, whoever reads it later by its last.
 */
export function processOf({ edgemicro, log }: JudgedFailure): string {
  const path = log.file.path.replace(/\.gz$/i, '').replace(ROTATOR_SUFFIX, '')
  return JSON.stringify([edgemicro.gateway, path.replace(/-\d+-api\.log$/, '')])
}
