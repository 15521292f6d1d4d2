import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

const PEERS = path.join(import.meta.dirname, '..', 'peers')
const PYTHON = path.join(import.meta.dirname, '..', '.venv', 'bin', 'python')
const C_LOCALE = { LC_ALL: 'C' }
/** syslog-ng waits for its input with epoll by itself, which refuses regular files. */
const POLL_FILES = { IV_EXCLUDE_POLL_METHOD: 'epoll-timerfd epoll' }

export const INSTALL = `apt-get install --no-install-recommends mawk syslog-ng-core time
python3 -m venv bench/.venv && bench/.venv/bin/pip install duckdb polars
`

/**
 * All programs in the order of the tables. `answer` says how the output is checked; `command` takes the log and the
 * output file, and where `writes` is not set the output is the program's standard output.
 */
export function contenders(main) {
  const ours = { ours: true, missing: () => (fs.existsSync(main) ? null : 'not built: npm run build') }
  const hangup = (...options) => [process.execPath, main, ...options]
  return [
    {
      ...ours,
      job: 'P',
      name: 'hangup parse --show-secrets',
      answer: 'entries',
      command: (log) => hangup('parse', '--show-secrets', log),
    },
    { ...ours, job: 'P', name: 'hangup parse', answer: 'redacted', command: (log) => hangup('parse', log) },
    ...parsers(),
    {
      ...ours,
      job: 'J',
      name: 'hangup failures --halves-only',
      answer: 'documents',
      command: (log) => hangup('failures', '--halves-only', log),
    },
    ...joiners(),
    {
      ...ours,
      job: 'R',
      name: 'hangup report --json',
      answer: 'report',
      command: (log) => hangup('report', '--json', log),
    },
  ]
}

function parsers() {
  const peer = { job: 'P', answer: 'events' }
  return [
    { ...peer, name: 'mawk', ...mawk('P') },
    { ...peer, name: 'DuckDB string_split', ...duckdb('duckdb-split-parse.sql') },
    { ...peer, name: 'DuckDB regexp_extract', ...duckdb('duckdb-regexp-parse.sql') },
    { ...peer, name: 'polars split', ...polars('P') },
    { ...peer, name: 'Node readline + regex', ...readline('P') },
    { ...peer, name: 'syslog-ng regexp-parser', ...syslogNg('syslog-ng-parse.conf') },
  ]
}

function joiners() {
  const peer = { job: 'J', answer: 'pairs' }
  return [
    { ...peer, name: 'grep -F (filter only)', answer: 'filter', ...grep() },
    { ...peer, name: 'mawk', ...mawk('J') },
    { ...peer, name: 'DuckDB string_split', ...duckdb('duckdb-split-join.sql') },
    { ...peer, name: 'DuckDB regexp_extract', ...duckdb('duckdb-regexp-join.sql') },
    { ...peer, name: 'polars split', ...polars('J') },
    { ...peer, name: 'Node readline + regex', ...readline('J') },
    { ...peer, name: 'syslog-ng grouping-by', ...syslogNg('syslog-ng-join.conf') },
  ]
}

function grep() {
  const command = (log) => ['grep', '-F', '-e', '[warn][', '-e', '[error][', log]
  return { command, environment: C_LOCALE, missing: () => withoutProgram('grep') }
}

function mawk(job) {
  const command = (log) => ['mawk', '-v', `job=${job}`, '-f', path.join(PEERS, 'edgemicro.awk'), log]
  return { command, environment: C_LOCALE, missing: () => withoutProgram('mawk') }
}

function readline(job) {
  return { command: (log) => [process.execPath, path.join(PEERS, 'readline.mjs'), job, log], missing: () => null }
}

function duckdb(script) {
  const command = (log, output) => [PYTHON, path.join(PEERS, 'duckdb-run.py'), path.join(PEERS, script), log, output]
  return { command, writes: true, missing: () => withoutModule('duckdb') }
}

function polars(job) {
  const command = (log, output) => [PYTHON, path.join(PEERS, 'polars-run.py'), job, log, output]
  return { command, writes: true, missing: () => withoutModule('polars') }
}

function syslogNg(configuration) {
  const command = (_log, _output, scratch) => [
    ...['syslog-ng', '--foreground', '--stderr', '--no-caps', '--cfgfile', path.join(PEERS, configuration)],
    ...['--persist-file', path.join(scratch, 'persist'), '--pidfile', path.join(scratch, 'pid')],
    ...['--control', path.join(scratch, 'control')],
  ]
  const missing = () => withoutProgram('syslog-ng')
  return {
    command,
    writes: true,
    stdin: true,
    outputVariable: 'OUTPUT',
    environment: { PEERS, ...POLL_FILES },
    missing,
  }
}

function withoutProgram(name) {
  return spawnSync('bash', ['-c', `command -v "$1"`, 'bash', name]).status === 0 ? null : 'not installed'
}

function withoutModule(name) {
  return spawnSync(PYTHON, ['-c', `import ${name}`]).status === 0 ? null : 'not installed'
}
