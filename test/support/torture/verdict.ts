import fs from 'node:fs'
import path from 'node:path'
import { expect } from '@jest/globals'
import { ndjson } from '../cli.js'
import { expectBetween, expectSame, linesOnDisk, outcomeOf, partOf, type What } from './outcome.js'
import type { Mode } from './rotation.js'
import type { Torture } from './torture.js'

/**
 * The store is that of one pass over all lines that were written. Where the rotator itself loses lines between its copy and its cut, the store lies between
 * what is left on disk and all lines; and if something is missing there, a cut was told.
 */
export async function expectNothingButTheHole(host: Torture, modes: readonly Mode[], what: What = {}): Promise<void> {
  const found = await outcomeOf(host.store, what)
  const written = await outcomeOf(await host.onePass('written', path.join(host.journal, '*')), what)
  expect(written.failures.size).toBeGreaterThan(100)
  for (const mode of modes) {
    const [of, all] = [partOf(found, mode.name), partOf(written, mode.name)]
    if (!mode.hasHole) {
      expectSame(of, all)
      continue
    }
    const missing = await missingOnDisk(host, mode)
    if (missing.lines === 0) expectSame(of, all)
    else {
      expect(host.cuts.some((cut) => cut.startsWith(host.logsOf(mode)))).toBe(true)
      expectBetween(of, partOf(await outcomeOf(missing.store, what), mode.name), all)
    }
  }
}

/** The same for one process that was never killed: its ledger has each line once, too. */
export async function expectLossless(
  host: Torture,
  modes: readonly Mode[],
  {
    written,
    stderr,
  }: { readonly written: Readonly<Record<string, { readonly lines: number }>>; readonly stderr: string },
  what: What = {},
): Promise<void> {
  await expectNothingButTheHole(host, modes, what)
  const { ledger } = ndjson(stderr).at(-1)
  const all = Object.values(written).reduce((sum, { lines }) => sum + lines, 0)
  let missing = 0
  for (const mode of modes) if (mode.hasHole) missing += (await missingOnDisk(host, mode)).lines
  expect(ledger.lines).toBeLessThanOrEqual(all)
  expect(ledger.lines).toBeGreaterThanOrEqual(all - missing)
}

const judged = new WeakMap<Torture, Map<string, Missing>>()

interface Missing {
  readonly lines: number
  /** Of one pass over what is left. */
  readonly store: string
}

async function missingOnDisk(host: Torture, mode: Mode): Promise<Missing> {
  const known = judged.get(host) ?? new Map<string, Missing>()
  judged.set(host, known)
  const before = known.get(mode.name)
  if (before !== undefined) return before
  const [journal] = fs.readdirSync(host.journal).filter((name) => name.startsWith(`edgemicro-${mode.name}-u`))
  const { text, missing } = linesOnDisk(host.logsOf(mode), path.join(host.journal, journal))
  const result = {
    lines: missing,
    store: missing === 0 ? '' : await host.onePassOver(`left-${mode.name}`, journal, text),
  }
  known.set(mode.name, result)
  return result
}
