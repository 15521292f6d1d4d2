import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { captureFilter } from '../../capture/filter.js'
import { findProgram } from '../../capture/find-program.js'
import { interfaceTo } from '../../capture/resolve.js'
import { runTcpdump, type TcpdumpResult } from '../../capture/run-tcpdump.js'
import { isPrintable } from '../../capture/shell-quote.js'
import { MIN_TOTAL_BYTES, tcpdumpArguments } from '../../capture/tcpdump-command.js'
import { readGatewayConnections } from '../../config/gateway-connections.js'
import { DURATION_EXAMPLES, parseDuration, parseSize, SIZE_EXAMPLES } from '../../config/units.js'
import { PermanentError } from '../../errors.js'
import { wantedTargets } from '../capture-targets.js'
import type { Context } from '../context.js'
import { currentUser, machineName } from '../machine.js'
import type { CaptureOptions } from '../options.js'
import { type CaptureFile, captureJson, renderCapture, renderResult } from '../render/capture.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'

export async function run(args: readonly string[], options: CaptureOptions, context: Context): Promise<number> {
  const settings = readSettings(options)
  const file = await outputFile(options, context)
  const { targets, notes, exitCode } = await wantedTargets(args, { ...options, count: settings.limit }, context)
  const user = currentUser()
  const filter = captureFilter(targets, options.clients ? await listenPort(options, context) : null)
  const command = [
    'tcpdump',
    ...tcpdumpArguments({ ...settings, interface: await interfaceOf(targets, options), filter, file, user: user.name }),
  ]
  const plan = { targets, notes, command, file, logs: args, needsSudo: !user.isRoot, runs: options.run }
  if (!options.json) await print(renderCapture(plan, context.terminal.output), context)
  const outcome = options.run ? await capture({ command, file, limitMs: settings.limitMs }, context) : null
  if (options.json) await print([JSON.stringify(captureJson(plan, outcome))], context)
  else if (outcome !== null) await print(renderResult(plan, outcome, context.terminal.output), context)
  return exitCode
}

async function print(lines: readonly string[], { stdout }: Context): Promise<void> {
  await writeOutput(stdout, `${lines.join('\n')}\n`)
}

const MIN_SNAP_LENGTH = 64
const MAX_SNAP_LENGTH = 262_144
const MAX_LIMIT_MS = 7 * 86_400_000

/** All of the command line is read before anything is done. */
function readSettings({ limit, snaplen, size, for: time, interface: name }: CaptureOptions) {
  const snapLength = wholeNumber(snaplen)
  if (snapLength === null || snapLength > MAX_SNAP_LENGTH || (snapLength > 0 && snapLength < MIN_SNAP_LENGTH)) {
    throw usageError(
      `not a number of bytes: --snaplen ${snaplen}`,
      `0 for all, or ${MIN_SNAP_LENGTH} to ${MAX_SNAP_LENGTH}`,
    )
  }
  const totalBytes = parseSize(size)
  if (totalBytes === null || totalBytes < MIN_TOTAL_BYTES) {
    throw usageError(`not a size: --size ${size}`, `write ${SIZE_EXAMPLES}, 10MB or more`)
  }
  const limitMs = parseDuration(time)
  if (limitMs === null || limitMs < 1 || limitMs > MAX_LIMIT_MS) {
    throw usageError(`not a time: --for ${time}`, `write ${DURATION_EXAMPLES}, 7d at most`)
  }
  const count = wholeNumber(limit)
  if (count === null || count < 1)
    throw usageError(`not a count: --limit ${limit}`, 'give a whole number, such as --limit 3')
  if (name !== undefined && !/^\w[\w.:@-]{0,31}$/.test(name)) {
    throw usageError(`not an interface: --interface ${name}`, 'tcpdump -D lists them')
  }
  return { snapLength, totalBytes, limitMs, limit: count }
}

const wholeNumber = (text: string): number | null => (/^\d{1,6}$/.test(text) ? Number(text) : null)

/** Absolute, so that the command is right wherever it is pasted. */
async function outputFile({ out }: CaptureOptions, context: Context): Promise<string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const host = machineName(context)
    .replace(/[^\w.-]+/g, '_')
    .slice(0, 40)
  const file = path.resolve(context.cwd, out ?? `hangup-${host}-${time}.pcap`)
  if (!isPrintable(file)) throw usageError(`cannot be shown in a command: ${file}`, 'name another file: --out FILE')
  if ((await filesOf(file)).length > 0)
    throw usageError(`there are files already: ${file}*`, 'nothing is overwritten: name another file')
  return file
}

/** The ring adds digits to the name. */
async function filesOf(file: string): Promise<readonly CaptureFile[]> {
  const directory = path.dirname(file)
  const names = await readdir(directory).catch((): string[] => [])
  const ours = names.filter(
    (name) => name.startsWith(path.basename(file)) && /^\d*$/.test(name.slice(path.basename(file).length)),
  )
  return Promise.all(
    ours.sort().map(async (name) => ({
      file: path.join(directory, name),
      bytes: (await stat(path.join(directory, name))).size,
    })),
  )
}

/** The gateway's own default (default.yaml of edgemicro). */
const DEFAULT_PORT = 8000

async function listenPort({ gatewayConfig }: CaptureOptions, context: Context): Promise<number> {
  if (gatewayConfig === undefined) return DEFAULT_PORT
  return (await readGatewayConnections(gatewayConfig, context)).port ?? DEFAULT_PORT
}

/** Clients may come by any. */
async function interfaceOf(
  targets: readonly { readonly addresses: readonly string[] }[],
  { clients, interface: name }: CaptureOptions,
): Promise<string> {
  if (name !== undefined || clients) return name ?? ANY
  return (await interfaceTo(targets.flatMap(({ addresses }) => addresses))) ?? ANY
}

const ANY = 'any'

interface Capturing {
  readonly command: readonly string[]
  readonly file: string
  readonly limitMs: number
}

async function capture({ command: [name, ...args], file, limitMs }: Capturing, context: Context) {
  const program = await findProgram(name, context.environment.PATH ?? '')
  if (program === null) {
    throw new PermanentError(`not installed: ${name}`, {
      code: 'tool_missing',
      hint: 'install it (apt-get install tcpdump, dnf install tcpdump), or run the command that hangup capture prints elsewhere',
    })
  }
  let startedMs: number | null = null
  const elapsedMs = (): number => (startedMs === null ? 0 : performance.now() - startedMs)
  const progress = context.terminal.startProgress(() => ({ done: elapsedMs(), total: limitMs, unit: 'milliseconds' }))
  const onListening = (): void => {
    startedMs = performance.now()
    context.terminal.tell('capturing; wait until it has failed again, Ctrl-C ends it')
  }
  const result: TcpdumpResult = await runTcpdump({
    program,
    args,
    limitMs,
    signal: context.signal,
    onListening,
  }).finally(() => progress.end())
  return { result, files: await filesOf(file) }
}
