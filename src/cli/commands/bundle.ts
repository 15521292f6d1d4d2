import { mkdtemp, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { nameArchive, writeArchive } from '../../bundle/archive.js'
import { type CaptureEntry, cutCapture } from '../../bundle/cut-captures.js'
import type { Entry } from '../../bundle/entry.js'
import { EntryNames, safeName } from '../../bundle/entry-names.js'
import { LogFiles, type TimeRange } from '../../bundle/log-files.js'
import { manifestEntries, manifestOf } from '../../bundle/manifest.js'
import { Spool } from '../../bundle/spool.js'
import { unwritable } from '../../bundle/unwritable.js'
import { InputError } from '../../errors.js'
import type { Filter } from '../../frequency/question.js'
import type { LineBlock } from '../../records.js'
import type { Redactor } from '../../redact/redactor.js'
import { expandInput } from '../../sources/discover.js'
import { bundleContents } from '../bundle-contents.js'
import { readBundledGateway } from '../bundle-gateway.js'
import type { Context } from '../context.js'
import { tellProblem } from '../errors.js'
import { defaultLogs, openLogsOf } from '../logs.js'
import { machineName } from '../machine.js'
import type { BundleOptions } from '../options.js'
import { readFilter } from '../ranges.js'
import { renderBundle } from '../render/bundle.js'
import { reportOf } from '../report-of.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'

export async function run(args: readonly string[], options: BundleOptions, context: Context): Promise<number> {
  const madeAt = new Date()
  const filter = readFilter(options, { nowMs: madeAt.getTime() })
  const top = `hangup-${safeName(machineName(context)).slice(0, MAX_HOST_LENGTH)}-${compact(madeAt)}`
  const file = path.resolve(context.cwd, options.out ?? `${top}.tar.gz`)
  await refuseTaken(file, options)
  const work = options.dryRun ? null : await makeWorkDirectory(file)
  try {
    const collected = await collect(args, { options, work, filter }, context)
    const manifest = manifestOf({ ...collected, madeAt, version: context.version, range: rangeOf(filter) })
    const entries = [...manifestEntries(manifest, collected.entries), ...collected.entries]
    const bytes = work === null ? null : await write({ work, file, top, entries, time: madeAt }, context)
    const written = { file: work === null ? null : file, bytes, manifest }
    const text = options.json
      ? JSON.stringify({ archive: written.file, bytes, ...manifest })
      : renderBundle(written, context.terminal.output).join('\n')
    await writeOutput(context.stdout, `${text}\n`)
    for (const warning of manifest.warnings) context.terminal.tell(`warning: ${warning}`)
    return collected.exitCode
  } finally {
    if (work !== null) await rm(work, { recursive: true, force: true })
  }
}

const MAX_HOST_LENGTH = 40

/** `20261129T200000Z`. */
const compact = (time: Date): string => time.toISOString().replace(/[-:]|\.\d+/g, '')

async function refuseTaken(file: string, { out, dryRun }: BundleOptions): Promise<void> {
  if (dryRun || (await stat(file).catch(() => null)) === null) return
  const hint =
    out === undefined ? 'one was made in this second: try again' : 'nothing is overwritten: name another file'
  throw usageError(`there is a file already: ${file}`, hint)
}

/** Beside the archive, where there is room for it; what is not finished stays in it and goes with it. */
async function makeWorkDirectory(file: string): Promise<string> {
  return mkdtemp(path.join(path.dirname(file), '.hangup-bundle-')).catch((error: unknown) => {
    throw unwritable(file, error)
  })
}

interface Collecting {
  readonly options: BundleOptions
  /** Null where nothing is kept. */
  readonly work: string | null
  readonly filter: Filter
}

const rangeOf = ({ sinceMs, untilMs }: Filter): TimeRange => ({ sinceMs: sinceMs ?? null, untilMs: untilMs ?? null })

/** All that goes into the archive. Logs are read once, for the report and for themselves. */
async function collect(args: readonly string[], { options, work, filter }: Collecting, context: Context) {
  let spools = 0
  const openSpool = (): Spool => new Spool(work, spools++)
  const names = new EntryNames()
  const gateway = await readBundledGateway(options, names, context)
  const inputs = args.length > 0 ? args : defaultLogs(gateway.configuration?.loggingDirectory ?? null)
  const logs = await openLogsOf(
    inputs,
    { ...options, gatewayConfig: undefined, showSecrets: false, maskQuery: false },
    context,
  )
  const redactor = logs.redactor.with({ tokens: 'mask' })
  const logFiles = new LogFiles({ redactor, range: rangeOf(filter), names, openSpool })
  const source = {
    async *read(signal: AbortSignal): AsyncGenerator<LineBlock> {
      for await (const block of logs.source.read(signal)) {
        await logFiles.add(block)
        yield block
      }
    },
  }
  const proxies = gateway.configuration?.proxies ?? []
  const report = await reportOf({ ...logs, redactor, source, proxies }, filter, context)
  const captures = await readCaptures(options.pcap, { redactor, names, openSpool }, context)
  const contents = await bundleContents(
    { gateway, report, logs: await logFiles.end(), captures: captures.entries },
    context,
  )
  return { ...contents, exitCode: logs.exitCode() || captures.exitCode }
}

interface CaptureParts {
  readonly redactor: Redactor
  readonly names: EntryNames
  readonly openSpool: () => Spool
}

/** Each one that fails is told on stderr, the others are read all the same. */
async function readCaptures(inputs: readonly string[], parts: CaptureParts, context: Context) {
  const entries: CaptureEntry[] = []
  const reading = { done: 0, total: 0 }
  let exitCode = 0
  const onProblem = (problem: InputError): void => {
    exitCode = 1
    tellProblem(problem, context)
  }
  const progress = context.terminal.startProgress(() => ({ ...reading, unit: 'bytes' }))
  const onBytes = (bytes: number): void => void (reading.done += bytes)
  try {
    const files = await filesOf(inputs, onProblem)
    for (const file of files) reading.total += (await stat(file)).size
    for (const file of files) {
      const entry = await problemOr(() => cutCapture(file, { ...parts, onBytes, signal: context.signal }), onProblem)
      if (entry === null) continue
      if (entry.problem !== null) onProblem(entry.problem)
      entries.push(entry)
    }
  } finally {
    progress.end()
  }
  return { entries, exitCode }
}

async function filesOf(
  inputs: readonly string[],
  onProblem: (problem: InputError) => void,
): Promise<readonly string[]> {
  const files: string[] = []
  for (const input of inputs) files.push(...((await problemOr(() => expandInput(input), onProblem)) ?? []))
  return files
}

async function problemOr<Read>(
  read: () => Promise<Read>,
  onProblem: (problem: InputError) => void,
): Promise<Read | null> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    onProblem(error)
    return null
  }
}

interface Writing {
  readonly work: string
  readonly file: string
  readonly top: string
  readonly entries: readonly Entry[]
  readonly time: Date
}

/** The size of the archive. */
async function write({ work, file, ...archive }: Writing, context: Context): Promise<number> {
  const total = archive.entries.reduce((sum, { bytes }) => sum + bytes, 0)
  let done = 0
  const progress = context.terminal.startProgress(() => ({ done, total, unit: 'bytes' }))
  const onBytes = (bytes: number): void => void (done += bytes)
  const temporary = path.join(work, 'archive')
  await writeArchive(temporary, { ...archive, onBytes, signal: context.signal }).finally(() => progress.end())
  const { size } = await stat(temporary)
  await nameArchive(temporary, file)
  return size
}
