/**
 * How well do failures find their packets? Every capture of the corpus with its log, as it is, without the ids of requests, and without
 * ids, methods and paths; and with a capture clock that is an hour off.
 *
 *   npm run build && node bench/match.mjs
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import zlib from 'node:zlib'
import { CaptureAnalysis } from '../dist/pcap/capture-analysis.js'
import { findingsOf } from '../dist/pcap/findings.js'
import { HostNames } from '../dist/pcap/host-names.js'
import { CaptureMatches } from '../dist/pcap/match/capture-matches.js'
import { Targets } from '../dist/pcap/targets.js'

const ROOT = path.resolve(import.meta.dirname, '..')
const CORPUS = path.join(ROOT, 'test/fixtures/corpus')
const HOUR_MS = 3_600_000
const WITHOUT = {
  nothing: [],
  ids: ['correlationId'],
  heads: ['correlationId', 'method', 'target', 'pathStart'],
}
const total = { within: 0, sure: 0, likeliest: 0, wrong: 0 }
const state = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-bench-match-'))
const row = (...cells) => console.log(cells.map((cell, at) => String(cell).padEnd(WIDTHS[at])).join(''))
const WIDTHS = [40, 10, 8, 8, 6, 12, 11, 7, 14]

try {
  row('capture', 'without', 'within', 'sure', 'by id', 'likeliest ok', ' ambiguous', 'wrong', 'causes right')
  for (const run of fs.readdirSync(CORPUS).filter((name) => fs.existsSync(path.join(CORPUS, name, 'pcap')))) {
    const truth = JSON.parse(unzip(path.join(CORPUS, run, 'truth.json.gz')))
    const failures = failuresOf(run)
    const halves = failuresOf(run, '--halves-only')
    for (const file of fs.readdirSync(path.join(CORPUS, run, 'pcap'))) {
      for (const without of Object.keys(WITHOUT)) {
        for (const clockMs of [0, HOUR_MS]) measure({ run, truth, file, without, clockMs, failures, halves })
      }
    }
  }
} finally {
  fs.rmSync(state, { recursive: true, force: true })
}
const share = (count) => `${((100 * count) / total.within).toFixed(1)} %`
console.log(
  `\ncaptures with heads, as they are: ${total.within} failures, sure ${share(total.sure)}, ` +
    `the likeliest right ${share(total.likeliest)}; wrong in all rows: ${total.wrong}`,
)
process.exitCode = total.wrong > 0 ? 1 : 0

function unzip(file) {
  return zlib.gunzipSync(fs.readFileSync(file))
}

function failuresOf(run, ...options) {
  const command = [
    path.join(ROOT, 'dist/cli/main.js'),
    'failures',
    path.join(CORPUS, run),
    '--state',
    state,
    ...options,
  ]
  const output = execFileSync(process.execPath, command, { maxBuffer: 1e9, stdio: ['ignore', 'pipe', 'ignore'] })
  return output.toString().trim().split('\n').map(JSON.parse)
}

function measure({ run, truth, file, without, clockMs, failures, halves }) {
  const isCut = file.includes('snap')
  const needsNames = isCut || without === 'heads'
  const names = new Map(needsNames ? truth.targets.map(({ hostport, ip }) => [hostport.replace(/:.*/, ''), [ip]]) : [])
  const name = file.replace('.gz', '')
  const list = (truth.captures[name] ?? truth.captures['gwside-raw.pcap']).list
  const streams = new Map(list.flatMap((each) => each.correlation_ids_failed.map((id) => [id, each.tcp_stream])))
  const causes = new Map(truth.requests.map(({ correlation_id: id, cause }) => [id, cause]))
  const capture = {
    bytes: unzip(path.join(CORPUS, run, 'pcap', file)),
    name,
    names,
    cleared: WITHOUT[without],
    clockMs,
  }
  const matches = matched(capture, failures)
  const found = { sure: 0, id: 0, likeliest: 0, ambiguous: 0, wrong: 0 }
  for (const { failure, basis, requests } of matches.all) {
    const isRight = requests[0].finding.facts.index === streams.get(failure.id)
    if (isRight) found.likeliest++
    if (basis === 'ambiguous') found.ambiguous++
    else if (isRight) found.sure++
    else found.wrong++
    if (basis === 'id') found.id++
  }
  const within = matches.all.length + matches.unmatched.length
  total.wrong += found.wrong
  if (!isCut && without === 'nothing') {
    total.within += within
    total.sure += found.sure
    total.likeliest += found.likeliest
  }
  const fromHalves = matched(capture, halves)
  const judged = halves
    .filter(({ http }) => fromHalves.of(http.request.id) !== null)
    .map((each) => fromHalves.judged(each))
  const right = judged.filter(({ http, edgemicro }) => edgemicro.cause === causes.get(http.request.id)).length
  const label = `${run}/${name}${clockMs === 0 ? '' : ' +1 h'}`
  row(
    label,
    without,
    within,
    found.sure,
    found.id,
    found.likeliest,
    ` ${found.ambiguous}`,
    found.wrong,
    `${right} of ${judged.length}`,
  )
}

function matched({ bytes, name, names: given, cleared, clockMs }, failures) {
  const targets = new Targets()
  const names = new HostNames(given)
  const analysis = new CaptureAnalysis({ targets, names })
  analysis.push(bytes)
  analysis.endFile()
  const result = analysis.end()
  const findings = findingsOf([name], { ...result, baseSeconds: result.baseSeconds + clockMs / 1_000 }, targets)
  for (const { facts } of findings) {
    if (facts.exchange !== null) for (const field of cleared) facts.exchange[field] = null
  }
  const matches = new CaptureMatches({ captures: [{ name, findings }], targets, names, pathOf: (target) => target })
  for (const failure of failures) matches.add(failure)
  matches.match()
  return matches
}
