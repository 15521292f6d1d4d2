import type { GatewayConfiguration } from '../config/gateway.js'
import type { ConfiguredProxy } from '../enrich/proxy.js'
import type { InputError } from '../errors.js'
import { openLogs } from '../pipeline/open-logs.js'
import { loadRedactionKey } from '../pipeline/redaction-key.js'
import type { Measure } from '../pipeline/run-input.js'
import { REDACT_ALL, type RedactionSettings, Redactor, SHOW_ALL } from '../redact/redactor.js'
import type { Source } from '../sources/source.js'
import type { Context } from './context.js'
import { tellProblem } from './errors.js'
import type { LogOptions } from './options.js'

/** What the commands that read LOGS begin with. */
export interface Logs {
  /** What was named, or what is read where nothing is. */
  readonly inputs: readonly string[]
  readonly source: Source
  readonly redactor: Redactor
  readonly proxies: readonly ConfiguredProxy[]
  readonly progress: Measure
  /** 1 where an input could not be read, else 0. */
  readonly exitCode: () => number
}

const DEFAULT_DIRECTORY = '/var/tmp'

/** Opens the logs that the arguments name; each input that fails is told on stderr, the others are read all the same. */
export async function openLogsOf(args: readonly string[], options: LogOptions, context: Context): Promise<Logs> {
  let exitCode = 0
  const onProblem = (problem: InputError): void => {
    exitCode = 1
    tellProblem(problem, context)
  }
  const gateway = options.gatewayConfig === undefined ? null : await readGateway(options.gatewayConfig, context)
  const inputs = args.length > 0 ? args : defaultLogs(gateway?.loggingDirectory ?? null)
  const settings = redactionOf(options)
  const { source, progress } = await openLogs({ inputs, stdin: context.stdin, onProblem })
  return {
    inputs,
    source,
    progress,
    redactor: new Redactor(settings, settings.clientId === 'hash' ? await loadRedactionKey(options.state) : NO_KEY),
    proxies: gateway?.proxies ?? [],
    exitCode: () => exitCode,
  }
}

/** Loaded when it is asked for: YAML takes a while to load, and most commands do without. */
async function readGateway(path: string, context: Context): Promise<GatewayConfiguration> {
  const { readGatewayConfiguration } = await import('../config/gateway.js')
  return readGatewayConfiguration(path, context)
}

const NO_KEY = new Uint8Array(0)

/** The gateway's own files in its log directory, by default `/var/tmp` (contract.md): one glob takes both of its forms of names. */
export function defaultLogs(directory: string | null): readonly string[] {
  return [`${directory ?? DEFAULT_DIRECTORY}/edgemicro-*.log`]
}

export function redactionOf({
  showSecrets,
  maskQuery,
}: Pick<LogOptions, 'showSecrets' | 'maskQuery'>): RedactionSettings {
  if (showSecrets) return SHOW_ALL
  return maskQuery ? { ...REDACT_ALL, query: 'mask' } : REDACT_ALL
}
