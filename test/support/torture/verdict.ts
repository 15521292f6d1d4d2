import fs from 'node:fs'
import path from 'node:path'
import { expect } from '@jest/globals'
import { ndjson } from '../cli.js'
import type { Stretch } from './destroyed-logs.js'
import type { Numbers } from './following.js'
import {
  expectBetween,
  expectSame,
  type Indices,
  linesOf,
  linesOnDisk,
  type Outcome,
  outcomeOf,
  outcomeOfIndices,
  partOf,
} from './outcome.js'
import { destroys, type Mode } from './rotation.js'
import type { Torture } from './torture.js'

/**
 * The store is that of one pass over all lines that were written. Where lines are lost to everybody, it lies between what can have been
 * read for sure and all lines; and what is known to be lost was told.
 */
export async function expectNothingButTheHole(host: Torture, modes: readonly Mode[], indices?: Indices): Promise<void> {
  const pass = indices && { ...indices, prefix: `${indices.prefix}-written` }
  const sinks = pass === undefined ? [] : [elasticsearchSink(pass.server.url, pass.prefix)]
  const stores = [
    [await outcomeOf(host.store), await outcomeOf(await host.onePass('written', `${host.journal}/*`, sinks))],
  ]
  if (indices && pass) stores.push([await outcomeOfIndices(indices), await outcomeOfIndices(pass)])
  for (const [, written] of stores) expect(written.failures.size).toBeGreaterThan(100)
  for (const mode of modes) {
    const left = destroys(mode) ? leftOfDestroyed(host, mode) : leftOnDisk(host, mode)
    const least = left.missingLines === 0 ? null : await outcomeOfText(host, mode, { name: 'left', text: left.text })
    for (const [found, written] of stores) {
      const [of, all] = [partOf(found, mode.name), partOf(written, mode.name)]
      if (least === null) expectSame(of, all)
      else expectBetween(of, least, all)
    }
    if (destroys(mode)) expectToldOfDestroyed(host, mode)
    else if (left.missingLines > 0) expect(host.lossesOf(mode)).not.toEqual([])
  }
}

/** Of a pipeline, in one line. */
export const elasticsearchSink = (url: string, prefix: string, more = ''): string =>
  `elasticsearch: { node: "${url}", prefix: ${prefix}${more} }`

/** The same for one process that was never killed: its ledger has each line once, too, and each byte. */
export async function expectLossless(
  host: Torture,
  modes: readonly Mode[],
  { written, stderr, numbers }: Ended,
): Promise<void> {
  await expectNothingButTheHole(host, modes)
  const found = await outcomeOf(host.store)
  const { ledger } = ndjson(stderr).at(-1)
  // A copy may end within a line that was being written: that is no event.
  expect(ledger.events).toBe(await linesOf(host.store, modes))
  const [lines, bytes] = (['lines', 'bytes'] as const).map((what) =>
    Object.values(written).reduce((sum, each) => sum + each[what], 0),
  )
  const cut = modes.filter(({ by }) => by === 'truncate')
  for (const mode of cut) await expectOnlyEndsMissing(host, mode, found)
  if (modes.every((mode) => !mode.hasHole && !cut.includes(mode))) {
    expect({ lines: ledger.lines, ...numbers }).toEqual({ lines, readBytes: bytes, lostBytes: 0, losses: 0 })
    return
  }
  // What was written between the last look and a cut is in no number.
  const { readBytes, lostBytes, losses } = numbers!
  expect(readBytes + lostBytes).toBeLessThanOrEqual(bytes)
  const mayMiss = modes.map((mode) => (destroys(mode) ? leftOfDestroyed(host, mode) : leftOnDisk(host, mode)))
  expect(readBytes).toBeGreaterThanOrEqual(bytes - mayMiss.reduce((sum, { missingBytes }) => sum + missingBytes, 0))
  expect(losses).toBe(host.losses.length)
}

interface Ended {
  readonly written: Readonly<Record<string, { readonly lines: number; readonly bytes: number }>>
  readonly stderr: string
  readonly numbers: Numbers | null
}

/** Lines that nobody can miss, in the order of the journal. */
interface Left {
  readonly text: string
  readonly missingLines: number
  readonly missingBytes: number
}

function leftOnDisk(host: Torture, mode: Mode): Left {
  if (!mode.hasHole) return { text: '', missingLines: 0, missingBytes: 0 }
  return linesOnDisk(host.logsOf(mode), host.journalOf(mode))
}

function leftOfDestroyed(host: Torture, mode: Mode): Left {
  return less(fs.readFileSync(host.journalOf(mode), 'latin1'), host.destroyed.mayMiss(mode.name))
}

function less(text: string, stretches: readonly Stretch[]): Left {
  let [left, at] = ['', 0]
  for (const { from, to } of stretches) {
    left += text.slice(at, from)
    at = to
  }
  left += text.slice(at)
  const linesIn = (some: string): number => some.split('\n').length
  return { text: left, missingLines: linesIn(text) - linesIn(left), missingBytes: text.length - left.length }
}

/**
 * What a process had read when its file was deleted, and had not stored when it was killed, is told by the next one. Other bytes that are
 * told are lost, too: there are no more of them than may be missing. How many more are, nobody can know.
 */
function expectToldOfDestroyed(host: Torture, mode: Mode): void {
  const told = new Set(host.lossesOf(mode).map(({ bytes }) => bytes))
  for (const unstored of host.destroyed.unstoredOf(mode.name)) expect([...told]).toContain(unstored)
  const sum = [...told].reduce((sum, bytes) => sum + bytes, 0)
  expect(sum).toBeLessThanOrEqual(leftOfDestroyed(host, mode).missingBytes)
}

/** Of each file that was cut, all was read up to some line, and nothing after it; each cut was told once, and no more bytes than are missing. */
async function expectOnlyEndsMissing(host: Torture, mode: Mode, found: Outcome): Promise<void> {
  const of = partOf(found, mode.name)
  // The client half may be the first line behind the cut.
  const isFound = (line: string): boolean => {
    const failure = of.failures.get(correlationIdOf(line))
    return failure !== undefined && 'halves' in failure && failure.halves !== 'client'
  }
  const text = fs.readFileSync(host.journalOf(mode), 'latin1')
  let [least, most] = ['', '']
  const cuts = host.destroyed.of(mode.name)
  const ends = [...cuts.map(({ to }) => to), text.length]
  for (const [index, to] of ends.entries()) {
    const lines = text
      .slice(ends[index - 1] ?? 0, to)
      .split('\n')
      .slice(0, -1)
    const isLast = index === cuts.length
    const known = isLast ? lines.length : lines.findLastIndex((line) => isFailure(line) && isFound(line)) + 1
    const lost = isLast ? -1 : lines.findIndex((line) => isFailure(line) && !isFound(line))
    least += `${lines.slice(0, known).join('\n')}\n`
    most += `${lines.slice(0, lost < 0 ? lines.length : lost).join('\n')}\n`
  }
  expectBetween(
    of,
    await outcomeOfText(host, mode, { name: 'least', text: least }),
    await outcomeOfText(host, mode, { name: 'most', text: most }),
  )
  const told = host.lossesOf(mode)
  expect(told.length).toBe(cuts.length)
  // What was written between the last look and the cut is lost, too.
  expect(told.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(text.length - least.length)
}

const isFailure = (line: string): boolean => line.includes('[targetRequest error]')
const correlationIdOf = (line: string): string => line.split('][')[8]

async function outcomeOfText(
  host: Torture,
  mode: Mode,
  { name, text }: { readonly name: string; readonly text: string },
): Promise<Outcome> {
  const store = await host.onePassOver(`${name}-${mode.name}`, path.basename(host.journalOf(mode)), text)
  return partOf(await outcomeOf(store), mode.name)
}
