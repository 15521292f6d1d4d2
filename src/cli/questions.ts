import { closestMatch } from 'leven'
import { ConfigError } from '../errors.js'
import { MINUTE_MS } from '../frequency/answer.js'
import { DIMENSIONS, type Dimension, type Question } from '../frequency/question.js'
import type { FrequencyOptions } from './options.js'
import { readFilter, type TimeReference } from './ranges.js'

/** The question that the options of `frequency` ask. Throws `ConfigError` (`usage`). */
export function readQuestion(options: FrequencyOptions, reference: TimeReference): Question {
  return {
    by: readDimensions(options.by),
    everyMs: options.every === undefined ? null : readEvery(options.every),
    filter: readFilter(options, reference),
  }
}

/** `target,cause` as dimensions, in that order, each once. */
export function readDimensions(text: string): Dimension[] {
  const names = text.split(',').map((name) => name.trim())
  return [...new Set(names.filter((name) => name !== '').map(dimension))]
}

/** Width of the windows in milliseconds: whole minutes that fill an hour or a day evenly, `1m` … `1d`. */
export function readEvery(text: string): number {
  const match = /^(\d{1,6})(m|h|d)$/.exec(text.trim())
  const everyMs = match === null ? 0 : Number(match[1]) * UNIT_MS[match[2]]
  if (everyMs >= MINUTE_MS && everyMs <= DAY_MS && DAY_MS % everyMs === 0) return everyMs
  throw new ConfigError(`not a window width: --every ${text}`, {
    code: 'usage',
    hint: 'write whole minutes, hours or one day that fill a day evenly: 1m, 5m, 15m, 1h, 6h, 1d',
  })
}

const DAY_MS = 86_400_000
const UNIT_MS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: 3_600_000, d: DAY_MS }

function dimension(name: string): Dimension {
  const known = DIMENSIONS.find((each) => each === name)
  if (known !== undefined) return known
  const nearest = closestMatch(name, DIMENSIONS, { maxDistance: 3 })
  throw new ConfigError(`unknown dimension: --by ${name}`, {
    code: 'usage',
    hint: `${nearest === undefined ? '' : `did you mean ${nearest}? `}known are ${DIMENSIONS.join(', ')}`,
  })
}
