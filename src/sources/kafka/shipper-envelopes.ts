/** What a shipper's JSON holds: the text of one or more lines, and where they come from. */
export interface ShippedText {
  readonly text: string
  readonly path: string | null
  /** Of a container, as its shipper labels it: `<namespace>/<pod>/<container>`, or Docker's name of it. */
  readonly host: string | null
  /** Byte offset of the text in its file. */
  readonly offset: number | null
}

/** A longer object is no line of any log: the parser takes lines of 1 MiB, and JSON's escapes make six bytes of one. */
const MAX_JSON_BYTES = 8 << 20

/**
 * The JSON that Filebeat, Fluent Bit and Vector put around a line. Null where the message is something else, also where
 * it is an entry of Docker's json-file driver: the parser knows those, and joins their pieces.
 *
 * - Filebeat: `message`, `log.file.path`, `log.offset`, `host.name` or `agent.hostname`; before 7.0 `source`, `offset`,
 *   `beat.hostname` (elastic.co, "Log file content fields").
 * - Fluent Bit: `log`, or `message` as most parsers name it; file, host and offset under the names that `path_key`,
 *   `offset_key` and filters are usually given (docs.fluentbit.io, "Tail"). `logtag` is the tag of a CRI line, which is
 *   put together again, so that the parser joins the pieces of a long one.
 * - Vector: `message`, `file`, `host`, and `offset` where `offset_key` is set (vector.dev, "File").
 * - What each of them adds for containers: see `containerOf`. There its host is the node, which runs many gateways.
 */
export function unwrapShipper(value: Buffer): ShippedText | null {
  const entry = parseObject(value)
  if (entry === null || isDockerEntry(entry)) return null
  const text = textOf(entry)
  if (text === null) return null
  const path = pathOf(entry)
  return { text, path, host: containerOf(entry) ?? hostOf(entry), offset: path === null ? null : offsetOf(entry) }
}

type JsonObject = Readonly<Record<string, unknown>>

function parseObject(value: Buffer): JsonObject | null {
  if (value.length > MAX_JSON_BYTES) return null
  try {
    return objectOf(JSON.parse(value.toString('utf8')))
  } catch {
    return null
  }
}

/** `{"log":"…\n","stream":"stdout","time":"…","attrs":{…}}` and nothing else: shippers add fields of their own. */
function isDockerEntry(entry: JsonObject): boolean {
  const { log, stream, time } = entry
  if (typeof log !== 'string' || typeof stream !== 'string' || typeof time !== 'string') return false
  return Object.keys(entry).every((name) => DOCKER_FIELDS.has(name))
}

const DOCKER_FIELDS = new Set(['log', 'stream', 'time', 'attrs'])

function textOf({ log, message, logtag, stream }: JsonObject): string | null {
  const text = textIn(log) ?? (typeof message === 'string' ? message : null)
  const isCri = (logtag === 'P' || logtag === 'F') && (stream === 'stdout' || stream === 'stderr')
  return text !== null && isCri && !text.includes('\n') ? `${CRI_TIME} ${stream} ${logtag} ${text}` : text
}

/** Beside Filebeat's object of that name, Fluent Bit's text. */
const textIn = (log: unknown): string | null => (typeof log === 'string' ? log : null)

/** Nobody reads it: the time that counts is the gateway's own. */
const CRI_TIME = '1970-01-01T00:00:00.000000000Z'

function pathOf(entry: JsonObject): string | null {
  const log = objectOf(entry.log)
  return (
    nameOf(objectOf(log?.file)?.path) ??
    nameOf(entry['log.file.path']) ??
    nameOf(entry.file) ??
    nameOf(entry.filename) ??
    nameOf(entry.path) ??
    (objectOf(entry.beat) === null ? null : nameOf(entry.source))
  )
}

function hostOf(entry: JsonObject): string | null {
  const host = objectOf(entry.host)
  const agent = objectOf(entry.agent)
  return (
    nameOf(host?.name) ??
    nameOf(host?.hostname) ??
    nameOf(entry.host) ??
    nameOf(entry.hostname) ??
    nameOf(entry['host.name']) ??
    nameOf(agent?.hostname) ??
    nameOf(agent?.name) ??
    nameOf(objectOf(entry.beat)?.hostname)
  )
}

/**
 * Which container wrote the line: Filebeat's `add_kubernetes_metadata` and `add_docker_metadata`, Fluent Bit's filter `kubernetes`, Vector's sources
 * `kubernetes_logs` and `docker_logs`, by the names in their references. Null for any other line.
 */
function containerOf(entry: JsonObject): string | null {
  const kubernetes = objectOf(entry.kubernetes)
  if (kubernetes !== null) {
    const pod = nameOf(kubernetes.pod_name) ?? nameOf(objectOf(kubernetes.pod)?.name)
    const namespace = NAMESPACES.map((field) => nameOf(kubernetes[field])).find((name) => name !== null) ?? null
    const container = nameOf(kubernetes.container_name) ?? nameOf(objectOf(kubernetes.container)?.name)
    return pod === null ? null : [namespace, pod, container].filter((name) => name !== null).join('/')
  }
  const name = nameOf(objectOf(entry.container)?.name) ?? nameOf(entry.container_name)
  // The daemon puts a slash before it.
  return name?.replace(/^\//, '') ?? null
}

const NAMESPACES = ['namespace_name', 'pod_namespace', 'namespace']

/** An `offset` beside a `topic` is that of a topic which the shipper has read. */
function offsetOf(entry: JsonObject): number | null {
  const log = objectOf(entry.log)
  const offset = log?.offset ?? entry['log.offset'] ?? (entry.topic === undefined ? entry.offset : null)
  return typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0 ? offset : null
}

const nameOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

function objectOf(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
}
