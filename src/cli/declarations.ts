import { DEFAULT_INDEX_PREFIX } from '../config/index-prefix.js'
import type { CommandDeclaration, OptionDeclaration } from './declaration.js'
import { BUNDLE, CAPTURE } from './diagnostics-declarations.js'
import { KEEPALIVE_COMMANDS } from './keepalive-declarations.js'
import { LOG_OPTIONS, LOGS } from './log-declarations.js'

export const GLOBAL_OPTIONS: readonly OptionDeclaration[] = [
  { flags: '--state <DIR>', help: 'directory for checkpoints and keys (default: $HANGUP_STATE, else .hangup)' },
  { flags: '--no-progress', help: 'no progress bar' },
  { flags: '--debug', help: 'stack traces with errors' },
]

const FILTER_OPTIONS: readonly OptionDeclaration[] = [
  { flags: '--since <TIME>', help: 'from this time on: ISO, 14:30, 2h, 3d, today, yesterday' },
  { flags: '--until <TIME>', help: 'up to, not including, this time: as --since, or now' },
  { flags: '--code <CODE>', help: 'only failures with this error code, such as ECONNRESET' },
  { flags: '--target <HOST:PORT>', help: 'only this target' },
  { flags: '--proxy <BASE-PATH>', help: 'only this API' },
]

const SET_OPTION: OptionDeclaration = {
  flags: '--set <PATH=VALUE>',
  help: 'override an option of the file; may be given several times',
  repeatable: true,
}

const RESOLVE_OPTION: OptionDeclaration = {
  flags: '--resolve <NAME=IP>',
  help: "a target's address, where captures hold no answer of a name server and no Host; may be given several times",
  repeatable: true,
}

const PCAP_OPTIONS: readonly OptionDeclaration[] = [
  {
    flags: '--pcap <CAPTURE...>',
    help: 'packet captures of the time of the failures, after LOGS: what packets tell goes before what lines do',
    repeatable: true,
  },
  RESOLVE_OPTION,
]

const SAMPLES = 'pipelines/samples'

/** Every command of this version, in the order of the help. */
export const COMMANDS: readonly CommandDeclaration[] = [
  {
    name: 'report',
    arguments: [LOGS],
    summary: 'how often requests failed, for which targets and APIs, since when, and why',
    options: [
      { flags: '--json', help: 'the same as one JSON object' },
      ...PCAP_OPTIONS,
      ...FILTER_OPTIONS,
      ...LOG_OPTIONS,
    ],
    examples: [
      { command: `hangup report ${SAMPLES}`, says: 'what happened in these logs' },
      { command: `hangup report ${SAMPLES} --code ECONNRESET --json`, says: 'one error code, for a script' },
    ],
    load: () => import('./commands/report.js'),
  },
  {
    name: 'run',
    arguments: [{ usage: 'PIPELINE', help: 'pipeline file (YAML)' }],
    summary: 'run a pipeline: read logs, join and explain failures, store them',
    details:
      'Follows its input until SIGINT or SIGTERM stops it cleanly; goes on where it stopped when it is run again. SIGHUP reads ' +
      'the file anew: a bad one is refused, a good one takes over. ' +
      'With --from it reads a part of its Kafka topic again, to --to or to where the topic ended when it began, and ' +
      'stores what the group would: beside the group, without joining it or moving its offsets (hangup run PIPELINE --from ' +
      'yesterday --to today). Stopped by a signal (exit code 130 or 143), it says with which --from and --to to go on. ' +
      'Elsewhere than where the group runs, it needs the same redact.keyFile.',
    options: [
      { flags: '--once', help: 'end when the input is exhausted' },
      {
        flags: '--from <PLACE>',
        help:
          'first message of a backfill: of a time (when it was sent, as the topic has it; ISO, 14:30, 2h, 3d, yesterday), ' +
          'offset:1234 in every partition, offset:0=1234,1=88 in those alone, or beginning',
      },
      {
        flags: '--to <PLACE>',
        help: 'where it ends, not included: as --from; partitions that are not named end where the topic does',
      },
      SET_OPTION,
    ],
    examples: [
      { command: 'hangup run pipelines/sample.yaml --once', says: 'the samples into the embedded store' },
      { command: 'hangup run pipelines/sample.yaml --once --set join.window=10s', says: 'with a wider join window' },
    ],
    load: () => import('./commands/run.js'),
  },
  {
    name: 'failures',
    arguments: [LOGS],
    summary: 'one failed request per line (NDJSON)',
    options: [
      { flags: '--halves-only', help: 'look at warn and error lines alone: fastest, causes from the two halves only' },
      ...PCAP_OPTIONS,
      ...FILTER_OPTIONS,
      ...LOG_OPTIONS,
    ],
    examples: [{ command: `hangup failures ${SAMPLES} --halves-only`, says: 'every failure of the samples, quickly' }],
    load: () => import('./commands/failures.js'),
  },
  {
    name: 'frequency',
    arguments: [LOGS],
    summary: 'counts and rates of failures by any dimensions and interval',
    details: 'Dimensions: target, cause, code, proxy, status, gateway, worker, org, env, method.',
    options: [
      { flags: '--by <DIMENSIONS>', help: 'one or several, separated by commas', default: 'target' },
      { flags: '--every <WIDTH>', help: 'one row per window of this width: 1m … 1d (default: all of time in one)' },
      {
        flags: '--store <STORE>',
        help: 'ask a store in place of LOGS: duckdb:FILE, or the URL of an Elasticsearch (credentials: see hangup setup)',
      },
      {
        flags: '--prefix <PREFIX>',
        help: `how the names of the indices in Elasticsearch begin (default: ${DEFAULT_INDEX_PREFIX})`,
      },
      { flags: '--json', help: 'one JSON object', conflicts: 'csv' },
      { flags: '--csv', help: 'CSV with a header line', conflicts: 'json' },
      ...FILTER_OPTIONS,
      ...LOG_OPTIONS,
    ],
    examples: [
      { command: `hangup frequency ${SAMPLES} --by target,cause`, says: 'how often each target failed, and why' },
      {
        command: `hangup frequency ${SAMPLES} --by code --every 1h --csv`,
        says: 'error codes per hour, for a spreadsheet',
      },
    ],
    load: () => import('./commands/frequency.js'),
  },
  {
    name: 'explain',
    arguments: [{ usage: 'CORRELATION_ID', help: 'from the log, or http.request.id of a failure' }, LOGS],
    summary: 'the story of one request: what the gateway wrote of it, its packets, and the verdict',
    options: [{ flags: '--json', help: 'the same as one JSON object' }, ...PCAP_OPTIONS, ...LOG_OPTIONS],
    examples: [
      {
        command: `hangup explain 49f95b35-8ec3-454f-9266-e2a9a6e03bdf ${SAMPLES}`,
        says: 'one refused connection of the samples',
      },
    ],
    load: () => import('./commands/explain.js'),
  },
  {
    name: 'pcap',
    arguments: [{ usage: 'CAPTURE...', help: 'pcap or pcapng files, globs, .gz, or - for standard input' }],
    summary:
      'connections to targets in packet captures: who closed, when, after how much idle time, and why requests failed',
    details:
      'Reads what tcpdump, dumpcap and Wireshark write. Of each failed connection it shows the few packets that matter, ' +
      'numbered as in the file, with a filter for Wireshark. Whether a close of the target acknowledges the request tells a ' +
      'keep-alive race from a premature close. Where a capture holds no headers (tcpdump -s, TLS), requests are told by turns, ' +
      'and what cannot be told is undetermined. A request that the gateway gave up before it wrote it is in no capture.',
    options: [
      { flags: '--json', help: 'one JSON object, with all connections' },
      { flags: '--target <IP:PORT>', help: 'only this target' },
      { flags: '--limit <COUNT>', help: 'connections to show of each cause (default: 3)' },
      { flags: '--logs <LOGS...>', help: "the gateway's logs: each failure gets its packets", repeatable: true },
      RESOLVE_OPTION,
      ...LOG_OPTIONS,
    ],
    examples: [
      { command: `hangup pcap ${SAMPLES}/races.pcap.gz`, says: 'what happened on these connections, packet by packet' },
      { command: `hangup pcap ${SAMPLES}/races.pcap.gz --json`, says: 'every connection, for a script' },
    ],
    load: () => import('./commands/pcap.js'),
  },
  CAPTURE,
  BUNDLE,
  {
    name: 'parse',
    arguments: [LOGS],
    summary: 'one log entry per line (NDJSON)',
    options: LOG_OPTIONS,
    examples: [{ command: `hangup parse ${SAMPLES}`, says: 'every entry, secrets hidden' }],
    load: () => import('./commands/parse.js'),
  },
  {
    name: 'check',
    arguments: [{ usage: '[PIPELINE]', help: 'pipeline file (YAML)' }],
    summary: 'validate a pipeline file',
    options: [
      { flags: '--connect', help: 'also look whether its inputs and stores can be reached' },
      SET_OPTION,
      { flags: '--options', help: 'list every option of pipeline files, with its default' },
    ],
    examples: [
      { command: 'hangup check pipelines/sample.yaml', says: 'all faults at once, with their lines' },
      { command: 'hangup check --options', says: 'what can be set' },
    ],
    load: () => import('./commands/check.js'),
  },
  {
    name: 'verify',
    arguments: [{ usage: 'PIPELINE', help: 'pipeline file (YAML) that ran' }],
    summary: 'read the input again and compare it with the stores: the same, or a list of differences',
    details:
      'Reads the files of the pipeline from their beginning to their end, changes nothing, and compares every field of ' +
      'every document with its duckdb and elasticsearch sinks. missing: not in the store; different: not the same fields; ' +
      'duplicate: several documents under one id; only_in_store: not of the input. The last is told of failures of the ' +
      "input's gateways (without a gateway: of its files) and of traffic of its partitions, between its first and its last " +
      'line; whatever else the store holds is no difference. What a run never saw is missing: lines before source.tail.start: ' +
      'end, and logs that are gone by now are not looked for. Exit code 3 where there is a difference.',
    options: [
      { flags: '--json', help: 'one JSON object, with all differences' },
      { flags: '--limit <COUNT>', help: 'differences to show of each store (default: 20, with --json all)' },
      SET_OPTION,
    ],
    examples: [
      { command: 'hangup verify pipelines/sample.yaml', says: 'what hangup run --once stored of the samples' },
    ],
    load: () => import('./commands/verify.js'),
  },
  {
    name: 'dead-letters',
    arguments: [
      { usage: '[ACTION]', help: 'list (may be left out), explain or replay' },
      {
        usage: '[WHAT]',
        help: 'list: the file that run named, or - for what hangup parse prints; explain: a reason; replay: a pipeline file',
      },
    ],
    summary: 'lines that could not be used and documents that a store refused: how many, why, where; replay',
    details:
      'list says how many letters lie in a file, or with --pipeline in the file or topic that a pipeline names. explain ' +
      'says what a reason means, how it comes about and what to do. replay gives letters back to a pipeline when their ' +
      'cause was mended: refused documents to the sink that refused them, rejected lines parsed again, without counting ' +
      'their requests. A replay may be repeated. It takes nothing away from the place; exit code 3 where some letters ' +
      'are of no use still.',
    options: [
      { flags: '--reason <REASON>', help: 'list, replay: only letters of this reason, such as bad_level or refused' },
      { flags: '--limit <COUNT>', help: 'list: letters to show one by one (default: 20)' },
      { flags: '--pipeline <PIPELINE>', help: 'list: the file or topic that this pipeline names' },
      { flags: '--from <PLACE>', help: 'replay: letters of a file, or -, in place of those that the pipeline names' },
      { flags: '--dry-run', help: 'replay: say what would come of it and write nothing' },
      { flags: '--remaining <FILE>', help: 'replay: write the letters that are left to a file' },
      SET_OPTION,
      { flags: '--json', help: 'counts as one JSON object; of explain, one for each reason' },
    ],
    examples: [
      { command: 'hangup dead-letters -', says: 'of what is piped into it: hangup parse LOGS | …' },
      { command: 'hangup dead-letters explain bad_level', says: 'what this reason means, and what to do' },
      { command: 'hangup dead-letters replay pipelines/sample.yaml --dry-run', says: 'what a replay would come to' },
    ],
    load: () => import('./commands/dead-letters.js'),
  },
  {
    name: 'keepalive',
    arguments: [],
    summary: 'which side closes idle connections first, at every hop from the client to the targets',
    options: [],
    examples: KEEPALIVE_COMMANDS.flatMap(({ examples }) => examples.slice(0, 1)),
    commands: KEEPALIVE_COMMANDS,
  },
  {
    name: 'setup',
    arguments: [{ usage: 'SERVER', help: 'elasticsearch or kibana' }],
    summary: 'install index templates and lifecycle policies in Elasticsearch, dashboards and alert rules in Kibana',
    details:
      'Changes only what is missing or older, and nothing that was changed by hand. User, password or API key come from the environment: ELASTICSEARCH_USERNAME, ELASTICSEARCH_PASSWORD, ELASTICSEARCH_API_KEY, or ELASTICSEARCH_PASSWORD_FILE and ELASTICSEARCH_API_KEY_FILE; for Kibana the same names with KIBANA_. A dry run ends with 3 where something would change or differs.',
    options: [
      {
        flags: '--url <URL>',
        help: 'where it is (default: $ELASTICSEARCH_URL, else http://localhost:9200; $KIBANA_URL, else http://localhost:5601)',
      },
      { flags: '--prefix <PREFIX>', help: 'how the names of the indices begin', default: DEFAULT_INDEX_PREFIX },
      { flags: '--dry-run', help: 'show the difference and change nothing' },
      { flags: '--overwrite', help: 'also replace what was changed by hand or by a newer version' },
      {
        flags: '--retention <KIND=DAYS>',
        help: 'how long indices of a kind are kept, such as failures=90d; may be given several times',
        repeatable: true,
      },
      {
        flags: '--ca <FILE>',
        help: "certificate authority's certificate (PEM; default: $ELASTICSEARCH_CA or $KIBANA_CA)",
      },
      { flags: '--space <SPACE>', help: 'space of Kibana (default: the default space)' },
      { flags: '--connector <ID>', help: 'connector by which Kibana rules notify (default: they notify nobody)' },
      {
        flags: '--print',
        help: 'print the requests as JSON for somebody else to send; needs no server',
        conflicts: 'dryRun',
      },
    ],
    examples: [{ command: 'hangup setup elasticsearch --print', says: 'what would be installed, without a server' }],
    load: () => import('./commands/setup.js'),
  },
  {
    name: 'start',
    arguments: [{ usage: '[LOGS...]', help: 'as for report (default: the sample logs)' }],
    summary: 'the main job (npm start): ingest the sample logs, or LOGS, and print the report',
    options: LOG_OPTIONS,
    examples: [{ command: 'hangup start', says: 'the samples through pipelines/sample.yaml' }],
    load: () => import('./commands/start.js'),
  },
]
