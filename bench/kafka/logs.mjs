import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'

const CORPUS = path.join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'corpus')
/** Runs of the real gateway at level info. One without failures stands for most of its time: the others were made to fail. */
const RUNS = [
  'b-316-104',
  'd-337-102',
  'h-337-110',
  'a-337-info-103',
  'a-337-info-103',
  'a-337-info-103',
  'a-337-info-103',
  'a-337-info-103',
]
/** Processes of each run: so many files, so that all partitions of a topic get about as much. */
const PROCESSES = 4
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]{12}Z/gm
const ID = /\[[0-9a-f]{4}([0-9a-f]{4}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\])/g

/** Writes about so many lines of gateways into `directory`: each run again and again, later and with other correlation ids. */
export function writeLogs(directory, lines) {
  fs.mkdirSync(directory, { recursive: true })
  const perFile = lines / (RUNS.length * PROCESSES)
  let repetition = 0
  for (const [index, run] of RUNS.entries()) {
    const name = fs.readdirSync(path.join(CORPUS, run)).find((each) => each.endsWith('-api.log.gz'))
    const text = zlib.gunzipSync(fs.readFileSync(path.join(CORPUS, run, name))).toString('latin1')
    const times = (text.match(TIME) ?? []).map((time) => Date.parse(time))
    const everyMs = Math.max(...times) - Math.min(...times) + 1_000
    const [, host] = /^edgemicro-(emg-dev-\d+)/.exec(name)
    for (let process = 0; process < PROCESSES; process++) {
      const uid = randomUUID()
      const file = fs.openSync(path.join(directory, `edgemicro-${host}-${uid}-1-api.log`), 'w')
      for (let [written, time] = [0, 0]; written < perFile; time++) {
        const prefix = (repetition++ & 0xffff).toString(16).padStart(4, '0')
        const offsetMs = time * everyMs + index * 60_000 + process * 1_013
        const part = text
          .replace(TIME, (at) => new Date(Date.parse(at) + offsetMs).toISOString())
          .replace(ID, `[${prefix}$1`)
        const cut = nthLine(part, Math.ceil(perFile - written))
        fs.writeSync(file, part.slice(0, cut.index), null, 'latin1')
        written += cut.lines
      }
      fs.closeSync(file)
    }
  }
}

/** Index behind the nth line, and how many lines there are, where there are fewer. */
function nthLine(text, n) {
  let [index, lines] = [0, 0]
  while (lines < n) {
    const next = text.indexOf('\n', index)
    if (next < 0) break
    index = next + 1
    lines++
  }
  return { index, lines }
}
