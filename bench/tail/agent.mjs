import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { cpuSecondsOf, memoryBytesOf } from '../runner/process-numbers.mjs'

const MAIN = path.join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')

/** `hangup run` of a pipeline that follows logs into a DuckDB file, with its metrics. */
export class Agent {
  /** With `once`, it reads the same to the end and no more. */
  constructor({ logs, state, nodeOptions = [], set = [], once = false }) {
    fs.mkdirSync(state, { recursive: true })
    const file = path.join(state, 'bench.yaml')
    // JSON is YAML. But for places, all is as by default.
    const pipeline = {
      source: { tail: { paths: [logs] } },
      sinks: [{ duckdb: { path: path.join(state, 'store.duckdb') } }],
      state: { directory: state },
      http: { listen: '127.0.0.1:0' },
    }
    fs.writeFileSync(file, JSON.stringify(pipeline))
    const options = [...(once ? ['--once'] : []), ...set.flatMap((each) => ['--set', each])]
    const command = [...nodeOptions, MAIN, 'run', file, ...options]
    const startMs = performance.now()
    const measured = once
      ? ['/usr/bin/time', ['-f', 'took %U %S', process.execPath, ...command]]
      : [process.execPath, command]
    this.child = spawn(...measured, { stdio: ['ignore', 'ignore', 'pipe'] })
    /** Of a run to the end, when it has ended. */
    this.usage = new Promise((resolve) => {
      this.child.once('close', () => {
        const [, user, system] = /took (\S+) (\S+)/.exec(this.messages) ?? []
        resolve({ cpu: Number(user) + Number(system), wall: (performance.now() - startMs) / 1000 })
      })
    })
    this.messages = ''
    this.ended = new Promise((resolve) => this.child.once('close', (code) => resolve(code)))
    this.url = new Promise((resolve, reject) => {
      this.child.once('close', () => reject(new Error(`hangup ended: ${this.messages.slice(-600)}`)))
      this.child.stderr.on('data', (chunk) => {
        this.messages += chunk
        const url = /"url":"([^"]+)"/.exec(this.messages)?.[1]
        if (url !== undefined && this.messages.includes('"msg":"started"')) resolve(url)
      })
    })
    // Only a failure where somebody waits for it.
    this.url.catch(() => {})
  }

  /** User and system time of the process so far, all threads. */
  cpuSeconds() {
    return cpuSecondsOf(this.child.pid)
  }

  residentBytes() {
    return memoryBytesOf(this.child.pid, 'VmRSS')
  }

  descriptors() {
    return fs.readdirSync(`/proc/${this.child.pid}/fd`).length
  }

  /** The sum of a metric over all of its series. */
  async metric(name) {
    const text = await (await fetch(`${await this.url}/metrics`)).text()
    const found = text.matchAll(new RegExp(`^${name}(?:\\{[^\\n]*\\})? (\\S+)$`, 'gm'))
    return [...found].reduce((sum, [, value]) => sum + Number(value), 0)
  }

  async until(name, least, everyMs = 100) {
    while ((await this.metric(name)) < least) {
      if (this.child.exitCode !== null) throw new Error(`hangup ended: ${this.messages.slice(-600)}`)
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }

  /** Stops it cleanly; resolves to how long that took, in seconds. */
  async stop() {
    const startMs = performance.now()
    this.child.kill('SIGTERM')
    const code = await this.ended
    if (code !== 143) throw new Error(`hangup ended with ${code}: ${this.messages.slice(-600)}`)
    return (performance.now() - startMs) / 1000
  }
}
