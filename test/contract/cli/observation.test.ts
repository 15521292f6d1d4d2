import net from 'node:net'
import { afterAll, describe, expect, test } from '@jest/globals'
import { readExposition } from '../../observability/exposition.js'
import { finished, Sandbox, told } from '../../support/cli.js'
import { clientHalf, infoLine, targetHalf } from '../../support/lines.js'

const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

const LINES = `${infoLine({ at: 0, correlationId: 'a' })}\n${targetHalf({ at: 1 })}\n${clientHalf({ at: 2 })}\nno record\n`

const pipelineOf = (listen: string) =>
  sandbox.write(
    'observed.yaml',
    `{ source: { stdin: {} }, sinks: [{ stdout: {} }], http: { listen: '${listen}' },
       state: { directory: ${JSON.stringify(sandbox.path('state'))} } }`,
  )

describe('run with http', () => {
  test.each([
    ['a run to the end of its input', ['--once'], 0],
    ['a run as a service', [], 0],
  ])('serves metrics and health while it runs: %s', async (_, options, code) => {
    const commandLine = ['run', ...options, pipelineOf('127.0.0.1:0')]
    const child = sandbox.start(commandLine)
    const ended = finished(child, commandLine, 20_000)
    const url = await told(child, /(http:\/\/127\.0\.0\.1:\d+)/)
    child.stdin.write(LINES)
    let scraped = readExposition(new Uint8Array([10]))
    while (child.exitCode === null && scraped.value('hangup_lines_total', { kind: 'event' }) !== 3) {
      scraped = readExposition(Buffer.from(await (await fetch(`${url}/metrics`)).arrayBuffer()))
    }
    expect(scraped.sumsBy('hangup_requests_total', 'target')).toEqual({ '10.0.0.9:8080': 1 })
    expect([(await fetch(`${url}/livez`)).status, (await fetch(`${url}/readyz`)).status]).toEqual([200, 200])
    child.stdin.end()
    const result = await ended
    expect(result).toMatchObject({ code, signal: null })
    // The answer on stdout is documents and nothing else.
    expect(
      result.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).event.dataset),
    ).toEqual(['edgemicro.failure'])
    await expect(fetch(`${url}/livez`)).rejects.toThrow()
  })

  test('says so and touches nothing where its address is taken', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as net.AddressInfo
    const result = await sandbox.hangup(['run', '--once', pipelineOf(`127.0.0.1:${port}`)], { stdin: LINES })
    server.close()
    expect(result).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr:
        `hangup: cannot listen (in use): 127.0.0.1:${port}\n` +
        '  another process listens there, perhaps another run: set http.listen to a free port\n',
    })
  })
})
