// Gateways that write their logs, as one process of its own. It knows every line: each also goes to a journal, one file for
// each gateway. Told what to do as lines of JSON on stdin, which it answers in their order: see `command`. On SIGHUP it opens again what a rotator renamed,
// and takes away the file `reopen` beside it.
import fs from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'

const { directory, journal, gateways, inPieces, writeCloses, failEvery, linesPerSecond, speed, startMs, seed } =
  JSON.parse(process.argv[2])
const TICK_MS = 20

let state = seed
/** 0 … 1, without 1 (mulberry32). */
function random() {
  state = (state + 0x6d2b79f5) | 0
  let value = Math.imul(state ^ (state >>> 15), 1 | state)
  value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
  return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
}

const between = (low, high) => low + Math.floor(random() * (high - low + 1))

class Gateway {
  constructor(name, index) {
    this.name = name
    this.index = index
    this.number = 1
    this.requests = 0
    this.lines = 0
    this.bytes = 0
    // Of them, those in files that were destroyed.
    this.endedBytes = 0
    this.lastMs = 0
    // What is cut off a piece in the middle of a line.
    this.held = ''
    fs.mkdirSync(path.join(directory, name), { recursive: true })
    fs.mkdirSync(journal, { recursive: true })
    this.journal = fs.openSync(path.join(journal, this.fileName(1)), 'a')
    this.log = fs.openSync(this.path, 'a')
  }

  fileName(number) {
    return `edgemicro-${this.name}-u${this.index}-${number}-api.log`
  }

  get path() {
    return path.join(directory, this.name, this.fileName(this.number))
  }

  write(count, nowMs) {
    let text = ''
    while (count > 0) {
      const lines = this.request(nowMs)
      count -= lines.length
      text += `${lines.join('\n')}\n`
    }
    fs.writeSync(this.journal, text)
    this.give(text)
  }

  /** Where it may, in pieces that end anywhere; the last one waits for the next time. */
  give(text) {
    const all = this.held + text
    const isCut = inPieces.includes(this.name) && between(0, 3) === 0
    const cut = isCut ? between(0, all.length) : all.length
    this.append(all.slice(0, cut))
    this.held = all.slice(cut)
  }

  append(text) {
    if (text.length > 0) this.bytes += fs.writeSync(this.log, text)
  }

  request(nowMs) {
    const number = this.requests++
    const pid = 1 + (number % 2)
    const id = `${this.index.toString(16).padStart(8, '0')}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
    const fields = (host, component, message, status, rest) =>
      `[${host}][${pid}][acme][test][v2/orders/line-${number}][127.0.0.1][][${id}][${component}][${message}][GET][${status}]${rest}`
    const target = `10.0.${this.index}.${number % 3}:8080`
    const lines = [`${this.time(nowMs)} [info]${fields(target, 'plugins-middleware', 'targetRequest', '', '[][][]')}`]
    if (number % failEvery === 0) {
      lines.push(
        `${this.time(nowMs)} [error]${fields(target, 'plugins-middleware', 'targetRequest error', '', '[socket hang up][ECONNRESET][395]')}`,
        `${this.time(nowMs)} [error]${fields('api.acme.example:8000', 'microgateway-core', '', '502', '[socket hang up][ECONNRESET][]')}`,
      )
    } else {
      lines.push(
        `${this.time(nowMs)} [info]${fields(target, 'plugins-middleware', 'targetResponse', '200', '[][][5]')}`,
      )
      if (writeCloses.includes(this.name)) {
        lines.push(
          `${this.time(nowMs)} [info]${fields(target, 'plugins-middleware', 'targetResponse close', '200', '[][][6]')}`,
        )
      }
    }
    this.lines += lines.length
    return lines
  }

  /** Event time goes faster than ours. Never twice the same. */
  time(nowMs) {
    this.lastMs = Math.max(this.lastMs + 1, startMs + Math.floor(nowMs * speed))
    return new Date(this.lastMs).toISOString()
  }

  /** A line is never cut by the gateway itself. */
  finishLine() {
    const end = this.held.indexOf('\n') + 1
    this.append(this.held.slice(0, end))
    this.held = this.held.slice(end)
  }

  reopen() {
    this.finishLine()
    fs.closeSync(this.log)
    this.log = fs.openSync(this.path, 'a')
  }
}

/** What was in a file that was destroyed: a stretch of the journal. */
function ended(gateway, inode) {
  const from = gateway.endedBytes
  gateway.endedBytes = gateway.bytes
  return { inode, from, to: gateway.bytes }
}

function inodeOf(gateway) {
  const { dev, ino } = fs.fstatSync(gateway.log, { bigint: true })
  return `${dev}:${ino}`
}

const all = gateways.map((name, index) => new Gateway(name, index))
const of = (name) => all.find((gateway) => gateway.name === name)

const command = {
  /** The gateway's own rotation: it goes on in the next file. */
  next: ({ name }) => {
    of(name).number++
    of(name).reopen()
    return {}
  },
  recreate: ({ name }) => {
    const gateway = of(name)
    const inode = inodeOf(gateway)
    fs.rmSync(gateway.path)
    gateway.reopen()
    return ended(gateway, inode)
  },
  truncate: ({ name }) => {
    const gateway = of(name)
    gateway.finishLine()
    fs.truncateSync(gateway.path)
    return ended(gateway, inodeOf(gateway))
  },
  stop: () => {
    clearInterval(timer)
    for (const gateway of all) {
      gateway.append(gateway.held)
      gateway.held = ''
    }
    return Object.fromEntries(all.map(({ name, lines, bytes }) => [name, { lines, bytes }]))
  },
}

const started = performance.now()
let given = 0
const timer = setInterval(() => {
  const nowMs = performance.now() - started
  const due = Math.floor((nowMs / 1000) * linesPerSecond) - given
  given += due
  for (const gateway of all) gateway.write(Math.ceil(due / all.length), nowMs)
}, TICK_MS)

process.on('SIGHUP', () => {
  for (const gateway of all) {
    const there = fs.statSync(gateway.path, { throwIfNoEntry: false })
    if (there?.ino !== fs.fstatSync(gateway.log).ino) gateway.reopen()
    fs.rmSync(path.join(directory, gateway.name, 'reopen'), { force: true })
  }
})
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { what, ...rest } = JSON.parse(line)
  const answer = command[what](rest)
  process.stdout.write(`${JSON.stringify(answer)}\n`, () => what === 'stop' && process.exit(0))
})
process.stdout.write('ready\n')
