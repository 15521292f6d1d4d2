import { stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { InputError } from '../errors.js'
import type { CaptureResult } from '../pcap/capture-analysis.js'
import { type Finding, findingsOf, type PathOf } from '../pcap/findings.js'
import { HostNames } from '../pcap/host-names.js'
import { CaptureMatches } from '../pcap/match/capture-matches.js'
import { fileChunks, readCapture } from '../pcap/read-capture.js'
import { Targets } from '../pcap/targets.js'
import type { Redactor } from '../redact/redactor.js'
import { expandInput } from '../sources/discover.js'
import type { Context } from './context.js'
import { tellProblem } from './errors.js'
import type { CaptureOptions } from './options.js'
import type { Measure } from './terminal/progress.js'
import { usageError } from './usage-errors.js'

export interface Capture {
  /** As it was given. */
  readonly name: string
  readonly result: CaptureResult
  readonly findings: readonly Finding[]
}

export interface Captures {
  readonly all: readonly Capture[]
  readonly targets: Targets
  readonly names: HostNames
  /** 1 where a capture could not be read, or not to its end. */
  readonly exitCode: 0 | 1
}

/**
 * Reads captures: files, globs, `-`. Each one that fails is told on stderr, the others are read all the same. `resolve`:
 * `NAME=IP`, in the order given.
 */
export async function readCaptures(
  args: readonly string[],
  resolve: readonly string[],
  context: Context,
): Promise<Captures> {
  const targets = new Targets()
  const names = new HostNames(readNames(resolve))
  const problems: InputError[] = []
  const read: { readonly name: string; readonly result: CaptureResult }[] = []
  const reading = { done: 0, total: 0 }
  const measure = (): Measure => ({ ...reading, unit: 'bytes' })
  const progress = context.terminal.startProgress(measure)
  const onProblem = (problem: InputError): void => {
    problems.push(problem)
    tellProblem(problem, context)
  }
  try {
    const files = await filesOf(args, onProblem)
    for (const name of files) if (name !== '-') reading.total += (await stat(name)).size
    for (const name of files) {
      const result = await readOne(name, { targets, names, onProblem, reading }, context)
      if (result !== null) read.push({ name, result })
    }
  } finally {
    progress.end()
  }
  const all = read.map((each) => ({ ...each, findings: findingsOf(each.name, each.result, targets) }))
  return { all, targets, names, exitCode: problems.length > 0 ? 1 : 0 }
}

/** Paths and queries of captures as they may be shown. */
export function pathOfWith(redactor: Redactor): PathOf {
  return (requestTarget) => {
    const { path, query } = redactor.url(requestTarget.replace(/^\//, ''), null)
    return query === null ? path : `${path}?${query}`
  }
}

/** To match failures of logs with. */
export function matchesOf({ all, targets, names }: Captures, redactor: Redactor): CaptureMatches {
  return new CaptureMatches({ captures: all, targets, names, pathOf: pathOfWith(redactor) })
}

/** The captures that `--pcap` names, to match the failures of LOGS with. */
export interface GivenCaptures {
  readonly captures: readonly Capture[]
  readonly matches: CaptureMatches
  readonly exitCode: 0 | 1
}

/** Null where none are named. */
export async function givenCaptures(
  { pcap, resolve }: CaptureOptions,
  redactor: Redactor,
  context: Context,
): Promise<GivenCaptures | null> {
  if (pcap.length === 0) return null
  const captures = await readCaptures(pcap, resolve, context)
  return { captures: captures.all, matches: matchesOf(captures, redactor), exitCode: captures.exitCode }
}

function readNames(resolve: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>()
  for (const text of resolve) {
    const [, name, address] = /^([^=]+)=(.+)$/.exec(text) ?? []
    if (name === undefined || isIP(address) === 0) {
      throw usageError(`not a name with its address: --resolve ${text}`, 'give it as orders.example=10.0.0.9')
    }
    names.set(name, [...(names.get(name) ?? []), address])
  }
  return names
}

async function filesOf(args: readonly string[], onProblem: (problem: InputError) => void): Promise<readonly string[]> {
  const names: string[] = []
  for (const input of args) {
    if (input === '-') names.push(input)
    else names.push(...(await filesOfInput(input, onProblem)))
  }
  return names
}

async function filesOfInput(input: string, onProblem: (problem: InputError) => void): Promise<readonly string[]> {
  try {
    return await expandInput(input)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    onProblem(error)
    return []
  }
}

interface Reading {
  readonly targets: Targets
  readonly names: HostNames
  readonly onProblem: (problem: InputError) => void
  readonly reading: { done: number }
}

async function readOne(
  name: string,
  { targets, names, onProblem, reading }: Reading,
  context: Context,
): Promise<CaptureResult | null> {
  const source = name === '-' ? context.stdin : fileChunks(name)
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      reading.done += chunk.length
      yield chunk
    }
  }
  try {
    return await readCapture({ name, chunks: counted(), targets, names, onProblem, signal: context.signal })
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    onProblem(error)
    return null
  }
}
