import { stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { InputError } from '../errors.js'
import type { CaptureResult } from '../pcap/capture-analysis.js'
import { type Finding, findingsOf, type PathOf } from '../pcap/findings.js'
import { addressesOf, HostNames } from '../pcap/host-names.js'
import { CaptureMatches } from '../pcap/match/capture-matches.js'
import { CaptureReader, type CaptureReaderInput, fileChunks, firstPacketMs } from '../pcap/read-capture.js'
import { type CaptureFile, continues, inRings } from '../pcap/rings.js'
import { Targets } from '../pcap/targets.js'
import type { Redactor } from '../redact/redactor.js'
import { expandInput } from '../sources/discover.js'
import type { Context } from './context.js'
import { tellProblem } from './errors.js'
import type { PacketOptions } from './options.js'
import type { Measure } from './terminal/progress.js'
import { usageError } from './usage-errors.js'

export interface Capture {
  /** As it was given: its first file. */
  readonly name: string
  readonly files: readonly string[]
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
  const reading = { done: 0, total: 0 }
  const measure = (): Measure => ({ ...reading, unit: 'bytes' })
  const progress = context.terminal.startProgress(measure)
  let exitCode: 0 | 1 = 0
  const onProblem = (problem: InputError): void => {
    exitCode = 1
    tellProblem(problem, context)
  }
  const read: { readonly files: readonly string[]; readonly result: CaptureResult }[] = []
  try {
    const files = await filesOf(args, onProblem)
    for (const { path } of files) if (path !== '-') reading.total += (await stat(path)).size
    const open = { ...context, targets, names, onProblem, reading }
    for (const ring of inRings(files)) read.push(...(await readRing(ring, open)))
  } finally {
    progress.end()
  }
  const all = read.map(({ files, result }) => ({
    name: files[0],
    files,
    result,
    findings: findingsOf(files, result, targets),
  }))
  return { all, targets, names, exitCode }
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
  { pcap, resolve }: PacketOptions,
  redactor: Redactor,
  context: Context,
): Promise<GivenCaptures | null> {
  if (pcap.length === 0) return null
  const captures = await readCaptures(pcap, resolve, context)
  return { captures: captures.all, matches: matchesOf(captures, redactor), exitCode: captures.exitCode }
}

function readNames(resolve: readonly string[]): ReadonlyMap<string, readonly string[]> {
  for (const text of resolve) {
    const [, address] = /^[^=]+=(.+)$/.exec(text) ?? []
    if (address === undefined || isIP(address) === 0) {
      throw usageError(`not a name with its address: --resolve ${text}`, 'give it as orders.example=10.0.0.9')
    }
  }
  return addressesOf(resolve)
}

async function filesOf(
  args: readonly string[],
  onProblem: (problem: InputError) => void,
): Promise<readonly CaptureFile[]> {
  const files: CaptureFile[] = []
  for (const input of args) {
    const paths = input === '-' ? [input] : await filesOfInput(input, onProblem)
    for (const path of paths) {
      files.push({ path, firstMs: path === '-' ? null : await firstPacketMs(fileChunks(path)) })
    }
  }
  return files
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

interface Reading extends CaptureReaderInput, Pick<Context, 'stdin'> {
  readonly reading: { done: number }
}

/** Files of a ring in the order of their time; one that does not begin behind those before begins another capture. */
async function readRing(ring: readonly CaptureFile[], open: Reading): Promise<readonly ReadRing[]> {
  const captures: ReadRing[] = []
  let reader: CaptureReader | null = null
  const end = (): void => {
    if (reader !== null && reader.files.length > 0) captures.push({ files: reader.files, result: reader.end() })
    reader = null
  }
  for (const file of ring) {
    if (reader !== null && !continues(file, reader.lastMs)) end()
    const current: CaptureReader = reader ?? new CaptureReader(open)
    try {
      await current.read(file.path, counted(file.path === '-' ? open.stdin : fileChunks(file.path), open.reading))
      reader = current
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      open.onProblem(error)
    }
  }
  end()
  return captures
}

interface ReadRing {
  readonly files: readonly string[]
  readonly result: CaptureResult
}

async function* counted(source: AsyncIterable<Uint8Array>, reading: { done: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    reading.done += chunk.length
    yield chunk
  }
}
