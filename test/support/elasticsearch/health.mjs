import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'

/** Whether the cluster on `port` answers and is yellow or green. */
export function health(port, credentials) {
  const options = {
    host: '127.0.0.1',
    port,
    path: '/_cluster/health?wait_for_status=yellow&timeout=2s',
    timeout: 5000,
    agent: false,
    ...(credentials && {
      ca: fs.readFileSync(credentials.caFile),
      auth: `${credentials.username}:${credentials.password}`,
    }),
  }
  return new Promise((resolve) => {
    const request = (credentials ? https : http).get(options, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('timeout', () => request.destroy()).on('error', () => resolve(false))
  })
}
