/** What went wrong, as a closed list: scripts and tests match on it. */
export type ErrorCode =
  | 'usage'
  | 'config'
  | 'input_not_found'
  | 'input_unreadable'
  | 'input_not_a_log'
  | 'input_not_a_capture'
  | 'input_truncated'
  | 'store_locked'
  | 'store_unreachable'
  | 'store_denied'
  | 'store_busy'
  | 'store_incompatible'
  | 'broker_unreachable'
  | 'broker_denied'
  | 'broker_refused'
  | 'topic_not_found'
  | 'state_locked'
  | 'state_unusable'
  | 'checkpoint_corrupt'
  | 'disk_full'
  | 'output_failed'
  | 'address_unusable'
  | 'target_unreachable'
  | 'target_unusable'
  | 'plugin_not_ours'
  | 'nothing_to_capture'
  | 'tool_missing'
  | 'capture_denied'
  | 'capture_failed'
  | 'internal'

export interface ErrorDetails {
  readonly code: ErrorCode
  /** One line for the operator: what to do about it. */
  readonly hint: string
  readonly cause?: unknown
}

/**
 * Base of every error that hangup raises on purpose. `message` reads `<what happened>: <which thing>`.
 * Its subclass says what the caller should do; an error of any other class is a bug and stops the run.
 */
export class HangupError extends Error {
  readonly code: ErrorCode
  readonly hint: string

  constructor(message: string, { code, hint, cause }: ErrorDetails) {
    super(message, { cause })
    this.name = new.target.name
    this.code = code
    this.hint = hint
  }
}

/** Wrong usage or configuration, found before anything was touched: explain and exit with 2. */
export class ConfigError extends HangupError {}

/** Input that cannot be read: told to the user, the other inputs are still read, exit with 1. */
export class InputError extends HangupError {}

/** May pass by itself: retry with back-off and jitter, and no sooner than the other side asks for. */
export class TransientError extends HangupError {
  /** The other side's own delay; null where it named none. */
  readonly retryAfterMs: number | null

  constructor(
    message: string,
    { retryAfterMs = null, ...details }: ErrorDetails & { readonly retryAfterMs?: number | null },
  ) {
    super(message, details)
    this.retryAfterMs = retryAfterMs
  }
}

/** Will fail again in the same way: stop without moving the checkpoint, exit with 1. */
export class PermanentError extends HangupError {}

/** The `code` of a Node system error (`ENOENT`), or `undefined` for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
