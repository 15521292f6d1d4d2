/** What the truth calls a failure, and the causes that are right for it; what is not here is no failure or is left out. */
const RIGHT = {
  // Only part of what the target was sent is known here: it died with the connection open, idle or not.
  target_crash: ['premature_close'],
  target_crash_idle_socket: ['keepalive_race', 'premature_close'],
  no_proxy_match: ['rejected_by_gateway'],
  rejected_by_plugin: ['rejected_by_gateway'],
}
/** Both are true: the target did not answer in time. That the client had gone before is not in the log. */
const GONE_BEFORE = ['client_abort', 'target_timeout']
/** Nobody knows what these were, or the clients of the test bench gave up before the gateway did anything. */
const LEFT_OUT = /^(unclassified|client_gave_up|client_or_parser_rejected)/

/**
 * Each document of a run beside the truth: `{ truth, variant, right, cause, confidence, document }`. `truth` is the cause that
 * is right, `right` whether it was found; requests that nothing is known of are left out. `none`: nothing had failed.
 */
export function compare({ truth, documents }) {
  const requests = new Map(truth.requests.map((request) => [request.correlation_id, request]))
  requests.delete(null)
  return documents.flatMap((document) => {
    const request = requests.get(document.http.request.id)
    const { cause, confidence } = document.edgemicro
    const happened = request === undefined ? withoutRequest(document) : request.cause
    if (happened === null || LEFT_OUT.test(happened)) return []
    const causes =
      happened === 'client_abort' && document.http.response.status_code === 504
        ? GONE_BEFORE
        : (RIGHT[happened] ?? [happened])
    const right = causes.includes(cause)
    return [
      {
        truth: right ? cause : causes[0],
        happened,
        variant: request?.variant ?? null,
        right,
        cause,
        confidence,
        document,
      },
    ]
  })
}

/** The truth has no correlation id of requests that never went on to a target: the gateway answered them by itself. */
function withoutRequest({ edgemicro, http }) {
  return edgemicro.halves === 'client' && http.response.status_code !== 499 ? 'rejected_by_gateway' : null
}

/** Counts `rows` by truth and cause: a map of maps. */
export function confusion(rows) {
  const counts = new Map()
  for (const { truth, cause } of rows) {
    const byCause = counts.get(truth) ?? new Map()
    counts.set(truth, byCause.set(cause, (byCause.get(cause) ?? 0) + 1))
  }
  return counts
}

/** Per cause: how many there were, how many of them were found, and how many were said. */
export function scores(rows) {
  const causes = [...new Set(rows.flatMap(({ truth, cause }) => [truth, cause]))].sort()
  return causes
    .filter((cause) => cause !== 'undetermined' && cause !== 'none')
    .map((cause) => ({
      cause,
      happened: rows.filter(({ truth }) => truth === cause).length,
      said: rows.filter((row) => row.cause === cause).length,
      right: rows.filter((row) => row.right && row.cause === cause).length,
    }))
}

/** Lower ends of the bins of confidence. */
const BINS = [0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0]

/** Of the verdicts of each bin of confidence, how many were right; those without a verdict are not asked. */
export function reliability(rows) {
  const verdicts = rows.filter(({ cause }) => cause !== 'undetermined')
  return BINS.map((from, index) => {
    const to = BINS[index - 1] ?? Number.POSITIVE_INFINITY
    const inBin = verdicts.filter(({ confidence }) => confidence >= from && confidence < to)
    const mean = inBin.reduce((sum, { confidence }) => sum + confidence, 0) / inBin.length
    return { from, count: inBin.length, mean, right: inBin.filter(({ right }) => right).length }
  }).filter(({ count }) => count > 0)
}
