import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import { afterAll, describe, expect, test } from '@jest/globals'
import { CAPTURES, streamsOf } from '../../pcap/corpus.js'
import { Conversation, classic, get } from '../../pcap/packets.js'
import { projectDirectory, Sandbox } from '../../support/cli.js'
import { corpusRun } from '../../support/truth.js'
import { expectError } from './expect-error.js'
import { leaks } from './secrets.js'

const SAMPLE = path.join(projectDirectory, 'pipelines', 'samples', 'races.pcap.gz')
const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

const json = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await sandbox.hangup(['pcap', ...args, '--json'])
  return { code, stderr, ...JSON.parse(stdout) }
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describe('pcap --json', () => {
  test('prints one object in the form of the contract', async () => {
    const { code, stderr, connections, targets, clock_offset_ms: offset } = await json(SAMPLE)
    expect({ code, stderr, offset }).toEqual({ code: 0, stderr: '', offset: null })
    expect(connections).toHaveLength(65)
    for (const [index, connection] of connections.entries()) {
      expect(connection).toMatchObject({
        index,
        client: expect.stringMatching(/^10\.9\.0\.1:\d+$/),
        target: expect.stringMatching(/^10\.9\.0\.[2-4]:2802[1-3]$/),
        first: expect.stringMatching(ISO),
        last: expect.stringMatching(ISO),
        requests: expect.any(Number),
      })
      expect(['target', 'client', null]).toContain(connection.closed_by)
      expect(connection.idle_ms === null).toBe(connection.closed_by === null)
      expect(connection.packets).toEqual(connection.story.map(({ packet }: { packet: number }) => packet))
    }
    expect(targets.map(({ target }: { target: string }) => target)).toEqual([
      '10.9.0.2:28021',
      '10.9.0.3:28022',
      '10.9.0.4:28023',
    ])
    for (const { idle_timeout_ms: timeoutMs } of targets) expect(timeoutMs).toBeGreaterThan(990)
  })

  test.each(CAPTURES.map((capture) => [capture.name, capture] as const))('reads %s', async (_, capture) => {
    const { code, connections } = await json(capture.path)
    expect(code).toBe(0)
    expect(connections.map(({ index }: { index: number }) => index)).toEqual(
      streamsOf(capture).map(({ tcp_stream }) => tcp_stream),
    )
  })

  test('takes several captures, numbers the connections of each, and measures targets over all of them', async () => {
    const plain = sandbox.write('plain.pcap', zlib.gunzipSync(fs.readFileSync(SAMPLE)))
    const { connections, targets, captures } = await json(SAMPLE, plain)
    expect(connections.map(({ capture, index }: { capture: string; index: number }) => [capture, index])).toEqual(
      [SAMPLE, plain].flatMap((name) => Array.from({ length: 65 }, (_, index) => [name, index])),
    )
    expect(targets[0]).toMatchObject({ connections: 80, idle_closes: 70 })
    expect(captures).toMatchObject([
      { packets: 883, end: 'whole' },
      { packets: 883, end: 'whole' },
    ])
  })

  test('reads standard input, packed or not', async () => {
    for (const stdin of [fs.readFileSync(SAMPLE), zlib.gunzipSync(fs.readFileSync(SAMPLE))]) {
      const { code, stdout } = await sandbox.hangup(['pcap', '-', '--json'], { stdin })
      expect({ code, connections: JSON.parse(stdout).connections.length }).toEqual({ code: 0, connections: 65 })
    }
  })

  test('shows the connections of one target alone', async () => {
    const { connections, targets } = await json(SAMPLE, '--target', '10.9.0.4:28023')
    expect(connections).toHaveLength(4)
    expect(targets).toHaveLength(1)
  })
})

describe('pcap', () => {
  test('shows the packets that matter with their numbers, a sentence and a filter for Wireshark', async () => {
    const { code, stdout, stderr } = await sandbox.hangup(['pcap', SAMPLE])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('keepalive_race: 24 connections')
    expect(stdout).toMatch(
      /^ +255 +02:41:39\.649229 +the target closes the connection after 1\.0 s without use \(FIN\)$/m,
    )
    expect(stdout).toMatch(/^ +Wireshark: tcp\.stream eq 15$/m)
    expect(stdout).toContain('frame.number in {178, 187, 255, 266, 269}')
    expect(stdout.split('\n').filter((line) => line.length > 100 && !line.includes('tcp.stream in'))).toEqual([])
  })

  test('shows as many connections of each cause as it is told', async () => {
    const shown = async (limit: string): Promise<number> => {
      const { stdout } = await sandbox.hangup(['pcap', SAMPLE, '--limit', limit])
      return stdout.split('Wireshark: ').length - 1
    }
    expect([await shown('1'), await shown('100')]).toEqual([1, 24])
  })

  test('lets no query and no API key out', async () => {
    const run = corpusRun('b-337-pcap-101')
    const [capture] = CAPTURES.filter(({ name }) => name === 'b-337-pcap-101/lo-ether.pcap')
    const outputs = [['--limit', '1000'], ['--json'], ['--mask-query', '--json']]
    for (const options of outputs) {
      const { stdout, stderr } = await sandbox.hangup(['pcap', capture.path, ...options])
      expect({ options, leaks: leaks(run, stdout + stderr) }).toEqual({ options, leaks: [] })
    }
    const shown = await sandbox.hangup(['pcap', capture.path, '--json', '--show-secrets'])
    expect(leaks(run, shown.stdout)).not.toEqual([])
  })

  test('shows nothing that a terminal would obey', async () => {
    const hostile = new Conversation()
      .open()
      .fromGateway('PA', get('/\x1b]0;x\x07\x9b31m'))
      .after(1)
      .fromTarget('A')
      .after(1)
      .fromTarget('FA')
    const { code, stdout } = await sandbox.hangup(['pcap', sandbox.write('hostile.pcap', classic(hostile.packets))])
    expect(code).toBe(0)
    expect(stdout).toContain('premature_close')
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
  })
})

describe('pcap says what is wrong', () => {
  const [whole] = [classic(new Conversation().open().exchange().packets)]

  test('where nothing was named', async () => {
    expectError(await sandbox.hangup(['pcap']), 2)
  })

  test('where a limit is no count', async () => {
    expectError(await sandbox.hangup(['pcap', SAMPLE, '--limit', 'all']), 2)
  })

  test('where a file is not there, and reads the others', async () => {
    const result = await sandbox.hangup(['pcap', sandbox.path('none.pcap'), SAMPLE])
    expectError(result, 1)
    expect(result.stdout).toContain('keepalive_race: 24 connections')
  })

  test('where a file is no capture', async () => {
    const result = await sandbox.hangup(['pcap', sandbox.write('a.log', '2021-06-23T03:52:24.110Z [error]\n')])
    expectError(result, 1)
    expect(result.stderr).toContain('not a capture: ')
  })

  test('where a capture ends in the middle of a packet, and uses what was read', async () => {
    const result = await sandbox.hangup(['pcap', sandbox.write('cut.pcap', whole.subarray(0, -5)), '--json'])
    expectError(result, 1)
    expect(result.stderr).toContain('capture ends in the middle of a packet: ')
    expect(JSON.parse(result.stdout)).toMatchObject({
      connections: [{ requests: 1 }],
      captures: [{ end: 'cut', packets: 5 }],
    })
  })

  test('where a capture is damaged, and uses what was read', async () => {
    const result = await sandbox.hangup([
      'pcap',
      sandbox.write('bad.pcap', Buffer.concat([whole, Buffer.alloc(64, 0xff)])),
      '--json',
    ])
    expectError(result, 1)
    expect(JSON.parse(result.stdout)).toMatchObject({ captures: [{ end: 'damaged', packets: 6 }] })
  })

  test('where packed data end early, and uses what was read', async () => {
    const packed = fs.readFileSync(SAMPLE)
    const result = await sandbox.hangup([
      'pcap',
      sandbox.write('early.pcap.gz', packed.subarray(0, packed.length >> 1)),
      '--json',
    ])
    expectError(result, 1)
    expect(result.stderr).toContain('compressed input ends early')
    expect(JSON.parse(result.stdout).connections.length).toBeGreaterThan(10)
  })

  test('where packets were not looked at', async () => {
    const { stdout } = await sandbox.hangup([
      'pcap',
      sandbox.write('link.pcap', classic(new Conversation().open().packets, { linkType: 147 })),
    ])
    expect(stdout).toContain('not looked at: 3 packets of a link type that is not understood')
  })
})
