import { InputError } from '../errors.js'
import type { Ledger } from '../records.js'
import type { Context } from './context.js'
import { renderLedger } from './render/ledger-text.js'
import { formatCount } from './terminal/numbers.js'

/** What became of LOGS. */
export interface Reading {
  /** Absent where the answer holds it, and where there is none. */
  readonly ledger?: Readonly<Ledger>
  /** Failures that left the join early. */
  readonly evicted?: number
  /** Documents that were counted as `other`. */
  readonly folded?: number
}

/** Says on stderr what became of every line, and what had to be given up for want of room. */
export function tellReading(
  { ledger, evicted = 0, folded = 0 }: Reading,
  { terminal }: Pick<Context, 'terminal'>,
): void {
  if (ledger !== undefined) terminal.tell(renderLedger(ledger))
  if (evicted > 0) {
    const failures = evicted === 1 ? '1 failure' : `${formatCount(evicted)} failures`
    terminal.tell(
      `${failures} left the join early, maybe without a half: a pipeline with more join.maxPending pairs them`,
    )
  }
  if (folded > 0) {
    const documents = folded === 1 ? '1 document is' : `${formatCount(folded)} documents are`
    terminal.tell(`${documents} counted as "other": there are more different values than fit; ask for fewer dimensions`)
  }
}

/** Throws `InputError` (`input_not_a_log`) where there are lines and none of them is a record of the gateway. */
export function refuseOtherText({ lines, events, plain, stats }: Readonly<Ledger>, inputs: readonly string[]): void {
  if (lines === 0 || events + plain + stats > 0) return
  const count = lines === 1 ? 'its one line is no record' : `none of its ${formatCount(lines)} lines is a record`
  throw new InputError(`not a gateway log: ${nameOf(inputs)}`, {
    code: 'input_not_a_log',
    hint: `${count} of the gateway: name the log files themselves; hangup parse says what is wrong with each line`,
  })
}

function nameOf([first, ...others]: readonly string[]): string {
  const name = first === '-' ? 'standard input' : first
  return others.length === 0 ? name : `${name} and ${formatCount(others.length)} more`
}
