import { readFile } from 'node:fs/promises'
import { readGatewayConfiguration } from '../../config/gateway.js'
import { loadPipeline } from '../../config/load.js'
import { optionTable } from '../../config/option-table.js'
import type { PipelineConfig } from '../../config/schema.js'
import { ConfigError, HangupError, systemCode } from '../../errors.js'
import { openSink } from '../../pipeline/run.js'
import { discoverLogFiles } from '../../sources/discover.js'
import type { Context } from '../context.js'
import { tellProblem } from '../errors.js'
import type { CheckOptions } from '../options.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'

export async function run(args: readonly string[], options: CheckOptions, context: Context): Promise<number> {
  if (options.options) {
    await writeOutput(context.stdout, optionTable())
    return 0
  }
  const [file] = args
  if (file === undefined) throw usageError('argument missing: PIPELINE', 'see hangup check --help')
  const faults = await findFaults(file, options, context)
  if (faults !== null) {
    tellProblem(faults, context)
    return BAD
  }
  await writeOutput(context.stdout, `${file}: ok\n`)
  return 0
}

/** Done, but the answer is bad (contract.md, exit codes). */
const BAD = 3

/** What is wrong with the pipeline or what it needs; null where nothing is. Throws where there is no such file. */
async function findFaults(file: string, options: CheckOptions, context: Context): Promise<HangupError | null> {
  const text = await readPipelineText(file)
  try {
    const config = loadPipeline(text, { file, environment: context.environment })
    const { configuration } = config.gateway
    if (configuration !== undefined) await readGatewayConfiguration(configuration, context)
    if (options.connect) await connect(config, context)
    return null
  } catch (error) {
    if (error instanceof HangupError) return error
    throw error
  }
}

/** Reads and validates a pipeline file; throws `ConfigError`. */
export async function readPipeline(
  file: string,
  context: Pick<Context, 'environment'>,
  overrides: readonly string[] = [],
): Promise<PipelineConfig> {
  return loadPipeline(await readPipelineText(file), { file, environment: context.environment, overrides })
}

async function readPipelineText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    const reason = systemCode(error) === 'ENOENT' ? 'no such file' : (systemCode(error) ?? 'unreadable')
    throw new ConfigError(`cannot read the pipeline: ${file} (${reason})`, {
      code: 'config',
      hint: 'give the path of a YAML file; pipelines/ has examples',
      cause: error,
    })
  })
}

/** Opens what the pipeline would: its input's files and its stores. Throws where one can not be reached. */
async function connect({ source, sinks }: PipelineConfig, context: Context): Promise<void> {
  if (source.kind === 'tail' || source.kind === 'files') {
    const { paths } = await discoverLogFiles({
      inputs: source.paths,
      onProblem: ({ message }) => context.terminal.tell(`hangup: ${message}`),
    })
    context.terminal.tell(`source: ${paths.length} ${paths.length === 1 ? 'file' : 'files'}`)
  }
  for (const sink of sinks) {
    const opened = await openSink(sink, context)
    await opened.close()
    context.terminal.tell(`sink ${opened.name}: ok`)
  }
}
