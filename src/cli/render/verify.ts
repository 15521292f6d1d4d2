import {
  type DescribedDifference,
  DIFFERENCES,
  type Difference,
  type DifferenceKind,
  type FieldDifference,
} from '../../verify/difference.js'
import type { StoreVerdict, Verification } from '../../verify/verify.js'
import { formatCount, formatInstant } from '../terminal/numbers.js'
import { renderTable } from '../terminal/table.js'
import type { Surface } from '../terminal/terminal.js'
import { cutMiddle, visible } from '../terminal/text.js'

/** What each kind of difference means, in plain words. */
const MEANINGS: Readonly<Record<DifferenceKind, string>> = {
  missing: 'of the input, not in the store',
  only_in_store: 'in the store, not of the input',
  different: 'in both, not the same',
  duplicate: 'several documents under one id',
}

/** The answer for people: of each store whether it holds what it must, else what is wrong. */
export function renderVerification({ range, expected, stores }: Verification, surface: Surface): string[] {
  const documents = `${count(expected.failure, 'failure')} and ${count(expected.traffic, 'traffic document')}`
  const times = range === null ? '' : `, ${formatInstant(range.minMs)} to ${formatInstant(range.maxMs)}`
  return [`Input: ${documents}${times}.`, ...stores.flatMap((store) => ['', ...renderStore(store, surface)])]
}

function renderStore({ name, differences, described }: StoreVerdict, surface: Surface): string[] {
  const { style, width } = surface
  if (differences.length === 0) return [`${style.bold(visible(name))}: ${style.green('the same')}`]
  const rows = DIFFERENCES.map((difference) => ({ difference, ...countsOf(differences, difference) }))
  const left = differences.length - described.length
  return [
    `${style.bold(visible(name))}: ${style.red(count(differences.length, 'difference'))}`,
    '',
    ...renderTable(
      {
        columns: [
          { title: 'difference' },
          { title: 'failures', align: 'right' },
          { title: 'traffic', align: 'right' },
          { title: 'means' },
        ],
        rows: rows
          .filter(({ failures, traffic }) => failures + traffic > 0)
          .map(({ difference, failures, traffic }) => [
            difference,
            formatCount(failures),
            formatCount(traffic),
            MEANINGS[difference],
          ]),
      },
      { width, style },
    ),
    '',
    ...described.flatMap((difference) => renderDifference(difference, surface)),
    ...(left > 0 ? [`and ${formatCount(left)} more; --limit shows more of them, --json all`] : []),
  ]
}

function renderDifference(
  { difference, kind, id, timestamp, origin, places, fields }: DescribedDifference,
  { style, width }: Surface,
): string[] {
  const left = fields.length - MAX_FIELDS
  const rows = fields.slice(0, MAX_FIELDS).map((each) => [each.field, sideOf(each, 'input'), sideOf(each, 'store')])
  const columns = [{ title: 'field' }, { title: 'input' }, { title: 'store' }]
  const known = [timestamp, origin].filter((text) => text !== null)
  return [
    [style.bold(difference), kind, ...[id, ...known].map((text) => cutMiddle(visible(text), MAX_WIDTH))].join('  '),
    ...(places.length > 1 ? [`  in ${places.map(visible).join(', ')}`] : []),
    ...(rows.length > 0 ? renderTable({ columns, rows }, { width, indent: 2, style }) : []),
    ...(left > 0 ? [`  and ${count(left, 'more field')}`] : []),
  ]
}

const MAX_FIELDS = 10
const MAX_WIDTH = 100

function sideOf(field: FieldDifference, side: 'input' | 'store'): string {
  return Object.hasOwn(field, side) ? JSON.stringify(field[side]) : 'absent'
}

/**
 * The answer as one JSON object, in parts of a bounded size. All differences up to `limit` are in it; those that were
 * not described lack what both sides say.
 */
export function* verificationJson({ range, expected, stores }: Verification, limit: number): Generator<string> {
  const head = {
    same: stores.every(({ differences }) => differences.length === 0),
    since: range === null ? null : new Date(range.minMs).toISOString(),
    until: range === null ? null : new Date(range.maxMs).toISOString(),
    failures: expected.failure,
    traffic: expected.traffic,
  }
  yield `${JSON.stringify(head).slice(0, -1)},"stores":[`
  for (const [index, store] of stores.entries()) {
    yield `${index === 0 ? '' : ','}${JSON.stringify(storeJson(store)).slice(0, -1)},"differences":[`
    yield* differencesJson(store, limit)
    yield ']}'
  }
  yield ']}\n'
}

function storeJson({ name, found, differences }: StoreVerdict) {
  return {
    store: name,
    same: differences.length === 0,
    failures: found.failure,
    traffic: found.traffic,
    counts: Object.fromEntries(DIFFERENCES.map((difference) => [difference, countsOf(differences, difference)])),
  }
}

function* differencesJson({ differences, described }: StoreVerdict, limit: number): Generator<string> {
  for (let index = 0; index < Math.min(limit, differences.length); index++) {
    yield `${index === 0 ? '' : ','}\n${JSON.stringify(described[index] ?? differences[index])}`
  }
}

function countsOf(differences: readonly Difference[], wanted: DifferenceKind) {
  let failures = 0
  let traffic = 0
  for (const { difference, kind } of differences) {
    if (difference !== wanted) continue
    if (kind === 'failure') failures++
    else traffic++
  }
  return { failures, traffic }
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${formatCount(number)} ${noun}s`
}
