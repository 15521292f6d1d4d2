import fs from 'node:fs'
import path from 'node:path'

const BATCH_MS = 50
const FAILURE_EVERY = 250

/** Gateways that write their logs, each to a file of its own: requests of four lines, of which some fail. */
export class Writer {
  #files
  #requests = 0
  #next = 0

  /** Gateways are numbered from `first` on. */
  constructor(directory, files, first = 0) {
    fs.mkdirSync(directory, { recursive: true })
    // Each request has an id of its own.
    this.#requests = first * 1_000_000
    this.#files = Array.from({ length: files }, (_, number) => {
      const index = first + number
      const uid = `027cea80-e6eb-11f1-92ab-${index.toString(16).padStart(12, '0')}`
      const name = `edgemicro-gw-${index}-${uid}-1-api.log`
      return { index, descriptor: fs.openSync(path.join(directory, name), 'a') }
    })
  }

  get requests() {
    return this.#requests
  }

  /** Writes at a rate for some time; resolves to the number of lines. `quiet`: lines that no document follows from. */
  async write({ linesPerSecond, seconds, quiet = false }) {
    const startMs = performance.now()
    let lines = 0
    while (performance.now() - startMs < seconds * 1000) {
      const due = Math.min(seconds, (performance.now() - startMs) / 1000) * linesPerSecond
      while (lines < due) lines += quiet ? this.#quietLines() : this.#request()
      await new Promise((resolve) => setTimeout(resolve, BATCH_MS))
    }
    return lines
  }

  /** One failed request, both of its halves in one write. */
  fail() {
    const file = this.#file()
    fs.writeSync(file.descriptor, failure(file, this.#id()))
  }

  close() {
    for (const { descriptor } of this.#files) fs.closeSync(descriptor)
  }

  #request() {
    const id = this.#id()
    const file = this.#file()
    const isFailed = this.#requests % FAILURE_EVERY === 0
    fs.writeSync(file.descriptor, isFailed ? failure(file, id) : success(file, id))
    return isFailed ? 2 : 4
  }

  #quietLines() {
    const text = line({
      level: 'info',
      host: 'api.acme.example:8000',
      id: this.#id(),
      component: 'plugins-middleware',
      message: 'sourceRequest',
    })
    fs.writeSync(this.#file().descriptor, text.repeat(4))
    return 4
  }

  #file() {
    this.#next = (this.#next + 1) % this.#files.length
    return this.#files[this.#next]
  }

  #id() {
    return `6b089a00-d3d6-11eb-95aa-${(this.#requests++).toString(16).padStart(12, '0')}`
  }
}

function success(file, id) {
  const [gateway, target] = ['api.acme.example:8000', targetOf(file)]
  return (
    line({ level: 'info', host: gateway, id, component: 'plugins-middleware', message: 'sourceRequest' }) +
    line({ level: 'info', host: target, id, component: 'plugins-middleware', message: 'targetRequest' }) +
    line({
      level: 'info',
      host: target,
      id,
      component: 'plugins-middleware',
      message: 'targetResponse',
      status: '200',
      time: '12',
    }) +
    line({
      level: 'info',
      host: gateway,
      id,
      component: 'plugins-middleware',
      message: 'sourceResponse',
      status: '200',
      time: '13',
    })
  )
}

function failure(file, id) {
  const error = { level: 'error', id, error: 'socket hang up', code: 'ECONNRESET' }
  return (
    line({
      ...error,
      host: targetOf(file),
      component: 'plugins-middleware',
      message: 'targetRequest error',
      time: '395',
    }) + line({ ...error, host: 'api.acme.example:8000', component: 'microgateway-core', message: '', status: '502' })
  )
}

const targetOf = ({ index }) => `10.0.0.${index % 20}:8080`

function line({ level, host, id, component, message, status = '', error = '', code = '', time = '' }) {
  const head = `${new Date().toISOString()} [${level}][${host}][3][acme-eval][test][v2/orders/94976/detail][127.0.0.22]`
  return `${head}[k-3f9a7c55e1][${id}][${component}][${message}][GET][${status}][${error}][${code}][${time}]\n`
}
