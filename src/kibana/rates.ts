/**
 * Rates from the frequency index. Only minutes whose requests were counted may stand in a rate, above and below its line;
 * requests without a target are no denominator of anything.
 */
export const COVERED = 'edgemicro.covered == true AND edgemicro.target IS NOT NULL'

/** For `STATS`: sums of what is left after `WHERE` of `COVERED`. */
export const COVERED_SUMS =
  'failures = SUM(edgemicro.failures), resets = SUM(edgemicro.resets), requests = SUM(edgemicro.requests)'

/** For `EVAL` after `COVERED_SUMS`: percent. */
export const RATES = `${percent('failure_rate_pct', 'failures')}, ${percent('reset_rate_pct', 'resets')}`

/** For `EVAL` before `GROUP_SUMS`: null where a minute may not stand in a rate. */
export const RATED_FIELDS = [
  rated('rated_failures', 'edgemicro.failures'),
  rated('rated_resets', 'edgemicro.resets'),
  rated('rated_requests', 'edgemicro.requests'),
].join(', ')

/** For `STATS`: everything counted, and beside it what may stand in a rate. */
export const GROUP_SUMS = [
  COVERED_SUMS,
  'rated_failures = SUM(rated_failures)',
  'rated_resets = SUM(rated_resets)',
  'rated_requests = SUM(rated_requests)',
].join(', ')

/** For `EVAL` after `GROUP_SUMS`: percent. */
export const GROUP_RATES = [
  percent('failure_rate_pct', 'rated_failures', 'rated_requests'),
  percent('reset_rate_pct', 'rated_resets', 'rated_requests'),
].join(', ')

function rated(name: string, field: string): string {
  return `${name} = CASE(${COVERED}, ${field}, null)`
}

/** Null, and not an error, where nothing was requested. */
function percent(name: string, part: string, whole = 'requests'): string {
  return `${name} = CASE(${whole} > 0, ROUND(100.0 * ${part} / ${whole}, 2), null)`
}
