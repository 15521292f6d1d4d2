import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { captureFilter } from '../../../src/capture/filter.js'
import { CaptureDecoder } from '../../../src/pcap/read/decoder.js'
import { entryFile, finished, Sandbox, told } from '../../support/cli.js'

/** Needs tcpdump, and root or its capabilities. */

const sandbox = new Sandbox()
const BODY = 'the body of a response '.repeat(40)
const server = http.createServer((_, response) => response.end(BODY))
let target = ''

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  target = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  sandbox.remove()
})

async function request(agent?: http.Agent): Promise<void> {
  const [response] = await once(http.get(`http://${target}/orders`, { agent }), 'response')
  for await (const _ of response);
}

/** Lengths of the packets of a file. */
function lengthsOf(file: string) {
  const lengths: { captured: number; wire: number }[] = []
  const decoder = new CaptureDecoder(({ start, end, wireLength }) =>
    lengths.push({ captured: end - start, wire: wireLength }),
  )
  decoder.push(fs.readFileSync(file))
  return { lengths, end: decoder.end().kind }
}

describe('capture --run', () => {
  test('captures what passes until it is stopped, and hangup pcap reads it', async () => {
    const out = sandbox.path('stopped.pcap')
    const commandLine = ['capture', '--target', target, '--run', '--out', out, '--json']
    const child = sandbox.start(commandLine)
    const ended = finished(child, commandLine, 30_000)
    await told(child, /(capturing)/)
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    for (let count = 0; count < 3; count++) await request(agent)
    agent.destroy()
    await packetsIn(`${out}0`)
    child.kill('SIGINT')
    const { code, stdout } = await ended
    expect(code).toBe(130)
    const { run } = JSON.parse(stdout)
    expect(run).toMatchObject({ ended_by: 'signal', dropped: 0, files: [{ file: `${out}0` }] })
    const { lengths, end } = lengthsOf(`${out}0`)
    expect([end, lengths.length]).toEqual(['whole', run.packets])
    expect(Math.max(...lengths.map(({ captured }) => captured))).toBe(200)
    expect(Math.max(...lengths.map(({ wire }) => wire))).toBeGreaterThan(BODY.length)

    const pcap = await sandbox.hangup(['pcap', `${out}*`, '--json'])
    const { connections } = JSON.parse(pcap.stdout)
    expect(connections[0]).toMatchObject({ target, requests: 3, closed_by: 'client' })
  })

  test('ends by itself when its time is over', async () => {
    const out = sandbox.path('limit.pcap')
    const { code, stdout, stderr } = await sandbox.hangup([
      'capture',
      '--target',
      target,
      '--run',
      '--for',
      '200ms',
      '--out',
      out,
    ])
    expect(code).toBe(0)
    expect(stderr).toContain('capturing')
    expect(stdout).toMatch(/^Captured 0 packets$/m)
    expect(stdout).toContain('none passed')
    expect(lengthsOf(`${out}0`).end).toBe('whole')
  })

  test('says what to do where the user may not capture', async () => {
    const directory = sandbox.path('nobody')
    fs.mkdirSync(directory)
    fs.chmodSync(directory, 0o777)
    fs.chmodSync(sandbox.directory, 0o755)
    const args = ['capture', '--target', target, '--run', '--state', directory, '--out', `${directory}/a.pcap`]
    const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, entryFile, ...args]
    const failure = await promisify(execFile)('setpriv', asNobody, { cwd: directory }).catch((error) => error)
    expect({ code: failure.code, stderr: failure.stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^hangup: tcpdump may not capture: .+\n {2}run as root/),
    })
    expect(failure.stdout).toMatch(/tcpdump -i lo -n /)
  })

  test('says so where tcpdump is not installed', async () => {
    // Debian has it where every search path leads.
    const environment = { PATH: sandbox.path('nowhere') }
    const { code, stderr } = await sandbox.hangup(['capture', '--target', target, '--run', '--for', '1s'], {
      environment,
    })
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^hangup: not installed: tcpdump\n {2}install it/),
    })
  })

  test('tells what tcpdump says of an interface that is not there', async () => {
    const args = [
      'capture',
      '--target',
      target,
      '--run',
      '--interface',
      'nosuch0',
      '--out',
      sandbox.path('nosuch.pcap'),
    ]
    const { code, stderr } = await sandbox.hangup(args)
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^hangup: tcpdump ended without a capture: nosuch0: No such device/),
    })
  })
})

describe('the printed command', () => {
  test('does in a shell what it says, whatever the file is called', async () => {
    const out = sandbox.path(`it's "$(touch pwned)" ; touch pwned #.pcap`)
    const { stdout } = await sandbox.hangup(['capture', '--target', target, '--out', out])
    const command = stdout.split('\n').find((line) => /^(?:sudo )?tcpdump /.test(line)) ?? ''
    const child = spawn('/bin/sh', ['-c', `exec ${command.replace(/^sudo /, '')}`], {
      cwd: sandbox.directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = once(child, 'close')
    let said = ''
    for await (const chunk of child.stderr) {
      said += chunk
      if (said.includes('listening on')) break
    }
    child.kill('SIGINT')
    await ended
    expect(fs.existsSync(`${out}0`)).toBe(true)
    expect(fs.readdirSync(sandbox.directory)).not.toContain('pwned')
  })

  test.each([
    ['one address', [{ port: 80, addresses: ['10.0.0.9'] }], null],
    ['IPv6', [{ port: 443, addresses: ['2001:db8::9', '10.0.0.9'] }], null],
    ['several targets and clients', [80, 81].map((port) => ({ port, addresses: ['10.0.0.9'] })), 8000],
    ['no port', [{ port: null, addresses: ['10.0.0.9'] }], 8000],
  ])('has a filter that tcpdump takes: %s', (_, targets, listenPort) => {
    const filter = captureFilter(
      targets.map((each) => ({ name: '', host: '', ...each })),
      listenPort,
    )
    const program = execFileSync('tcpdump', ['-d', '-y', 'EN10MB', filter], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    expect(program).toMatch(/ret\s+#0/)
  })
})

/** Resolves when the first packets are in a file; more requests make the kernel hand them over. */
async function packetsIn(file: string): Promise<void> {
  const HEADER_BYTES = 24
  while (fs.statSync(file).size <= HEADER_BYTES) await request()
}
