import type { Cause } from '../records.js'

export interface AdviceInput {
  readonly target: string
  readonly failures: number
  /** Failures by cause, most frequent first. */
  readonly byCause: Readonly<Record<string, number>>
  readonly requests: number | null
}

/** One sentence: what to look at or to change first, from the most frequent cause. */
export function adviceFor({ target, failures, byCause, requests }: AdviceInput): string {
  if (failures === 0) return 'nothing failed'
  const cause = mostFrequent(byCause)
  if (cause === 'undetermined' && requests === null) {
    return 'the log does not show why: set logging.level: info on the gateway and read a new log'
  }
  if (cause === 'undetermined' && target === UNKNOWN_TARGET) {
    return 'the log does not name the target: set logging.level: info on the gateway and read a new log'
  }
  const advice = ADVICE[cause as Cause]
  if (advice === undefined) return 'look at single failures with hangup explain'
  return advice(target === UNKNOWN_TARGET ? 'the target' : target)
}

/** What a report calls the targets that are not in the log. */
export const UNKNOWN_TARGET = 'unknown'

const ADVICE: Readonly<Record<Cause, (target: string) => string>> = {
  keepalive_race: () =>
    'the target closes idle connections just as the gateway reuses them: make its keep-alive timeout longer than the idle time of the gateway',
  premature_close: () =>
    'the target closes connections in the middle of requests: look for crashes, restarts and limits in its log',
  response_aborted: () =>
    'the target breaks off its responses: look for crashes, restarts and response limits in its log',
  target_timeout: () =>
    "the target answers later than the gateway waits: make it faster, or raise the gateway's request timeout",
  connect_refused: (target) => `nothing listens at ${target}: is the target running?`,
  connect_timeout: (target) => `no answer from ${target} when connecting: look at firewalls and at the target's load`,
  host_unreachable: (target) => `no route to ${target}: look at the network between gateway and target`,
  dns_notfound: (target) =>
    `the name of ${target} does not resolve on the gateway: look at DNS and at the target's spelling`,
  tls_aborted: (target) =>
    `${target} breaks off TLS handshakes: compare protocol versions, ciphers and client certificates`,
  tls_certificate: (target) =>
    `the gateway does not trust the certificate of ${target}: renew it, or add its issuer to the gateway`,
  bad_response: (target) =>
    `${target} answers with something that is not HTTP: is this the right port, and does it expect TLS?`,
  client_abort: () => 'clients gave up before the answer came: compare their timeouts with the time the target takes',
  rejected_by_gateway: () =>
    "the gateway refused these requests itself: look at base paths, quotas and the plugins' settings",
  target_status: () => 'the target answered with an error status: look into its own log',
  undetermined: () =>
    'the log does not show which side closed the connection: compare the keep-alive timeout and the log of the target with the times of the failures',
}

function mostFrequent(byCause: Readonly<Record<string, number>>): string {
  return Object.entries(byCause).reduce((best, entry) => (entry[1] > best[1] ? entry : best), ['', 0])[0]
}
