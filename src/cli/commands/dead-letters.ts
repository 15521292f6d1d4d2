import type { Context } from '../context.js'
import type { DeadLettersOptions } from '../options.js'
import { DEAD_LETTER_REASONS } from '../render/dead-letter-reasons.js'
import { usageError } from '../usage-errors.js'
import { explain } from './dead-letters-explain.js'
import { list } from './dead-letters-list.js'
import { replay } from './dead-letters-replay.js'

type Action = 'list' | 'explain' | 'replay'

/** `hangup dead-letters [list|explain|replay]`; without one of these words the first argument is a place, to be listed. */
export async function run(args: readonly string[], options: DeadLettersOptions, context: Context): Promise<number> {
  const [first, second, ...more] = args
  const action = ACTIONS.find((each) => each === first) ?? 'list'
  const isNamed = action === first
  const operand = isNamed ? second : first
  if (more.length > 0 || (!isNamed && second !== undefined)) {
    throw usageError(`too many arguments: dead-letters ${args.join(' ')}`, SEE)
  }
  refuseForeign(action, options)
  switch (action) {
    case 'list':
      return list(operand, { ...options, reason: knownReason(options.reason) }, context)
    case 'explain':
      return explain(knownReason(operand), options, context)
    case 'replay':
      return replay(operand, { ...options, reason: knownReason(options.reason) }, context)
  }
}

const ACTIONS: readonly Action[] = ['list', 'explain', 'replay']
const SEE = 'see hangup dead-letters --help'

/** Of the options that not every action takes, those that it does. */
const OWN_OPTIONS: Readonly<Record<Action, readonly (keyof DeadLettersOptions)[]>> = {
  list: ['reason', 'limit', 'pipeline', 'set', 'json'],
  explain: ['json'],
  replay: ['reason', 'from', 'dryRun', 'remaining', 'set', 'json'],
}

const FLAGS = {
  reason: '--reason',
  limit: '--limit',
  pipeline: '--pipeline',
  from: '--from',
  dryRun: '--dry-run',
  remaining: '--remaining',
  set: '--set',
  json: '--json',
} as const

function refuseForeign(action: Action, options: DeadLettersOptions): void {
  for (const [name, flag] of Object.entries(FLAGS) as [keyof typeof FLAGS, string][]) {
    const value = options[name]
    const isGiven = value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0)
    if (isGiven && !OWN_OPTIONS[action].includes(name)) {
      throw usageError(`not an option of dead-letters ${action}: ${flag}`, SEE)
    }
  }
}

function knownReason(reason: string | undefined): string | undefined {
  if (reason === undefined || DEAD_LETTER_REASONS.includes(reason)) return reason
  throw usageError(`unknown reason: ${reason}`, `one of ${DEAD_LETTER_REASONS.join(', ')}`)
}
