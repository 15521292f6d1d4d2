/** What the options of each command become: one name per flag of `declarations.ts`. */

export interface GlobalOptions {
  /** Stack traces with errors. */
  readonly debug: boolean
  /** False with `--no-progress`. */
  readonly progress: boolean
  /** Absolute path: `--state`, else `HANGUP_STATE`, else `.hangup` in the current directory. */
  readonly state: string
  /** Whether `--state` was given, so that it overrides what a pipeline file says. */
  readonly stateGiven: boolean
}

/** Options of all commands that read LOGS. */
export interface LogOptions extends GlobalOptions {
  readonly gatewayConfig?: string
  readonly showSecrets: boolean
  readonly maskQuery: boolean
}

/** As written; `readFilter` makes a filter of them. */
export interface FilterOptions {
  readonly since?: string
  readonly until?: string
  readonly code?: string
  readonly target?: string
  readonly proxy?: string
}

/** Of commands that look for packets of failures. */
export interface PacketOptions {
  /** Captures, as LOGS are named. */
  readonly pcap: readonly string[]
  /** `NAME=IP`, in the order given. */
  readonly resolve: readonly string[]
}

export interface ReportOptions extends LogOptions, FilterOptions, PacketOptions {
  readonly json: boolean
}

export interface FailuresOptions extends LogOptions, FilterOptions, PacketOptions {
  readonly halvesOnly: boolean
}

export interface FrequencyOptions extends LogOptions, FilterOptions {
  readonly by: string
  readonly every?: string
  readonly json: boolean
  readonly csv: boolean
  /** `duckdb:FILE` or the URL of an Elasticsearch; absent where LOGS are asked. */
  readonly store?: string
  /** Of the indices of an Elasticsearch. */
  readonly prefix?: string
}

export interface ExplainOptions extends LogOptions, PacketOptions {
  readonly json: boolean
}

export interface PcapOptions extends LogOptions {
  readonly json: boolean
  /** `ip:port`, as captures have it. */
  readonly target?: string
  /** As written: connections to show of each cause. */
  readonly limit?: string
  /** LOGS whose failures are matched with packets. */
  readonly logs: readonly string[]
  /** `NAME=IP`, in the order given. */
  readonly resolve: readonly string[]
}

export interface BundleOptions extends GlobalOptions, Pick<FilterOptions, 'since' | 'until'> {
  /** Absent: `~/.edgemicro`, where that is. */
  readonly gatewayConfig?: string
  readonly org?: string
  readonly env?: string
  /** Captures: files and globs. */
  readonly pcap: readonly string[]
  /** The archive; absent: a name with host and time. */
  readonly out?: string
  readonly dryRun: boolean
  readonly json: boolean
}

export interface CaptureOptions extends GlobalOptions, Pick<FilterOptions, 'since'> {
  /** `HOST:PORT`, in the order given; none: those that fail in LOGS. */
  readonly target: readonly string[]
  /** As written, like sizes and times: how many targets at most. */
  readonly limit: string
  readonly gatewayConfig?: string
  /** Also the packets between clients and gateway. */
  readonly clients: boolean
  readonly interface?: string
  readonly snaplen: string
  readonly size: string
  readonly for: string
  readonly out?: string
  readonly run: boolean
  readonly json: boolean
}

export interface RunOptions extends GlobalOptions {
  readonly once: boolean
  /** As written; `readTopicRange` makes a range of them. */
  readonly from?: string
  readonly to?: string
  /** `path.to.option=value`, in the order given. */
  readonly set: readonly string[]
}

export interface VerifyOptions extends GlobalOptions {
  readonly set: readonly string[]
  /** As written; absent: 20, or all with `json`. */
  readonly limit?: string
  readonly json: boolean
}

export interface DeadLettersOptions extends GlobalOptions {
  readonly json: boolean
  /** Only letters of this reason. */
  readonly reason?: string
  /** As written: letters to show one by one. */
  readonly limit?: string
  /** Pipeline file that names the place of the letters. */
  readonly pipeline?: string
  /** Place of the letters that are replayed; absent: the pipeline's. */
  readonly from?: string
  readonly dryRun: boolean
  /** File for the letters that are left after a replay. */
  readonly remaining?: string
  readonly set: readonly string[]
}

export interface CheckOptions extends GlobalOptions {
  readonly set: readonly string[]
  readonly connect: boolean
  readonly options: boolean
}

export interface SetupOptions extends GlobalOptions {
  /** URL of the server; absent where the environment or the default says it. */
  readonly url?: string
  /** File of a certificate authority's certificate. */
  readonly ca?: string
  readonly prefix: string
  readonly dryRun: boolean
  readonly overwrite: boolean
  /** `KIND=DAYSd`, in the order given. */
  readonly retention: readonly string[]
  /** Only print what would be sent. */
  readonly print: boolean
  /** Space of Kibana; absent: the default space. */
  readonly space?: string
  /** Id of the connector that Kibana's rules notify by; absent: they notify nobody. */
  readonly connector?: string
}

export interface KeepaliveCheckOptions extends GlobalOptions {
  readonly gatewayConfig: string
  readonly org?: string
  readonly env?: string
  /** Descriptions of hops, as written. */
  readonly client?: string
  readonly balancer?: string
  readonly nat?: string
  /** `HOST:PORT=WHAT`, in the order given. */
  readonly target: readonly string[]
  /** LOGS that tell when targets close. */
  readonly logs: readonly string[]
  /** Name of the plugin that gives the gateway an idle timeout. */
  readonly plugin: string
  readonly rtt: string
  readonly json: boolean
}

export interface KeepaliveProbeOptions extends GlobalOptions {
  /** As written, like the other counts and times. */
  readonly times: string
  readonly atOnce: string
  readonly maxWait: string
  readonly method: string
  readonly path: string
  readonly tls: boolean
  readonly insecure: boolean
  readonly servername?: string
  readonly yes: boolean
  readonly json: boolean
}

export interface KeepalivePluginOptions extends GlobalOptions {
  readonly out: string
  readonly timeout: string
  /** `/BASE-PATH=TIME` or `HOST:PORT=TIME`, in the order given. */
  readonly for: readonly string[]
}

export interface KeepaliveEstimateOptions extends LogOptions {
  /** Only this target. */
  readonly target?: string
  readonly json: boolean
}
