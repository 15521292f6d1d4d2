import type { Step } from '../../sinks/elasticsearch/setup/plan.js'
import { noticesOf, type SetupOutcome, titleOf } from '../../sinks/elasticsearch/setup/setup.js'
import type { Style } from '../terminal/style.js'
import { visible } from '../terminal/text.js'

export interface SetupForm {
  readonly dryRun: boolean
  /** Of the server. */
  readonly name: string
  readonly style: Style
}

/** What the setup did, or with `dryRun` would do: one line for each object, its differences below it, then the sum. */
export function renderSetup(outcome: SetupOutcome, { dryRun, name, style }: SetupForm): string[] {
  const { steps, indices } = outcome
  return [
    ...steps.flatMap((step) => [...objectLine(step, dryRun, style), ...differenceLines(step, style)]),
    ...indices.map((index) => line(dryRun ? 'would make' : 'made', `index ${index}`, style.green)),
    // After a run, templates that are overruled are an error of their own.
    ...noticesOf(dryRun ? outcome : { ...outcome, overruled: [] }).map((notice) => style.yellow(visible(notice))),
    visible(`${name}: ${sumOf(outcome, dryRun)}`),
  ]
}

const WIDTH = 16

function line(word: string, title: string, paint: (text: string) => string): string {
  return `${paint(word.padEnd(WIDTH))}${visible(title)}`
}

function objectLine({ object, state, put }: Step, dryRun: boolean, style: Style): string[] {
  const title = titleOf(object)
  if (state === 'same') return [line('same', title, style.dim)]
  if (state === 'new') return [line(dryRun ? 'would install' : 'installed', title, style.green)]
  const reason = REASONS[state]
  if (put) return [line(dryRun ? 'would replace' : 'replaced', `${title}${reason}`, style.yellow)]
  return [line('left', `${title}${reason}`, style.red)]
}

const REASONS: Readonly<Record<'changed' | 'by_hand' | 'newer', string>> = {
  changed: '',
  by_hand: ' (changed by hand)',
  newer: ' (installed by a newer version)',
}

/** From what is, or was, in the server (`-`) to what this version ships (`+`). */
function differenceLines({ differences }: Step, style: Style): string[] {
  return differences.flatMap(({ path, before, after }) => [
    ...(before === null ? [] : [style.red(visible(`  - ${path}: ${before}`))]),
    ...(after === null ? [] : [style.green(visible(`  + ${path}: ${after}`))]),
  ])
}

function sumOf({ steps, indices }: SetupOutcome, dryRun: boolean): string {
  const put = steps.filter((step) => step.put).length + indices.length
  if (put === 0) return dryRun ? 'nothing would change' : 'nothing changed'
  return `${put} of ${steps.length + indices.length} ${dryRun ? 'would change' : 'changed'}`
}
