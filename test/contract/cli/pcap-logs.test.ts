import { afterAll, describe, expect, test } from '@jest/globals'
import { CAPTURES, type CorpusCapture, streamsOf } from '../../pcap/corpus.js'
import { Sandbox } from '../../support/cli.js'
import { corpusRun } from '../../support/truth.js'
import { expectError } from './expect-error.js'
import { leaks } from './secrets.js'

const sandbox = new Sandbox()
afterAll(() => sandbox.remove())

const captureOf = (name: string): CorpusCapture => {
  const found = CAPTURES.find((each) => each.name === name)
  if (found === undefined) throw new Error(`not in the corpus: ${name}`)
  return found
}

const RACES = captureOf('b-337-pcap-101/lo-ether.pcap')
const CUT = captureOf('c-337-pcap-105/lo-snap68.pcap')
const UNWRITTEN = '0cf15af3-46df-4ba9-85d4-86e98c5225f4'
const RACE = '62c12d39-cae7-4a7a-af86-c9f18b1d11e7'
const logsOf = ({ run }: CorpusCapture): string => corpusRun(run).directory

const answer = async (...args: readonly string[]) => {
  const { code, stdout } = await sandbox.hangup(args)
  return { code, ...JSON.parse(stdout) }
}

describe('pcap --logs', () => {
  test('gives each connection the failures whose packets it has', async () => {
    const {
      code,
      connections,
      clock_offset_ms: offset,
      captures,
    } = await answer(...['pcap', RACES.path, '--json', '--logs', logsOf(RACES)])
    expect([code, offset, captures[0].clock_offset_ms]).toEqual([0, 0, 0])
    const failed = new Map(streamsOf(RACES).map(({ tcp_stream: n, correlation_ids_failed: ids }) => [n, ids] as const))
    for (const { index, failures, possible_failures: possible } of connections) {
      for (const id of failures) expect(failed.get(index)).toContain(id)
      if (possible.length > 0) expect(failures).toEqual([])
    }
    expect(connections.flatMap((each: { failures: string[] }) => each.failures).length).toBeGreaterThanOrEqual(20)
  })

  test('shows whose packets they are, and a request that was never written', async () => {
    const { stdout } = await sandbox.hangup(['pcap', RACES.path, '--logs', logsOf(RACES), '--limit', '30'])
    expect(stdout).toMatch(/the clocks of logs and capture agree, by \d+ requests/)
    expect(stdout).toContain(`failure ${RACE}, logged at 03:05:12.061: found by its id`)
    expect(stdout).toContain(`failure ${UNWRITTEN}, logged at 03:05:17.211: found by its time`)
    expect(stdout).toMatch(/Not told apart:\n {2}47412816-\S+: stream 147, 146\b/)
    expect(stdout).toContain('finds it\n')
  })

  test('takes addresses of names from --resolve, where requests are cut', async () => {
    const args = ['pcap', CUT.path, '--json', '--logs', logsOf(CUT)]
    const resolve = CUT.truth.targets.flatMap(({ hostport, ip }) => [
      '--resolve',
      `${hostport.replace(/:.*/, '')}=${ip}`,
    ])
    const sure = ({ connections }: { connections: { failures: string[] }[] }): number =>
      connections.filter(({ failures }) => failures.length > 0).length
    expect(sure(await answer(...args))).toBe(0)
    expect(sure(await answer(...args, ...resolve))).toBe(43)
    expectError(await sandbox.hangup([...args, '--resolve', 't1=nowhere']), 2)
  })
})

describe('--pcap', () => {
  test('failures: what packets tell goes before what warn and error lines do', async () => {
    const { stdout } = await sandbox.hangup(['failures', logsOf(RACES), '--halves-only', '--pcap', RACES.path])
    const documents = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(documents).toHaveLength(93)
    const told = documents.filter(({ edgemicro }) => edgemicro.evidence.packet_candidates !== undefined)
    expect(told.map(({ edgemicro }) => edgemicro.cause)).toEqual(told.map(() => 'keepalive_race'))
    expect(told).toHaveLength(22)
    const race = documents.find(({ http }) => http.request.id === RACE)
    expect(race.edgemicro).toMatchObject({
      confidence: 1,
      evidence: { packet_stream: 23, packet_request: 378, packet_close: 340, packet_request_covered: 0 },
    })
  })

  test('report: counts by what packets tell, and has the idle timeouts that they show', async () => {
    const args = ['report', logsOf(RACES), '--json', '--target', 't1.backend.example:28021']
    const { targets } = await answer(...args, '--pcap', RACES.path)
    expect(targets[0].by_cause).toEqual({ keepalive_race: 67 })
    expect(Math.abs(targets[0].idle_timeout_ms - 1_000)).toBeLessThan(20)
  })

  test('explain: shows the packets of the request, with filters for Wireshark', async () => {
    const { stdout } = await sandbox.hangup(['explain', RACE, logsOf(RACES), '--pcap', RACES.path])
    expect(stdout).toContain('tcp.stream eq 23')
    expect(stdout).toContain('frame.number in {207, 211, 340, 378, 379}')
    expect(stdout).toMatch(/as \d+ closes in the\s+captures show/)
    const { packets } = await answer('explain', RACE, logsOf(RACES), '--json', '--pcap', RACES.path)
    expect(packets).toMatchObject({ matched_by: 'id', connections: [{ index: 23, cause: 'keepalive_race' }] })
  })

  test('explain: says where captures have nothing of it', async () => {
    const other = captureOf('c-337-pcap-105/lo-ether.pcap')
    const { code, stdout } = await sandbox.hangup(['explain', RACE, logsOf(RACES), '--pcap', other.path])
    expect([code, stdout]).toEqual([0, expect.stringContaining('The captures have no packets of it.')])
  })

  test('a capture that cannot be read is told, and the logs are read all the same', async () => {
    const { code, stdout, stderr } = await sandbox.hangup(['report', logsOf(RACES), '--pcap', '/nowhere.pcap'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('/nowhere.pcap')])
    expect(stdout).toContain('93 of 2,135 requests failed')
  })

  test('no secret of a log or a capture is shown', async () => {
    for (const command of [
      ['pcap', RACES.path, '--json', '--logs', logsOf(RACES)],
      ['explain', RACE, logsOf(RACES), '--pcap', RACES.path],
    ]) {
      const { stdout } = await sandbox.hangup(command)
      expect(leaks(corpusRun(RACES.run), stdout)).toEqual([])
    }
  })
})
