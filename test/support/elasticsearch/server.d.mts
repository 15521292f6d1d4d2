export type Profile = '8.19' | '9.4'

export interface ServerOptions {
  /** `8.19` by default. It has ES|QL, 9.4 has not. */
  readonly profile?: Profile
  /** For configuration, data and logs, which stay there when the server ends; a temporary one by default. */
  readonly dir?: string
  /** A free one by default. */
  readonly port?: number
  /** TLS, users and API keys. */
  readonly secure?: boolean
  /** More of elasticsearch.yml. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  /** 512 by default; 256 is enough for a few thousand documents. */
  readonly heapMb?: number
  /** The JVM's quick compiler alone, true by default: starts sooner, is slower under load. False where speed is measured. */
  readonly c1?: boolean
  /** Leaves the server running when this process ends; false by default. */
  readonly keep?: boolean
}

/** A server of its own process, on 127.0.0.1. */
export interface ElasticsearchServer {
  readonly profile: Profile
  readonly dir: string
  readonly url: string
  readonly port: number
  /** Of the server itself; another one after `restart`. */
  readonly pid: number
  /** A superuser, and the file of the certificate to trust (PEM); where it is secure. */
  readonly username?: string
  readonly password?: string
  readonly caFile?: string
  /** Ends it cleanly (SIGTERM) and waits until it is gone. The data stays. Nothing where it does not run. */
  stop(): Promise<void>
  /** As a crash: SIGKILL, and waits until it is gone. The data stays. */
  kill(): Promise<void>
  /** Starts it again, after `stop` or `kill`, or stops it first: the same port, data and credentials; `settings` are added. */
  restart(settings?: ServerOptions['settings']): Promise<void>
  /** Ends it and removes its folder. */
  remove(): Promise<void>
}

/**
 * Starts a real Elasticsearch and resolves when its cluster is yellow or green; prepares it first where this machine has
 * not got it. It ends with the process that started it, however that ends, unless told to `keep`. Throws with what to
 * install where Java or Maven is missing, and with the server's own errors where it does not start.
 */
export function startElasticsearch(options?: ServerOptions): Promise<ElasticsearchServer>

/** Fetches and puts together the server, once for each machine, and returns its home folder. */
export function prepare(profile: Profile): string

/** Ends the server that runs on `directory`, if one does. */
export function endServer(directory: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
