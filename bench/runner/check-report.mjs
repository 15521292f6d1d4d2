import fs from 'node:fs'

/** Checks `report --json` against the truth: ledger, requests, failures, codes, targets. Returns what is wrong. */
export function checkReport({ output, truth }) {
  const report = JSON.parse(fs.readFileSync(output, 'utf8'))
  const { lines, events, plain, stats } = truth
  return [
    ...differences('ledger', report.ledger, { lines, events, plain, stats, continuations: 0, rejections: 0 }),
    ...(truth.requests === null ? [] : differences('report', report, { requests: truth.requests })),
    ...differences('report', report, { failures: truth.failures }),
    ...differences('by_code', report.by_code, truth.by_code),
    ...targetFaults(report.targets, truth),
  ]
}

function differences(where, actual, expected) {
  return Object.entries(expected)
    .filter(([name, value]) => actual?.[name] !== value)
    .map(([name, value]) => `${where}: ${name} is ${actual?.[name]} instead of ${value}`)
}

/**
 * A failure without a target half may be counted for the target that its API has, or for none: both are right, so a
 * target's failures lie within a range, and their sum must be the failures.
 */
function targetFaults(targets, truth) {
  const faults = []
  const failuresOf = new Map(targets.map(({ target, failures }) => [target, failures]))
  for (const [target, least] of Object.entries(truth.by_target)) {
    if (target === 'none') continue
    const most = least + (truth.client_half_only_by_target[target] ?? 0)
    const failures = failuresOf.get(target) ?? 0
    if (failures < least || failures > most)
      faults.push(`${target}: ${failures} failures instead of ${least} to ${most}`)
  }
  const sum = targets.reduce((total, { failures }) => total + failures, 0)
  if (sum !== truth.failures) faults.push(`targets: ${sum} failures in all instead of ${truth.failures}`)
  return faults
}
