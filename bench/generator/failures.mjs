const RESET = 'ECONNRESET'
const HANG_UP = { text: () => 'socket hang up', code: RESET, status: 502 }

/**
 * How requests fail, with the share of each kind in a hundred. `halves`: which records the gateway writes.
 * `text` takes the target's host:port.
 */
const KINDS = [
  { share: 69, halves: 'both', ...HANG_UP },
  { share: 8, halves: 'both', text: () => 'write EPIPE', code: 'EPIPE', status: 502 },
  { share: 8, halves: 'both', text: () => 'read ECONNRESET', code: RESET, status: 502 },
  { share: 5, halves: 'both', text: (target) => `connect ECONNREFUSED ${target}`, code: 'ECONNREFUSED', status: 502 },
  { share: 3, halves: 'both', ...HANG_UP, status: 504, minimumMs: 3_000 },
  {
    share: 1,
    halves: 'both',
    text: (target) => `getaddrinfo ENOTFOUND ${host(target)}`,
    code: 'ENOTFOUND',
    status: 502,
  },
  {
    share: 1,
    halves: 'both',
    text: () => 'self-signed certificate',
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    status: 502,
  },
  { share: 1, halves: 'reset in the body', text: () => 'read ECONNRESET', code: RESET, status: 502 },
  { share: 2, halves: 'cut in the body', ...HANG_UP },
  { share: 1, halves: 'target', ...HANG_UP },
  { share: 1, halves: 'client', ...HANG_UP },
]

const BY_HUNDREDTH = KINDS.flatMap((kind) => Array.from({ length: kind.share }, () => kind))

export function pickFailure(random) {
  return random.pick(BY_HUNDREDTH)
}

/**
 * The warn and error records of one failed request, each with its time in milliseconds after the target request. `old`
 * gateways (3.1.x) write the target half as a warning.
 */
export function failureRecords({ kind, old, target, hostHeader, elapsedMs, random }) {
  const end = { errorMessage: kind.text(target), errorCode: kind.code }
  const clientEnd = kind.status === 504 ? TIMED_OUT : end
  const tookMs = (kind.minimumMs ?? 0) + elapsedMs
  const targetHalf = {
    ...{ afterMs: tookMs, level: old ? 'warn' : 'error', host: target, component: 'plugins-middleware' },
    ...{ message: 'targetRequest error', timeTakenMs: tookMs, ...end },
  }
  const clientHalf = {
    ...{ afterMs: tookMs + random.below(3), level: 'error', host: hostHeader, component: 'microgateway-core' },
    ...{ status: kind.status, ...clientEnd },
  }
  if (kind.halves === 'target') return [targetHalf]
  if (kind.halves === 'client') return [clientHalf]
  if (kind.halves === 'both') return [targetHalf, clientHalf]
  const cut = cutRecords(target, tookMs + 4)
  return kind.halves === 'cut in the body' ? cut : [targetHalf, clientHalf, ...cut]
}

const TIMED_OUT = { errorMessage: 'Gateway timed out trying to reach target', errorCode: '' }

/** What 3.3.x writes where the response ends midway. */
function cutRecords(target, tookMs) {
  const record = { afterMs: tookMs, host: target, component: 'plugins-middleware', status: 200, timeTakenMs: tookMs }
  return [
    { ...record, level: 'error', message: 'targetResponse error', errorMessage: 'aborted', errorCode: RESET },
    { ...record, level: 'warn', message: 'targetResponse aborted' },
  ]
}

function host(target) {
  return target.slice(0, target.lastIndexOf(':'))
}
