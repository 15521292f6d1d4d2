import fs from 'node:fs'
import path from 'node:path'
import { makeLines } from './lines.mjs'
import { Random } from './random.mjs'
import { Truth } from './truth.mjs'

/** The two log files of the benchmarks at scale 1. A new `version` makes old files on disk worthless. */
export const FILES = {
  info: { version: 2, seed: 20_210_623, lines: 2_000_000, meanGapMs: 7, failureShare: 0.02, infoLines: true },
  pairs: { version: 2, seed: 20_261_123, lines: 600_000, meanGapMs: 12, failureShare: 1, infoLines: false },
}

const START_MS = Date.parse('2026-11-23T02:00:00.000Z')
const WRITE_CHARACTERS = 4 << 20
const TELL_EVERY_LINES = 100_000

/** `info`, `info-x10`, `info-x0.05`. */
export function nameOf(name, scale) {
  return scale === 1 ? name : `${name}-x${scale}`
}

/**
 * Makes a log and its `.truth.json` and `.pairs.tsv`, unless they are there already. Returns their paths. The truth is
 * written last: a log without one was never finished.
 */
export function ensureData({ directory, name, scale, tell }) {
  const stem = path.join(directory, nameOf(name, scale))
  const paths = { log: `${stem}.log`, truth: `${stem}.truth.json`, pairs: `${stem}.pairs.tsv` }
  if (isFinished(paths, FILES[name].version)) return paths
  fs.mkdirSync(directory, { recursive: true })
  fs.rmSync(paths.truth, { force: true })
  const truth = writeLog({ file: paths.log, options: FILES[name], scale, tell })
  fs.writeFileSync(paths.pairs, truth.pairs().join('\n'))
  fs.writeFileSync(paths.truth, JSON.stringify({ version: FILES[name].version, ...truth.summary() }))
  return paths
}

function isFinished(paths, version) {
  try {
    const truth = JSON.parse(fs.readFileSync(paths.truth, 'utf8'))
    return truth.version === version && fs.statSync(paths.log).size === truth.bytes
  } catch {
    return false
  }
}

function writeLog({ file, options, scale, tell }) {
  const minimumLines = Math.round(options.lines * scale)
  const truth = new Truth(Math.max(1, Math.floor(minimumLines / 1_000)))
  const output = fs.openSync(file, 'w')
  let [text, lines] = ['', 0]
  const generated = makeLines({ ...options, random: new Random(options.seed), startMs: START_MS, minimumLines })
  for (const line of generated) {
    const timestamp = new Date(line.timeMs).toISOString()
    const written = `${timestamp}${line.text}\n`
    truth.observe(line, timestamp, Buffer.byteLength(written))
    text += written
    lines += 1
    if (text.length >= WRITE_CHARACTERS) {
      fs.writeSync(output, text)
      text = ''
    }
    if (lines % TELL_EVERY_LINES === 0) tell(`\r${path.basename(file)}: ${lines} of ${minimumLines} lines`)
  }
  fs.writeSync(output, text)
  fs.closeSync(output)
  tell(`\r${path.basename(file)}: ${lines} lines\n`)
  return truth
}
