import { arch, cpus, platform, release, totalmem } from 'node:os'
import type { CaptureEntry } from '../bundle/cut-captures.js'
import { textEntry } from '../bundle/entry.js'
import { gatewayPackages } from '../bundle/gateway-packages.js'
import type { LogEntry } from '../bundle/log-files.js'
import { logLevelWarnings } from '../bundle/log-level.js'
import { CAPTURE_RULES, type Contents, LOG_RULES, type Masked, REASONS } from '../bundle/manifest.js'
import { systemFacts } from '../bundle/system.js'
import type { GatewayConnections } from '../config/gateway-connections.js'
import { type Check, check } from '../keepalive/check.js'
import { readOsSettings } from '../keepalive/os-settings.js'
import { IDLE_PLUGIN } from '../keepalive/plugin-name.js'
import type { BundledGateway } from './bundle-gateway.js'
import type { Context } from './context.js'
import { MARGIN_MS, readPluginDefaults } from './gateway-check.js'
import { checkJson, renderCheck } from './render/keepalive-check.js'
import { renderReport } from './render/report-text.js'
import type { ReportOfLogs } from './report-of.js'
import { estimatedOf } from './target-facts.js'
import { createStyle } from './terminal/style.js'

export interface Collected {
  readonly gateway: BundledGateway
  readonly report: ReportOfLogs
  readonly logs: readonly LogEntry[]
  readonly captures: readonly CaptureEntry[]
}

/** For the texts in an archive: no colours, whatever this terminal has. */
const PAGE = { isTerminal: false, width: 110, style: createStyle({ isTerminal: false, environment: {} }) }

/** Puts together what was collected: the answers, what they rest on, what was masked, and what is missing. */
export async function bundleContents(collected: Collected, context: Context): Promise<Contents> {
  const { gateway, report, logs, captures } = collected
  const { files, connections, configuration } = gateway
  const checked = connections === null ? null : await checkOf(connections, report)
  const leftOut = [...gateway.leftOut]
  if (checked === null) leftOut.push("the keep-alive check: it needs the gateway's configuration")
  if (logs.length === 0) leftOut.push('logs: no line lies in this time')
  return {
    entries: [
      ...reportEntries(report),
      ...(checked === null ? [] : checkEntries(checked)),
      textEntry('system.json', json(await systemOf(context))),
      ...files.files.map(({ entry }) => entry),
      ...logs.map(({ entry }) => entry),
      ...captures.map(({ entry }) => entry),
    ],
    masked: maskedIn(collected),
    leftOut,
    warnings: [
      ...logLevelWarnings({
        level: configuration?.loggingLevel ?? null,
        logs,
        file: connections?.editFile ?? 'ORG-ENV-config.yaml',
      }),
    ],
  }
}

function reportEntries({ report, outside, evicted, folded }: ReportOfLogs) {
  return [
    textEntry('report.txt', `${renderReport(report, PAGE, { outside }).join('\n')}\n`),
    textEntry('report.json', json({ ...report, evicted, folded })),
  ]
}

/** Of the gateway's own configuration, and of what its logs tell of targets. */
async function checkOf(gateway: GatewayConnections, { counted }: ReportOfLogs): Promise<Check> {
  return check({
    gateway,
    client: null,
    balancer: null,
    targets: new Map(),
    estimates: estimatedOf(counted.estimates),
    nat: null,
    os: readOsSettings({ platform: platform(), root: SYSCTL_ROOT }),
    plugin: { name: IDLE_PLUGIN, defaults: await readPluginDefaults(gateway, IDLE_PLUGIN) },
    marginMs: ROUND_TRIP_MS + MARGIN_MS,
  })
}

const SYSCTL_ROOT = '/proc/sys'
/** As `hangup keepalive check` takes it where nobody says another one. */
const ROUND_TRIP_MS = 100

function checkEntries(checked: Check) {
  return [
    textEntry('keepalive-check.txt', `${renderCheck(checked, PAGE).join('\n')}\n`),
    textEntry('keepalive-check.json', json(checkJson(checked))),
  ]
}

async function systemOf({ version, environment }: Context) {
  return systemFacts({
    machine: {
      platform: platform(),
      release: release(),
      arch: arch(),
      processors: cpus().length,
      memoryBytes: totalmem(),
    },
    versions: { hangup: version, node: process.versions.node, openssl: process.versions.openssl },
    gateway: await gatewayPackages(environment.PATH ?? ''),
    sysctlRoot: SYSCTL_ROOT,
  })
}

function maskedIn({ gateway, logs, captures }: Collected): readonly Masked[] {
  return [
    ...gateway.files.files.flatMap(({ entry, masked }) => [
      ...masked.map(({ setting, why }) => ({ file: entry.name, setting, why: REASONS[why] })),
      { file: entry.name, why: 'comments are left out: they may hold old secrets' },
    ]),
    ...(logs.length === 0 ? [] : [{ file: 'logs/', why: LOG_RULES }]),
    ...captures.map(({ entry, packets, cutBytes }) => ({
      file: entry.name,
      why: `${CAPTURE_RULES} (${cutBytes} bytes of ${packets} packets)`,
    })),
  ]
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
