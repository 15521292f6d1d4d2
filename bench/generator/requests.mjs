import { failureRecords, pickFailure } from './failures.mjs'
import { TRAPS } from './traps.mjs'

export const GATEWAY = { host: 'api.acme.example:8000', org: 'acme', env: 'prod' }

/** Two base paths may share a target; a target that fails does so on both. */
const PROXIES = [
  { basePath: 'v1/orders', target: 'orders.backend.example:8443', latencyMs: 20 },
  { basePath: 'v2/orders', target: 'orders.backend.example:8443', latencyMs: 25 },
  { basePath: 'v1/catalog', target: 'catalog.backend.example:8080', latencyMs: 8 },
  { basePath: 'v1/search', target: 'search.backend.example:9200', latencyMs: 40 },
  { basePath: 'v1/users', target: '10.20.0.9:8080', latencyMs: 12 },
  { basePath: 'v1/sessions', target: '10.20.0.9:8080', latencyMs: 6 },
  { basePath: 'v1/payments', target: 'payments.partner.example:443', latencyMs: 180 },
  { basePath: 'internal/inventory', target: '10.20.0.17:3000', latencyMs: 15 },
  { basePath: 'mobile/v3/feed', target: 'feed.backend.example:8080', latencyMs: 60 },
  { basePath: 'emg_badtarget', target: '10.0.0.9:8080', latencyMs: 30 },
]

const METHODS = ['GET', 'GET', 'GET', 'GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE']
const KEYS = ['', '', 'demoKey0001', 'k-3f9a7c55e1', 'dEvKeyAAAA1111bbbb2222', 'pA55kEyZ0000yyyy9999']
const TRAP_NAMES = Object.keys(TRAPS)

/** Every 300th request is a trap of each kind in turn; half of the traps fail, so that they come in pairs too. */
const TRAP_SHARE = 1 / 300
const OLD_SHARE = 0.1
const CLOSE_SHARE = 0.12

/** One request with all its fields as the gateway would write them, and `failure`: its kind, or null. */
export function makeRequest({ random, workerId, failureShare }) {
  const proxy = random.pick(PROXIES)
  const old = random.chance(OLD_SHARE)
  const path = proxy.basePath
  const trap = random.chance(TRAP_SHARE) ? random.pick(TRAP_NAMES) : null
  const plain = {
    ...{ trap, old, path, target: proxy.target, latencyMs: proxy.latencyMs, workerId, host: GATEWAY.host },
    ...{ url: makeUrl(path, random), clientIp: old ? '' : `127.0.0.${2 + random.below(250)}` },
    ...{ clientId: random.pick(KEYS), correlationId: random.uuid(old ? 1 : 4), method: random.pick(METHODS) },
    failure: random.chance(trap === null ? failureShare : Math.max(failureShare, 0.5)) ? pickFailure(random) : null,
  }
  return trap === null ? plain : { ...plain, ...TRAPS[trap](plain, random) }
}

/** The records of one request in order, each with `afterMs`, its time in milliseconds after the first. */
export function requestRecords({ request, infoLines, random }) {
  const elapsedMs = random.wait(request.latencyMs)
  const failing = request.failure === null ? [] : failingRecords(request, elapsedMs, random)
  if (!infoLines) return failing
  const source = { level: 'info', host: request.host, component: 'plugins-middleware' }
  const target = { ...source, host: request.target }
  const start = [
    { ...source, afterMs: 0, message: 'sourceRequest' },
    { ...target, afterMs: 1, message: 'targetRequest' },
  ]
  if (request.failure !== null) return [...start, ...failing]
  const status = answerStatus(random)
  const atMs = elapsedMs + 1
  const end = [
    { ...target, afterMs: atMs, message: 'targetResponse', status, timeTakenMs: elapsedMs },
    { ...source, afterMs: atMs + 1, message: 'sourceResponse', status, timeTakenMs: elapsedMs + 2 },
  ]
  const close = { ...target, afterMs: atMs + 1, message: 'targetResponse close', status, timeTakenMs: elapsedMs + 1 }
  return random.chance(CLOSE_SHARE) ? [...start, ...end, close] : [...start, ...end]
}

function failingRecords(request, elapsedMs, random) {
  const { failure: kind, old, target, host: hostHeader } = request
  return failureRecords({ kind, old, target, hostHeader, elapsedMs, random }).map((record) => ({
    ...record,
    afterMs: record.afterMs + 1,
  }))
}

function answerStatus(random) {
  return random.chance(0.97) ? 200 : random.pick([201, 204, 304, 400, 404, 500, 503])
}

const URLS = [
  (path, random) => `${path}/list?page=${random.below(1e5)}`,
  (path, random) => `${path}/find?q=summer&limit=${random.below(1e5)}`,
  (path, random) => `${path}/${random.below(1e5)}/detail?lang=${random.pick(['en', 'es', 'de'])}&currency=EUR`,
  (path, random) => `${path}/${random.hex()}${random.hex()}/items?expand=prices,stock&ts=${random.next()}`,
  (path, random) => `${path}/list?filter[status][eq]=open&filter[owner]=${random.hex()}&page=${random.below(1e3)}`,
  (path) => `${path}/health`,
]

function makeUrl(path, random) {
  return random.pick(URLS)(path, random)
}
