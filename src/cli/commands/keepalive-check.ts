import { platform } from 'node:os'
import { readGatewayConnections } from '../../config/gateway-connections.js'
import { DURATION_EXAMPLES, parseDuration } from '../../config/units.js'
import type { EstimatedIdle } from '../../keepalive/chain.js'
import { check } from '../../keepalive/check.js'
import {
  DESCRIPTION_FORMS,
  type Description,
  parseDescription,
  parseTargetDescription,
} from '../../keepalive/description.js'
import { readServerFile } from '../../keepalive/files/read-server-file.js'
import { portOf } from '../../keepalive/files/server-file.js'
import type { Limit } from '../../keepalive/hop.js'
import { readOsSettings } from '../../keepalive/os-settings.js'
import { type Peer, peerOf } from '../../keepalive/peer.js'
import { analyze } from '../../pipeline/analyze.js'
import type { Context } from '../context.js'
import { MARGIN_MS, readPluginDefaults } from '../gateway-check.js'
import { openLogsOf } from '../logs.js'
import type { KeepaliveCheckOptions } from '../options.js'
import { refuseOtherText, tellReading } from '../reading.js'
import { checkJson, renderCheck } from '../render/keepalive-check.js'
import { estimatedOf } from '../target-facts.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'

export async function run(_: readonly string[], options: KeepaliveCheckOptions, context: Context): Promise<number> {
  const described = readDescriptions(options)
  const { gatewayConfig, org, env, plugin } = options
  const gateway = await readGatewayConnections(gatewayConfig, { ...context, org, env })
  const peer = (what: Description, port: number | null): Peer => peerOf(what, { port, readFile: readServerFile })
  const logged = await readLogs(options, context)
  const outcome = check({
    gateway,
    client: described.client && peer(described.client, gateway.port),
    balancer: described.balancer && peer(described.balancer, gateway.port),
    targets: new Map([...described.targets].map(([target, what]) => [target, peer(what, portOf(target))])),
    estimates: logged.estimates,
    nat: described.nat,
    os: readOsSettings({ platform: platform(), root: '/proc/sys' }),
    plugin: { name: plugin, defaults: await readPluginDefaults(gateway, plugin) },
    marginMs: described.rttMs + MARGIN_MS,
  })
  const text = options.json
    ? JSON.stringify(checkJson(outcome))
    : renderCheck(outcome, context.terminal.output).join('\n')
  await writeOutput(context.stdout, `${text}\n`)
  return outcome.verdict === 'wrong' ? BAD : logged.exitCode
}

interface Logged {
  readonly estimates: ReadonlyMap<string, EstimatedIdle>
  /** 1 where a log could not be read. */
  readonly exitCode: number
}

/** When targets close idle connections, where logs are given and suffice to tell. */
async function readLogs(options: KeepaliveCheckOptions, context: Context): Promise<Logged> {
  if (options.logs.length === 0) return { estimates: new Map(), exitCode: 0 }
  const logs = await openLogsOf(options.logs, { ...options, maskQuery: false, showSecrets: false }, context)
  const progress = context.terminal.startProgress(logs.progress)
  const { ledger, evicted, estimates } = await analyze({
    ...logs,
    onDocuments: () => {},
    signal: context.signal,
  }).finally(() => progress.end())
  refuseOtherText(ledger, logs.inputs)
  tellReading({ ledger, evicted }, context)
  return {
    estimates: estimatedOf(estimates),
    exitCode: logs.exitCode(),
  }
}

/** Done, but the answer is bad (contract.md, exit codes). */
const BAD = 3

interface Descriptions {
  readonly client: Description | null
  readonly balancer: Description | null
  readonly targets: ReadonlyMap<string, Description>
  readonly nat: Limit | null
  readonly rttMs: number
}

/** All of the command line is read before any file is touched. */
function readDescriptions({ client, balancer, target, nat, rtt }: KeepaliveCheckOptions): Descriptions {
  const targets = new Map<string, Description>()
  for (const text of target) {
    const read = parseTargetDescription(text)
    if (read === null) throw usageError(`no description of a target: --target ${text}`, TARGET_HINT)
    if (targets.has(read.target)) throw usageError(`described twice: --target ${read.target}`, 'give each target once')
    targets.set(read.target, read.what)
  }
  const rttMs = parseDuration(rtt)
  if (rttMs === null) throw usageError(`no duration: --rtt ${rtt}`, `write one such as ${DURATION_EXAMPLES}`)
  return {
    client: read('--client', client),
    balancer: read('--balancer', balancer),
    targets,
    nat: readLimit(nat),
    rttMs,
  }
}

const TARGET_HINT = `write HOST:PORT= and ${DESCRIPTION_FORMS}`

function read(flag: string, text: string | undefined): Description | null {
  if (text === undefined) return null
  const description = parseDescription(text)
  if (description === null) throw usageError(`no description of a hop: ${flag} ${text}`, `write ${DESCRIPTION_FORMS}`)
  return description
}

function readLimit(text: string | undefined): Limit | null {
  const what = read('--nat', text)
  if (what === null) return null
  if (what.kind === 'time' && what.idle.kind === 'after') return { title: 'what lies between', ms: what.idle.ms }
  if (what.kind === 'server' && what.server.limitMs !== undefined) {
    return { title: what.server.title, ms: what.idle?.kind === 'after' ? what.idle.ms : what.server.limitMs }
  }
  throw usageError(`drops no idle connections: --nat ${text}`, 'write a time, such as 350s, or aws-nlb or azure')
}
