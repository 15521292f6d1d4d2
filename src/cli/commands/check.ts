import { readFile } from 'node:fs/promises'
import { readGatewayConfiguration } from '../../config/gateway.js'
import { loadPipeline } from '../../config/load.js'
import { optionTable } from '../../config/option-table.js'
import type { PipelineConfig } from '../../config/schema.js'
import { ConfigError, HangupError, systemCode } from '../../errors.js'
import { connect } from '../connect.js'
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
  const checked = await check(file, options, context)
  if (checked instanceof HangupError) {
    tellProblem(checked, context)
    return BAD
  }
  await writeOutput(context.stdout, `${file}: ok\n`)
  return 0
}

/** Done, but the answer is bad (contract.md, exit codes). */
const BAD = 3

/** The pipeline, or what is wrong with it or with what it needs. Throws where there is no such file. */
async function check(file: string, options: CheckOptions, context: Context): Promise<PipelineConfig | HangupError> {
  const text = await readPipelineText(file)
  try {
    const config = loadPipeline(text, { file, environment: context.environment, overrides: options.set })
    const { configuration } = config.gateway
    if (configuration !== undefined) await readGatewayConfiguration(configuration, context)
    if (options.connect) await connect(config, context)
    return config
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
