import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import { projectDirectory } from '../support/cli.js'

const CORPUS = path.join(projectDirectory, 'test', 'fixtures', 'corpus')

/** One stream of a capture as the truth has it. */
export interface TrueStream {
  readonly tcp_stream: number
  readonly gw_port: number
  readonly target_port: number
  readonly requests: number
  readonly cause: string
  readonly variant?: string
  readonly correlation_ids_failed: readonly string[]
}

export interface TrueRun {
  readonly targets: readonly {
    readonly hostport: string
    readonly ip: string
    readonly keepalive_idle_timeout_ms: number
  }[]
  readonly captures: Readonly<Record<string, { readonly streams: number; readonly list: readonly TrueStream[] }>>
  readonly requests: readonly {
    readonly correlation_id: string | null
    readonly cause: string
    readonly method: string
    readonly url: string
    readonly idle_ms?: number | null
  }[]
}

export interface CorpusCapture {
  /** `RUN/FILE`. */
  readonly name: string
  readonly run: string
  readonly file: string
  /** Packed. */
  readonly path: string
  readonly truth: TrueRun
}

const unzip = (file: string): Buffer => zlib.gunzipSync(fs.readFileSync(file))

export const bytesOf = (capture: CorpusCapture): Buffer => unzip(capture.path)

/** Every capture of the corpus. */
export const CAPTURES: readonly CorpusCapture[] = fs
  .readdirSync(CORPUS)
  .filter((run) => fs.existsSync(path.join(CORPUS, run, 'pcap')))
  .flatMap((run) => {
    const directory = path.join(CORPUS, run)
    const truth: TrueRun = JSON.parse(unzip(path.join(directory, 'truth.json.gz')).toString())
    return fs.readdirSync(path.join(directory, 'pcap')).map((name) => {
      const file = name.replace(/\.gz$/, '')
      return { name: `${run}/${file}`, run, file, path: path.join(directory, 'pcap', name), truth }
    })
  })

/** The truth lists the gateway's side of the delayed link; the target's side shows the same streams. */
export function streamsOf({ truth, file }: CorpusCapture): readonly TrueStream[] {
  return (truth.captures[file] ?? truth.captures['gwside-raw.pcap']).list
}
