import { spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { measure } from '../runner/measure.mjs'

const MAIN = path.join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')

/** The whole program, from a log to the last frequency document. */
export async function runOnce({ url, prefix, log, scratch }) {
  return measure({
    command: [process.execPath, MAIN, 'run', pipelineFile({ url, prefix, log, scratch }), '--once'],
    scratch,
  })
}

/**
 * The same, while nobody listens where the server was: how much memory it takes to wait, in bytes, second by second; then
 * the server is there again, and the run must end well. The server itself is left alone: a relay stands before it.
 */
export async function runStopped({ url, prefix, log, scratch, seconds, isUnderWay }) {
  const relay = await Relay.open(new URL(url))
  const file = pipelineFile({ url: relay.url, prefix, log, scratch })
  const child = spawn(process.execPath, [MAIN, 'run', file, '--once'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const ended = new Promise((resolve) => {
    child.once('close', resolve)
  })
  while (!(await isUnderWay())) await sleep(100)
  await relay.stop()
  const resident = []
  for (let second = 0; second < seconds && child.exitCode === null; second++) {
    await sleep(1_000)
    resident.push(residentBytes(child.pid))
  }
  await relay.start()
  const exitCode = await ended
  await relay.stop()
  return { resident, exitCode, errors }
}

function pipelineFile({ url, prefix, log, scratch }) {
  const file = path.join(scratch, 'pipeline.yaml')
  const pipeline = {
    name: 'bench',
    source: { files: { paths: [log] } },
    sinks: [{ elasticsearch: { node: url, prefix } }],
    state: { directory: path.join(scratch, 'state') },
  }
  // JSON is YAML.
  fs.writeFileSync(file, JSON.stringify(pipeline))
  return file
}

function residentBytes(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1_024
}

/** Passes connections on to a server, or refuses them as a server does that is stopped. */
class Relay {
  #target
  #server = null
  #port = 0
  #sockets = new Set()

  static async open(target) {
    const relay = new Relay(target)
    await relay.start()
    return relay
  }

  constructor(target) {
    this.#target = target
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`
  }

  async start() {
    this.#server = net.createServer((socket) => {
      const onward = net.connect(Number(this.#target.port), this.#target.hostname)
      for (const [one, other] of [
        [socket, onward],
        [onward, socket],
      ]) {
        this.#sockets.add(one)
        one.on('error', () => {})
        one.on('close', () => {
          this.#sockets.delete(one)
          other.destroy()
        })
        one.pipe(other)
      }
    })
    await new Promise((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = this.#server.address().port
  }

  async stop() {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
