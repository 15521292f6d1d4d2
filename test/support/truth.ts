import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import { projectDirectory } from './cli.js'

const corpusDirectory = path.join(projectDirectory, 'test/fixtures/corpus')

/** What really happened to one request (`test/fixtures/corpus/README.md`). */
export interface TrueRequest {
  readonly correlation_id: string | null
  readonly label: string
  readonly cause: string
  readonly variant: string | null
  readonly target: string | null
  readonly base_path: string | null
  readonly method: string
  /** As the client sent it, each byte a character. */
  readonly url: string | null
  /** Status 0 where the client had no answer. */
  readonly client_saw: { readonly status: number; readonly code: string | null }
  readonly worker: number | null
  readonly api_key: string | null
  readonly host_header: string | null
}

export interface Truth {
  readonly run: string
  readonly gateway: { readonly org: string; readonly env: string; readonly hostname: string; readonly level: string }
  readonly proxies: readonly { readonly base_path: string; readonly target: string }[]
  readonly counts: { readonly requests: number; readonly by_cause: Readonly<Record<string, number>> }
  readonly api_keys: readonly string[]
  readonly query_values: readonly string[]
  readonly requests: readonly TrueRequest[]
}

export interface CorpusRun {
  readonly name: string
  readonly directory: string
  readonly logs: readonly CorpusLog[]
  readonly truth: Truth
  /** By correlation id. */
  readonly requests: ReadonlyMap<string, TrueRequest>
  /** Host name that the file names tell; a console's output has none. */
  readonly gateway: string | null
  /** The `--gateway-config` of the run. */
  readonly configuration: string
}

export interface CorpusLog {
  /** Path of the packed file. */
  readonly file: string
  readonly text: string
}

/** Names of all runs, for `test.each`. */
export const RUNS: readonly string[] = fs
  .readdirSync(corpusDirectory, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort()

const loaded = new Map<string, CorpusRun>()

/** One run of the corpus, read once for all tests of a file. */
export function corpusRun(name: string): CorpusRun {
  const known = loaded.get(name)
  if (known !== undefined) return known
  const run = load(name)
  loaded.set(name, run)
  return run
}

function load(name: string): CorpusRun {
  const directory = path.join(corpusDirectory, name)
  const truth: Truth = JSON.parse(gunzipped(path.join(directory, 'truth.json.gz')))
  const files = fs.readdirSync(directory).filter((file) => /^(edgemicro-.*\.log|console\.txt)\.gz$/.test(file))
  const logs = files.sort().map((file) => path.join(directory, file))
  return {
    name,
    directory,
    logs: logs.map((file) => ({ file, text: gunzipped(file) })),
    truth,
    requests: new Map(
      truth.requests.flatMap((request) => (request.correlation_id ? [[request.correlation_id, request]] : [])),
    ),
    gateway: logs.some((file) => file.includes('console.txt')) ? null : truth.gateway.hostname,
    configuration: path.join(directory, 'dot-edgemicro'),
  }
}

function gunzipped(file: string): string {
  return zlib.gunzipSync(fs.readFileSync(file)).toString('utf8')
}
