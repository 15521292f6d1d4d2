import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { connectKibana } from '../../src/kibana/connection.js'

let server: http.Server

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function serve(listener: http.RequestListener): Promise<string> {
  server = http.createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function connect(url: string, timeoutMs = 10_000) {
  return connectKibana({ url, space: 'a b', auth: null, ca: null, timeoutMs })
}

describe('a connection to Kibana', () => {
  test('keeps the base path, and names the space in each request but those outside of spaces', async () => {
    const paths: (string | undefined)[] = []
    const url = await serve(({ url: path }, response) => {
      paths.push(path)
      response.end('{}')
    })
    const kibana = connect(`${url}/base/`)
    await kibana.request({ method: 'GET', path: '/api/x' })
    await kibana.request({ method: 'GET', path: '/api/y', inSpace: false })
    expect(paths).toEqual(['/base/s/a%20b/api/x', '/base/api/y'])
  })

  test('gives up when no answer comes', async () => {
    const kibana = connect(await serve(() => {}), 50)
    await expect(kibana.request({ method: 'GET', path: '/' })).rejects.toMatchObject({
      name: 'TransientError',
      message: expect.stringContaining('no answer in time'),
    })
  })

  test.each([
    [401, 'PermanentError', 'store_denied'],
    [403, 'PermanentError', 'store_denied'],
    [404, 'PermanentError', 'store_incompatible'],
    [429, 'TransientError', 'store_busy'],
    [503, 'TransientError', 'store_unreachable'],
    [302, 'PermanentError', 'store_incompatible'],
  ])('takes %i for an error that says what to do', async (status, name, code) => {
    const url = await serve((_, response) => response.writeHead(status).end('{"message":"because"}'))
    await expect(connect(url).request({ method: 'GET', path: '/api/x' })).rejects.toMatchObject({
      ...{ name, code },
      message: `GET /api/x answered ${status}: ${url} (because)`,
    })
  })
})
