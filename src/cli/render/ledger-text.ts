import type { Ledger } from '../../records.js'
import { formatCount } from '../terminal/numbers.js'

/** What became of every line, as one sum: `read 12,345 lines = 12,000 events + 300 plain + …`. */
export function renderLedger(ledger: Readonly<Ledger>): string {
  const { lines, events, plain, stats, continuations, rejections } = ledger
  const parts = [
    `${formatCount(events)} events`,
    `${formatCount(plain)} plain`,
    `${formatCount(stats)} stats`,
    `${formatCount(continuations)} continuations`,
    `${formatCount(rejections)} rejections`,
  ]
  return `read ${formatCount(lines)} lines = ${parts.join(' + ')}`
}
