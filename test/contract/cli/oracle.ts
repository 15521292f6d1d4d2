import type { CorpusLog, CorpusRun, TrueRequest } from '../../support/truth.js'

/** One line as the oracle reads it. */
export interface OracleLine {
  readonly file: string
  /** In bytes, unpacked. */
  readonly offset: number
  readonly text: string
  readonly kind: 'event' | 'plain' | 'stats' | 'other'
  readonly event: OracleEvent | null
}

/** The fields of an event as they must come out of `parse --show-secrets`. */
export interface OracleEvent {
  readonly timestamp: string
  readonly level: string
  readonly host: string | null
  readonly pid: string | null
  readonly org: string | null
  readonly env: string | null
  readonly url: string | null
  readonly clientIp: string | null
  readonly clientId: string | null
  readonly correlationId: string | null
  readonly component: string | null
  readonly message: string | null
  readonly method: string | null
  readonly status: number | null
  readonly errorMessage: string | null
  readonly errorCode: string | null
  readonly timeTakenMs: number | null
}

const TIMESTAMP = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`
const STATS = new RegExp(`^${TIMESTAMP} stats \\d+ `)
const PLAIN = new RegExp(`^${TIMESTAMP} [a-z]+ \\d+ `)
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

// The greedy start finds the last correlation id that a component follows: everything an attacker can write stands
// before it, but for the message of a 404, which holds no component in these runs.
const EVENT = new RegExp(
  `^(?<timestamp>${TIMESTAMP}) \\[(?<level>[a-z]+)\\]\\[(?<left>.*)\\]\\[(?<correlationId>${UUID}|)\\]` +
    String.raw`\[(?<component>plugins-middleware|microgateway-core)\]\[(?<message>[^\[\]]*)\]\[(?<method>[A-Z]*)\]` +
    String.raw`\[(?<status>\d*)\]\[(?<errorMessage>.*)\]\[(?<errorCode>[A-Z0-9_]*)\]\[(?<timeTakenMs>\d*)\]$`,
  's',
)

/**
 * Reads a run's logs with what only its truth can know: which organisation, which urls, which Host headers. Lines of
 * all files, one file after the other. Throws where a line that looks like an event is none, so that no test passes
 * by skipping what the oracle does not understand. Each run is read once.
 */
export function oracleLines(run: CorpusRun): readonly OracleLine[] {
  const known = read.get(run)
  if (known !== undefined) return known
  const lines = run.logs.flatMap((log) => linesOf(log, run))
  read.set(run, lines)
  return lines
}

const read = new WeakMap<CorpusRun, readonly OracleLine[]>()

function linesOf(log: CorpusLog, run: CorpusRun): OracleLine[] {
  let offset = 0
  const texts = log.text.split('\n')
  if (texts.at(-1) === '') texts.pop()
  return texts.map((text) => {
    const line = { file: log.file, offset, text, ...classify(text, run) }
    offset += Buffer.byteLength(text) + 1
    return line
  })
}

function classify(text: string, run: CorpusRun): Pick<OracleLine, 'kind' | 'event'> {
  const fields = EVENT.exec(text)?.groups
  if (fields !== undefined) return { kind: 'event', event: eventOf(text, fields, run) }
  if (new RegExp(`^${TIMESTAMP} \\[[a-z]+\\]\\[`).test(text)) throw new Error(`oracle: no event in ${text}`)
  if (STATS.test(text)) return { kind: 'stats', event: null }
  return { kind: PLAIN.test(text) ? 'plain' : 'other', event: null }
}

function eventOf(text: string, fields: Readonly<Record<string, string>>, run: CorpusRun): OracleEvent {
  const left = leftFields(fields.left, run, run.requests.get(fields.correlationId))
  if (left === null) throw new Error(`oracle: can not split ${text}`)
  const textOf = (name: string) => (fields[name] === '' ? null : fields[name])
  const numberOf = (name: string) => (fields[name] === '' ? null : Number(fields[name]))
  return {
    timestamp: fields.timestamp,
    level: fields.level,
    ...left,
    correlationId: textOf('correlationId'),
    component: textOf('component'),
    message: textOf('message'),
    method: textOf('method'),
    status: numberOf('status'),
    errorMessage: textOf('errorMessage'),
    errorCode: textOf('errorCode'),
    timeTakenMs: numberOf('timeTakenMs'),
  }
}

type LeftFields = Pick<OracleEvent, 'host' | 'pid' | 'org' | 'env' | 'url' | 'clientIp' | 'clientId'>

/** `host][pid][org][env][url][client ip][client id`, where url and client id may hold whole fake lines. */
function leftFields(left: string, run: CorpusRun, request: TrueRequest | undefined): LeftFields | null {
  const { org, env } = run.truth.gateway
  const url = request?.url ? escaped(request.url.replace('/', '')) : String.raw`[^\[\]]*`
  const clientId = request?.url ? '.*' : String.raw`[^\[\]]*`
  const pattern = new RegExp(
    String.raw`^(.*?)\]\[(\d+)\]\[(${org})\]\[(${env})\]\[(${url})\]\[([0-9.]*)\]\[(${clientId})$`,
    's',
  )
  const match = pattern.exec(left)
  if (match === null) return null
  const [host, pid, orgText, envText, urlText, clientIp, clientIdText] = match.slice(1).map((text) => text || null)
  return { host, pid, org: orgText, env: envText, url: urlText, clientIp, clientId: clientIdText }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
