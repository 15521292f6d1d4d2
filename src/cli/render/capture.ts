import type { TcpdumpResult } from '../../capture/run-tcpdump.js'
import { isPrintable, shellLine } from '../../capture/shell-quote.js'
import type { WantedTarget } from '../capture-targets.js'
import { formatCount, formatSize } from '../terminal/numbers.js'
import { renderTable } from '../terminal/table.js'
import type { Surface } from '../terminal/terminal.js'
import { visible, wrap } from '../terminal/text.js'

/** What is to be captured, and how. */
export interface CapturePlan {
  readonly targets: readonly WantedTarget[]
  readonly notes: readonly string[]
  /** The words of the command. */
  readonly command: readonly string[]
  readonly file: string
  /** LOGS as given; their names can be shown. */
  readonly logs: readonly string[]
  readonly needsSudo: boolean
  readonly runs: boolean
}

export interface CaptureFile {
  readonly file: string
  readonly bytes: number
}

export interface CaptureOutcome {
  readonly result: TcpdumpResult
  readonly files: readonly CaptureFile[]
}

/** The targets, the command, and what to do then. */
export function renderCapture(plan: CapturePlan, { style, width }: Surface): string[] {
  const { targets, notes, runs } = plan
  const columns = [
    { title: 'target' },
    { title: 'failures', align: 'right' },
    { title: 'codes' },
    { title: 'here and now' },
  ] as const
  const rows = targets.map(({ name, failing, addresses }) => [
    name,
    failing === null ? '' : formatCount(failing.failures),
    failing === null ? '' : failing.codes.map(([code, count]) => `${code} ${formatCount(count)}`).join(', '),
    addresses.join(', '),
  ])
  return [
    ...renderTable({ columns, rows }, { width, style }),
    ...(notes.length === 0 ? [] : ['', ...items(notes, width)]),
    '',
    style.bold(runs ? 'Running' : "Run this on the gateway's host, until it has failed again; Ctrl-C ends it"),
    '',
    style.cyan(shellLine([...(plan.needsSudo && !runs ? ['sudo'] : []), ...plan.command])),
    ...(runs ? [] : ['', ...next(plan, style)]),
  ]
}

/** What a run came to, and what to do with it. */
export function renderResult(
  plan: CapturePlan,
  { result, files }: CaptureOutcome,
  { style, width }: Surface,
): string[] {
  const { captured, dropped } = result
  const packets =
    captured === null
      ? 'an unknown number of packets'
      : `${formatCount(captured)} ${captured === 1 ? 'packet' : 'packets'}`
  const lost =
    dropped === null || dropped === 0 ? '' : `; the kernel dropped ${formatCount(dropped)}: try a smaller --snaplen`
  const rows = files.map(({ file, bytes }) => [file, formatSize(bytes)])
  const columns = [{ title: 'file' }, { title: 'size', align: 'right' }] as const
  return [
    '',
    style.bold(`Captured ${packets}${lost}`),
    ...(captured === 0
      ? items(['none passed: is this the host of the gateway, and is the interface right (--interface)?'], width)
      : []),
    '',
    ...renderTable({ columns, rows }, { width, style }),
    '',
    ...next(plan, style),
  ]
}

/** The answer for scripts. */
export function captureJson({ targets, notes, command, file }: CapturePlan, outcome: CaptureOutcome | null) {
  return {
    targets: targets.map(({ name, host, port, addresses, failing }) => ({
      target: name,
      host,
      port,
      addresses,
      failures: failing?.failures ?? null,
      by_code: failing === null ? null : Object.fromEntries(failing.codes),
    })),
    notes,
    command,
    shell: shellLine(command),
    filter: command[command.length - 1],
    file,
    run:
      outcome === null
        ? null
        : {
            ended_by: outcome.result.endedBy,
            packets: outcome.result.captured,
            dropped: outcome.result.dropped,
            files: outcome.files,
          },
  }
}

function next({ file, logs }: CapturePlan, style: Surface['style']): string[] {
  const isNamed = logs.length > 0 && logs.every((each) => isPrintable(each) && !each.startsWith('-'))
  const shown = isNamed ? logs : ['/var/tmp']
  return [
    style.bold('Then'),
    '',
    // The ring's numbers are for the shell to find, so they stand outside of the quotes.
    style.cyan(`hangup pcap ${shellLine([file])}* --logs ${shellLine(shown)}`),
    style.cyan(`hangup bundle ${shellLine(shown)} --pcap ${shellLine([`${file}*`])}`),
  ]
}

function items(texts: readonly string[], width: number): string[] {
  return texts.flatMap((text) =>
    wrap(visible(text), width - 2).map((line, index) => `${index === 0 ? '- ' : '  '}${line}`),
  )
}
