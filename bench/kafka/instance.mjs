import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { cpuSecondsOf, memoryBytesOf } from '../runner/process-numbers.mjs'

const MAIN = path.join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')

/** `hangup run` of a pipeline from the topic to standard output, which goes to a file. */
export class Instance {
  constructor({ name, scratch, brokers, topic, group, nodeOptions = [] }) {
    const directory = path.join(scratch, name)
    fs.mkdirSync(directory, { recursive: true })
    this.output = path.join(directory, 'documents.ndjson')
    const pipeline = {
      name: 'bench',
      source: { kafka: { brokers, topic, group } },
      sinks: [{ stdout: { traffic: true } }],
      state: { directory },
    }
    const file = path.join(directory, 'pipeline.yaml')
    // JSON is YAML.
    fs.writeFileSync(file, JSON.stringify(pipeline))
    const output = fs.openSync(this.output, 'w')
    this.child = spawn(process.execPath, [...nodeOptions, MAIN, 'run', file], { stdio: ['ignore', output, 'pipe'] })
    fs.closeSync(output)
    this.messages = ''
    this.started = new Promise((resolve) => {
      this.child.stderr.on('data', (chunk) => {
        this.messages += chunk
        if (this.messages.includes('"msg":"started"')) resolve(this.cpuSeconds())
      })
    })
    this.ended = new Promise((resolve) => this.child.once('close', (code) => resolve(code)))
  }

  /** User and system time of the process so far, all threads. */
  cpuSeconds() {
    return cpuSecondsOf(this.child.pid)
  }

  peakBytes() {
    return memoryBytesOf(this.child.pid, 'VmHWM')
  }

  /** Stops it cleanly; resolves to the lines that it has read. */
  async stop() {
    this.child.kill('SIGTERM')
    const code = await this.ended
    if (code !== 143) throw new Error(`hangup ended with ${code}: ${this.messages.slice(-600)}`)
    const stopped = this.messages.split('\n').find((line) => line.includes('"msg":"stopped"'))
    return JSON.parse(stopped).ledger.lines
  }

  /** What its documents say; of one that came again the last, which says the most. */
  answer() {
    return answerOf([this.output])
  }
}

/** Failures by id, and requests over all traffic documents, of which the larger count stays. */
export function answerOf(outputs) {
  const failures = new Set()
  const counts = new Map()
  for (const output of outputs) {
    for (const line of fs.readFileSync(output, 'utf8').split('\n')) {
      if (line === '') continue
      const { '@timestamp': at, event, http, edgemicro, log } = JSON.parse(line)
      if (event.dataset === 'edgemicro.failure') failures.add(http.request.id ?? `${log.file.path} ${log.offset}`)
      if (event.dataset !== 'edgemicro.traffic') continue
      const { requests, responses: _, ...dimensions } = edgemicro
      const key = JSON.stringify([at, dimensions])
      counts.set(key, Math.max(counts.get(key) ?? 0, requests))
    }
  }
  return { failures: failures.size, requests: [...counts.values()].reduce((sum, each) => sum + each, 0) }
}
