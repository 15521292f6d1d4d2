import type { PipelineConfig } from '../../config/schema.js'
import { ConfigError, type HangupError } from '../../errors.js'
import { mergeFailureDocuments, withoutJudgement } from '../../pipeline/document.js'
import { isStore, openStored, type StoreConfig } from '../../pipeline/open-stored.js'
import { timeoutsOf } from '../../pipeline/processor-options.js'
import { type Reread, reread } from '../../pipeline/reread.js'
import { judgeOfStore } from '../../pipeline/verdicts.js'
import type { StoredDocuments } from '../../sinks/stored.js'
import { type Verification, verify } from '../../verify/verify.js'
import type { Context } from '../context.js'
import { tellProblem } from '../errors.js'
import type { VerifyOptions } from '../options.js'
import { refuseOtherText, tellReading } from '../reading.js'
import { renderVerification, verificationJson } from '../render/verify.js'
import { surroundings } from '../surroundings.js'
import type { Measure, Progress } from '../terminal/progress.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'
import { readPipelineOf } from './run.js'

export async function run([file]: readonly string[], options: VerifyOptions, context: Context): Promise<number> {
  const limit = readLimit(options.limit) ?? (options.json ? Number.POSITIVE_INFINITY : SHOWN)
  const config = await readPipelineOf(file, options, context)
  const { inputs, stores } = comparable(config, file)
  const opened: StoredDocuments[] = []
  try {
    for (const store of stores) opened.push(await openStored(store))
    const { verification, read, exitCode } = await compare(opened, { config, limit }, context)
    refuseOtherText(read.ledger, inputs)
    if (options.json) {
      for (const part of verificationJson(verification, limit)) await writeOutput(context.stdout, part)
    } else
      await writeOutput(context.stdout, `${renderVerification(verification, context.terminal.output).join('\n')}\n`)
    tellReading({ ledger: read.ledger, evicted: read.losses.evicted }, context)
    const isSame = verification.stores.every(({ differences }) => differences.length === 0)
    return exitCode !== 0 || isSame ? exitCode : BAD
  } finally {
    for (const stored of opened) await stored.close()
  }
}

const SHOWN = 20

/** Bounds the memory for what both sides say of a difference. */
const MAX_DESCRIBED = 10_000

/** Done, but the answer is bad (contract.md, exit codes). */
const BAD = 3

function readLimit(text: string | undefined): number | null {
  if (text === undefined) return null
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw usageError(`not a count: --limit ${text}`, 'write a whole number, such as 100')
}

/** What can be read again, and what can be compared with it. Throws `ConfigError` where there is none. */
function comparable(
  { source, sinks }: PipelineConfig,
  file: string,
): { readonly inputs: readonly string[]; readonly stores: readonly StoreConfig[] } {
  if (source.kind === 'stdin') {
    throw new ConfigError(`the source cannot be read again: ${source.kind} of ${file}`, {
      code: 'config',
      hint: 'verify a pipeline whose source is files, tail or kafka: --set overrides options of the file',
    })
  }
  const inputs = source.kind === 'kafka' ? [source.topic] : source.paths
  if (source.kind !== 'kafka' && inputs.includes('-')) {
    throw new ConfigError(
      `the source cannot be read again: standard input, in source.${source.kind}.paths of ${file}`,
      {
        code: 'config',
        hint: 'name files',
      },
    )
  }
  const stores = sinks.filter(isStore)
  if (stores.length === 0) {
    throw new ConfigError(`no store to compare with: ${file}`, {
      code: 'config',
      hint: 'name a pipeline with a sink that keeps documents: duckdb or elasticsearch',
    })
  }
  return { inputs, stores }
}

interface Outcome {
  readonly verification: Verification
  /** What became of the lines. */
  readonly read: Reread
  /** 1 where an input could not be read, else 0. */
  readonly exitCode: number
}

async function compare(
  stores: readonly StoredDocuments[],
  { config, limit }: { readonly config: PipelineConfig; readonly limit: number },
  context: Context,
): Promise<Outcome> {
  const around = await surroundings(config, context)
  const bar = new Bar(context)
  const reads: Reread[] = []
  let exitCode = 0
  const onProblem = (problem: HangupError): void => {
    // Told once, however often the input is read.
    if (reads.length > 0) return
    exitCode = 1
    tellProblem(problem, context)
  }
  const verification = await verify({
    readInput: async (onDocuments) => {
      const read = await reread({ ...around, onProblem, onDocuments, onStart: (measure) => bar.showInput(measure) })
      bar.showStores()
      reads.push(read)
      return read
    },
    stores,
    mergeFailures: mergeFailureDocuments,
    comparable: withoutJudgement,
    settledIn: (stored, times) => judgeOfStore(stored, times, timeoutsOf(config)),
    maxDescribed: Math.min(limit, MAX_DESCRIBED),
    signal: context.signal,
    onCompared: (characters) => bar.note(characters),
  }).finally(() => bar.end())
  if (exitCode !== 0) context.terminal.tell('not all of the input was read: its documents show as only_in_store')
  return { verification, read: reads[0], exitCode }
}

/** One bar for the input, each time that it is read, and one for what was compared, whose end nobody knows. */
class Bar {
  #progress: Progress | null = null
  #comparedBytes = 0

  constructor(private readonly context: Context) {}

  showInput(measure: () => Measure): void {
    this.#progress = this.context.terminal.startProgress(measure)
  }

  showStores(): void {
    this.#progress = this.context.terminal.startProgress(() => ({
      done: this.#comparedBytes,
      total: null,
      unit: 'bytes',
    }))
  }

  note(bytes: number): void {
    this.#comparedBytes += bytes
  }

  end(): void {
    this.#progress?.end()
  }
}
