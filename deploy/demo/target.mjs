// A target server that behaves badly, as targets behind a gateway do: it closes idle connections after a short time, closes
// some in the middle of a request or of its answer, and is slow at times. Everything else it answers with 200.
//
//   TARGET_PORT=8080 TARGET_IDLE_MS=2000 TARGET_FAULTS=0.05 node target.mjs
//
// TARGET_FAULTS is the share of requests that something goes wrong with.

import http from 'node:http'

const { TARGET_HOST = '127.0.0.1', TARGET_PORT = '8080', TARGET_IDLE_MS = '2000', TARGET_FAULTS = '0.05' } = process.env
const faults = Number(TARGET_FAULTS)

const server = http.createServer((request, response) => {
  request.resume()
  const turn = Math.random()
  if (turn < faults * 0.5)
    request.socket.destroy() // Before its answer.
  else if (turn < faults * 0.65) request.socket.resetAndDestroy()
  else if (turn < faults * 0.8) breakOff(response)
  else setTimeout(answer, turn < faults ? 2_500 : 5 + Math.random() * 40, response)
})

function answer(response) {
  const body = JSON.stringify({ served: new Date().toISOString() })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
}

/** Says how long its answer is, and closes in the middle of it. */
function breakOff(response) {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 100 })
  response.write('the first half', () => response.socket.destroy())
}

// What a client knows of it stands in no header: this is the time that no gateway is told.
server.keepAliveTimeout = Number(TARGET_IDLE_MS)
server.on('connection', (socket) => socket.on('error', () => {}))
server.listen(Number(TARGET_PORT), TARGET_HOST, () => {
  const { address, port } = server.address()
  process.stdout.write(`target listens on ${address}:${port}\n`)
})

process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeAllConnections()
})
