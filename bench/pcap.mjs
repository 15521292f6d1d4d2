/**
 * How fast is `hangup pcap`, beside `tshark -T fields` on the same file in the same run?
 *
 *   node bench/pcap.mjs            # 2 million packets; median of three, tshark once
 *   node bench/pcap.mjs --quick    # 100,000 packets, once: are the answers right? No figures to quote
 *   node bench/pcap.mjs --large    # also the memory on a capture of 4 GB
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { writeCapture } from './pcap/capture.mjs'
import { measure, median } from './runner/measure.mjs'

const HANGUP = path.resolve(import.meta.dirname, '../dist/cli/main.js')
const flags = new Set(process.argv.slice(2))
const isQuick = flags.has('--quick')
const rounds = isQuick ? 1 : 3
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-bench-pcap-'))
let wrong = 0

try {
  for (const kind of ['long', 'short']) {
    await compare(kind, isQuick ? 100_000 : 2_000_000)
  }
  if (flags.has('--large')) await weigh(11_000_000)
} finally {
  fs.rmSync(scratch, { recursive: true, force: true })
}
process.exitCode = wrong > 0 ? 1 : 0

/** `long`: connections of 30 requests; `short`: of one. */
async function compare(kind, packets) {
  const file = path.join(scratch, `${kind}.pcap`)
  const truth = writeCapture(file, { packets, requestsPerConnection: kind === 'long' ? 30 : 1 })
  const output = path.join(scratch, 'answer')
  const fields = ['frame.number', 'tcp.stream', 'tcp.flags', 'frame.time_relative']
  const programs = {
    hangup: [process.execPath, HANGUP, 'pcap', file, '--json'],
    tshark: ['tshark', '-n', '-r', file, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
  }
  const seconds = { hangup: [], tshark: [] }
  let peakBytes = 0
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(programs)) {
      if (name === 'tshark' && round > 0) continue
      const measured = await measure({ command, stdoutFile: output, scratch })
      if (measured.exitCode !== 0) throw new Error(`${name}: ${measured.stderr}`)
      seconds[name].push(measured.cpuSeconds)
      if (name === 'hangup') {
        peakBytes = Math.max(peakBytes, measured.peakBytes ?? 0)
        check(kind, JSON.parse(fs.readFileSync(output, 'utf8')), truth)
      }
    }
  }
  const [ours, theirs] = [median(seconds.hangup), median(seconds.tshark)]
  const perSecond = (cpuSeconds) => Math.round(truth.packets / cpuSeconds / 1_000).toLocaleString('en')
  console.log(
    `${kind}: ${truth.packets.toLocaleString('en')} packets, ${truth.connections.toLocaleString('en')} connections; ` +
      `hangup ${perSecond(ours)} thousand packets per CPU-second (${ours.toFixed(2)} s, ${Math.round(peakBytes / 1e6)} MB), ` +
      `tshark ${perSecond(theirs)} (${theirs.toFixed(2)} s): ${(theirs / ours).toFixed(1)} times as fast`,
  )
}

async function weigh(packets) {
  const file = path.join(scratch, 'large.pcap')
  writeCapture(file, { packets, requestsPerConnection: 30 })
  const command = [process.execPath, HANGUP, 'pcap', file]
  const { cpuSeconds, peakBytes } = await measure({ command, stdoutFile: path.join(scratch, 'answer'), scratch })
  const size = (fs.statSync(file).size / 1e9).toFixed(1)
  console.log(
    `large: ${size} GB in ${cpuSeconds.toFixed(1)} CPU-seconds, ${Math.round((peakBytes ?? 0) / 1e6)} MB at most`,
  )
}

function check(kind, { connections, targets, captures }, truth) {
  const [capture] = captures
  const listed = connections.length + capture.omitted_connections
  const races = connections.filter(({ cause }) => cause === 'keepalive_race').length
  const answer = [capture.packets, capture.connections, listed, races, targets[0].requests]
  const expected = [truth.packets, truth.connections, truth.connections, truth.races, truth.requests]
  if (JSON.stringify(answer) === JSON.stringify(expected)) return
  wrong++
  console.log(`${kind}: WRONG: ${answer} (packets, connections, listed, races, requests) for ${expected}`)
}
