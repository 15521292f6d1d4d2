// Clients of the demo's gateway. Some ask all the time; others pause for about as long as the target keeps an idle connection:
// now and then their request meets the target's close, which is the keep-alive race.
//
//   CLIENTS_GATEWAY=http://127.0.0.1:8000 CLIENTS_PAUSE_MS=2000 node clients.mjs

import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const { CLIENTS_GATEWAY = 'http://127.0.0.1:8000', CLIENTS_PAUSE_MS = '2000', CLIENTS_STEADY_MS = '100' } = process.env
const pauseMs = Number(CLIENTS_PAUSE_MS)
const steadyMs = Number(CLIENTS_STEADY_MS)

const STEADY = ['/orders/list?page=', '/orders/detail?id=', '/search/find?q=']
const PAUSING = ['/catalog/item?id=', '/users/profile?id=', '/stock/level?id=']

const stop = new AbortController()
const agent = new http.Agent({ keepAlive: true })

async function ask(path) {
  const method = Math.random() < 0.3 ? 'POST' : 'GET'
  const headers = { 'x-api-key': `demoKey000${1 + Math.floor(Math.random() * 4)}` }
  await new Promise((resolve) => {
    const url = `${CLIENTS_GATEWAY}${path}${Math.floor(Math.random() * 1_000)}`
    const request = http.request(url, { agent, method, headers, signal: stop.signal }, (response) => {
      response.on('error', resolve).on('close', resolve).resume()
    })
    request.on('error', resolve).end(method === 'POST' ? 'x'.repeat(2_000) : undefined)
  })
}

async function client(path, pause) {
  while (!stop.signal.aborted) {
    await ask(path)
    await sleep(pause(), undefined, { signal: stop.signal }).catch(() => {})
  }
}

process.on('SIGTERM', () => stop.abort())
await Promise.all([
  ...STEADY.map((path) => client(path, () => steadyMs * (0.5 + Math.random()))),
  ...PAUSING.map((path) => client(path, () => pauseMs + 20 * (Math.random() - 0.5))),
  client('/nowhere/', () => steadyMs * 100),
])
