import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import { ours } from '../elasticsearch/corpus.mjs'

/** Folders at or below a directory that hold a run: a log and what really happened (`truth.json`, also packed). */
export function runsBelow(directory) {
  if (truthIn(directory) !== undefined) return [directory]
  return fs
    .readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => runsBelow(path.join(directory, name)))
    .sort()
}

/** The failures of a run as `hangup failures` tells them, the estimates of `report`, and the truth. */
export async function readRun(directory) {
  const truth = JSON.parse(unpacked(path.join(directory, truthIn(directory))))
  const { analyze } = await ours('pipeline/analyze.js')
  const { openLogs } = await ours('pipeline/open-logs.js')
  const { Redactor, SHOW_ALL } = await ours('redact/redactor.js')
  const { source } = await openLogs({ inputs: logsIn(directory), stdin: process.stdin, onProblem: fail })
  const documents = []
  const { estimates } = await analyze({
    source,
    redactor: new Redactor(SHOW_ALL, new Uint8Array(0)),
    onDocuments: (all) => {
      for (const { kind, document } of all) if (kind === 'failure') documents.push(document)
    },
    signal: new AbortController().signal,
  })
  return { name: path.basename(directory), truth, documents, estimates }
}

function truthIn(directory) {
  return fs.readdirSync(directory).find((name) => /^truth\.json(\.gz)?$/.test(name))
}

/** With `to_console` there is no log file: what the gateway printed is the log. */
function logsIn(directory) {
  const names = fs.readdirSync(directory)
  const logs = names.filter((name) => /^edgemicro-.*\.log(\.gz)?$/.test(name))
  const taken = logs.length > 0 ? logs : names.filter((name) => /^console\.txt(\.gz)?$/.test(name))
  return taken.map((name) => path.join(directory, name))
}

function unpacked(file) {
  const bytes = fs.readFileSync(file)
  return (file.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes).toString('utf8')
}

function fail(problem) {
  throw problem
}
