// A small stand-in for Edge Microgateway, which cannot run without an Apigee organisation: it sends what it gets to its targets
// over keep-alive connections, one pool for each API, and writes what really happens to a log like the gateway's own.
//
//   GATEWAY_TARGETS='/orders=target:8080,/search=target:8080' GATEWAY_LOGS=/var/tmp node gateway.mjs

import { randomUUID } from 'node:crypto'
import http from 'node:http'
import os from 'node:os'
import { openLog } from './log.mjs'

const {
  GATEWAY_HOST = '127.0.0.1',
  GATEWAY_PORT = '8000',
  GATEWAY_TARGETS = '/orders=127.0.0.1:8080',
  GATEWAY_LOGS = '/var/tmp',
  GATEWAY_NAME = os.hostname(),
  GATEWAY_TIMEOUT_MS = '2000',
} = process.env

const proxies = GATEWAY_TARGETS.split(',').map((each) => {
  const [, basePath, host, port] = /^(\/[^=]*)=([^:]+):(\d+)$/.exec(each)
  return { basePath, host, port: Number(port), target: `${host}:${port}`, agent: new http.Agent({ keepAlive: true }) }
})
const log = openLog({ directory: GATEWAY_LOGS, hostname: GATEWAY_NAME, org: 'acme-eval', env: 'demo' })

const server = http.createServer((request, response) => {
  const proxy = proxies.find(({ basePath }) => request.url === basePath || request.url.startsWith(`${basePath}/`))
  if (proxy === undefined) return refuse(request, response)
  forward(request, response, proxy)
})

function forward(request, response, proxy) {
  const { method, url, headers } = request
  const common = {
    url: url.slice(1),
    clientIp: ipv4(request.socket.remoteAddress),
    clientId: headers['x-api-key'],
    correlationId: randomUUID(),
    component: 'plugins-middleware',
    method,
  }
  const source = { ...common, host: headers.host }
  const target = { ...common, host: proxy.target }
  const began = Date.now()
  const timeTaken = () => Date.now() - began
  let timedOut = false

  log.event('info', { ...source, message: 'sourceRequest' })
  const { host, port, agent } = proxy
  const forwarded = http.request({ host, port, agent, method, path: url, headers: { ...headers, host: proxy.target } })
  log.event('info', { ...target, message: 'targetRequest' })
  const timer = setTimeout(() => {
    timedOut = true
    forwarded.destroy()
  }, Number(GATEWAY_TIMEOUT_MS))
  request.pipe(forwarded)

  forwarded.on('response', (answer) => {
    clearTimeout(timer)
    const status = answer.statusCode
    log.event('info', { ...target, message: 'targetResponse', status, timeTaken: timeTaken() })
    answer.on('end', () => {
      log.event('info', { ...target, message: 'targetResponse close', status, timeTaken: timeTaken() })
    })
    answer.on('error', ({ message, code }) => {
      const error = { status, errorMessage: message, errorCode: code }
      log.event('error', { ...target, ...error, message: 'targetResponse error', timeTaken: timeTaken() })
      log.event('warn', { ...target, message: 'targetResponse aborted', status, timeTaken: timeTaken() })
      response.destroy() // The real one leaves its client hanging.
    })
    response.writeHead(status, answer.headers)
    response.on('finish', () => {
      log.event('info', { ...source, message: 'sourceResponse', status, timeTaken: timeTaken() })
    })
    answer.pipe(response)
  })
  forwarded.on('error', ({ message, code }) => {
    clearTimeout(timer)
    if (response.headersSent) return
    const error = { errorMessage: message, errorCode: code }
    log.event('error', { ...target, ...error, message: 'targetRequest error', timeTaken: timeTaken() })
    const told = timedOut ? { message: 'Gateway timed out trying to reach target', code: '' } : { message, code }
    fail(response, source, timedOut ? 504 : 502, told)
  })
}

/** No API has this path: the record names neither url nor client. */
function refuse(request, response) {
  request.resume()
  const source = { host: request.headers.host, method: request.method }
  fail(response, source, 404, { message: 'no match found', code: '' })
}

function fail(response, source, status, { message, code }) {
  const error = { status, errorMessage: message, errorCode: code }
  log.event('error', { ...source, ...error, component: 'microgateway-core', message: '' })
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message, code }))
}

/** The gateway writes no address of IPv6. */
function ipv4(address = '') {
  const text = address.replace(/^::ffff:/, '')
  return text.includes(':') ? '' : text
}

log.plain(process.pid, 'worker 1 is online ... ')
server.listen(Number(GATEWAY_PORT), GATEWAY_HOST, () => {
  const { port } = server.address()
  const uid = randomUUID()
  const keys = `uid=${uid}, port=${port}, err=undefined, component=microgateway`
  log.plain(1, `${uid} edge micro listening on port ${port} ${keys}`)
  log.plain(process.pid, 'handleWorkerListening 1 ')
  process.stdout.write(`gateway listens on port ${port}, logs to ${log.file}\n`)
})

process.on('SIGTERM', () => {
  log.plain(process.pid, 'emitWorkerDisconnect 1 ')
  server.close(() => {
    log.close()
    process.exit(0)
  })
  server.closeAllConnections()
})
