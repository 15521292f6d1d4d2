import { describe, expect, test } from '@jest/globals'
import { analyze, analyzeConversations, merged } from '../analyze.js'
import { Conversation, classic, get, OK, type Packet } from '../packets.js'

const one = (conversation: Conversation) => analyzeConversations(conversation).connections[0]

/** The same packets with those at two places exchanged; times stay in order. */
function swapped(packets: readonly Packet[], a: number, b: number): readonly Packet[] {
  const order = packets.map((_, index) => (index === a ? b : index === b ? a : index))
  return order.map((from, to) => ({ ...packets[from], timeNs: packets[to].timeNs }))
}

describe('requests', () => {
  test('are counted once each, and keep-alive probes are none', () => {
    const probed = new Conversation().open().exchange('/1')
    for (let second = 0; second < 4; second++) {
      const seq = probed.gatewaySeq - 1
      probed.after(1_000).fromGateway('A', '', { seq }).fromTarget('A').after(0).fromGateway('A', '\0', { seq })
    }
    probed.after(1_000).fromTarget('FA')
    const connection = one(probed)
    expect(connection).toMatchObject({ requests: 1, keep_alive_probes: 8, cause: 'none', form: 'idle_close' })
    expect(connection.idle_ms).toBeCloseTo(5_000, -1)
  })

  test('that are sent again are counted once', () => {
    const again = new Conversation().open().fromGateway('PA', get('/1'))
    const seq = again.gatewaySeq - get('/1').length
    again
      .after(200)
      .fromGateway('PA', get('/1'), { seq })
      .after(1)
      .fromTarget('PA', OK)
      .after(1)
      .fromTarget('PA', OK, { seq: again.targetSeq - OK.length })
    expect(one(again)).toMatchObject({ requests: 1, request: { status: 200 } })
  })

  test('are put together whatever the order of their segments', () => {
    const text = get('/orders/1')
    const parts = new Conversation().open().exchange('/0').after(300)
    for (let at = 0; at < text.length; at += 10) parts.fromGateway('PA', text.slice(at, at + 10)).after(0.1)
    parts.fromTarget('PA', OK).after(2_000).fromTarget('FA')
    for (const [a, b] of [
      [6, 8],
      [7, 9],
      [6, 7],
    ]) {
      const { connections } = analyze(classic(swapped(parts.packets, a, b)))
      expect(connections).toMatchObject([
        { requests: 2, request: { path: '/orders/1', status: 200 }, form: 'idle_close' },
      ])
    }
  })

  test('are found again behind bytes that the capture lacks', () => {
    const lossy = new Conversation().open().exchange('/1').exchange('/2').exchange('/3').after(2_000).fromTarget('FA')
    const packets = lossy.packets.filter((_, index) => index !== 6)
    const { connections } = analyze(classic(packets))
    expect(connections).toMatchObject([{ request: { path: '/3', status: 200 }, cause: 'none' }])
  })

  test('are followed over the wrap of sequence numbers', () => {
    const wrapping = new Conversation(undefined, undefined, { gatewaySeq: 0xffff_fff0, targetSeq: 0xffff_fffe }).open()
    wrapping.exchange('/1').exchange('/2').after(2_000)
    const ack = wrapping.gatewaySeq
    wrapping.fromGateway('PA', get('/3')).after(1).fromTarget('FA', '', { ack }).after(1).fromTarget('R')
    expect(one(wrapping)).toMatchObject({ requests: 3, cause: 'keepalive_race', form: 'crossing' })
  })
})

describe('a capture that begins in the middle of a connection', () => {
  const later = (from: number) => {
    const whole = new Conversation()
      .open()
      .exchange('/1')
      .after(500)
      .exchange('/2')
      .after(5_000)
      .fromTarget('FA')
      .after(1)
      .fromGateway('PA', get('/3'))
      .after(1)
      .fromTarget('R')
    return analyze(classic(whole.packets.slice(from))).connections[0]
  }

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])('gives the same verdict from packet %i on', (from) => {
    expect(later(from)).toMatchObject({
      client: '10.0.0.1:40000',
      target: '10.0.0.9:8080',
      cause: 'keepalive_race',
      form: 'after_close',
      request: { path: '/3' },
    })
  })

  test('takes who has the lower port for the target where nothing else tells', () => {
    const acks = new Conversation().fromTarget('A').after(1).fromGateway('A')
    expect(one(acks)).toMatchObject({ client: '10.0.0.1:40000', target: '10.0.0.9:8080', cause: 'none' })
  })
})

describe('a capture that cuts packets', () => {
  const cut = (conversation: Conversation, snap: number) =>
    analyze(classic(conversation.packets.map((packet) => ({ ...packet, snap })))).connections[0]

  test.each([40, 42, 60])('to %i bytes tells races and premature closes by turns', (snap) => {
    const race = new Conversation()
      .open()
      .exchange('/1')
      .after(5_000)
      .fromTarget('FA')
      .after(1)
      .fromGateway('PA', get('/3'))
      .after(1)
      .fromTarget('R')
    expect(cut(race, snap)).toMatchObject({ cause: 'keepalive_race', requests: 2 })
    const premature = new Conversation()
      .open()
      .exchange('/1')
      .after(10)
      .fromGateway('PA', get('/3'))
      .after(9)
      .fromTarget('FA')
    expect(cut(premature, snap)).toMatchObject({ cause: 'premature_close', requests: 2 })
  })

  test('behind the heads is as good as a whole one', () => {
    const long = 'HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n'
    const aborted = new Conversation()
      .open()
      .fromGateway('PA', get('/1'))
      .after(1)
      .fromTarget('PA', `${long}${'x'.repeat(1_000)}`)
      .after(5)
      .fromTarget('FA')
    expect(cut(aborted, 200)).toMatchObject({ cause: 'response_aborted' })
  })

  test('in the middle of the heads leaves undetermined whether a response was whole', () => {
    const early = new Conversation().open().exchange('/1').after(20).fromTarget('FA')
    expect(cut(early, 60)).toMatchObject({
      cause: 'undetermined',
      form: 'unclear_end',
      request: { method: 'GET', path: '/1', status: 200 },
    })
  })
})

describe('the idle timeout of a target', () => {
  const closing = (port: number, idleMs: number) =>
    new Conversation({ ip: '10.0.0.1', port }).open().exchange().after(idleMs).fromTarget('FA')
  const timeoutOf = (...conversations: readonly Conversation[]) =>
    analyzeConversations(...conversations).targets.idleTimeout('10.0.0.9:8080')

  test('is measured from closes after idle time, with and without a race', () => {
    const race = closing(40_001, 2_003).after(1).fromGateway('PA', get('/2')).after(1).fromTarget('R')
    const measured = timeoutOf(race, closing(40_002, 2_001), closing(40_003, 2_002), closing(40_004, 700))
    expect(measured?.closes).toBe(3)
    expect(measured?.timeoutMs).toBeCloseTo(2_002, 0)
  })

  test('is not what a connection outlived', () => {
    const used = new Conversation({ ip: '10.0.0.1', port: 40_009 }).open().exchange().after(4_000).exchange()
    expect(timeoutOf(used, closing(40_001, 2_000), closing(40_002, 2_000))).toBeNull()
  })

  test('is not known where closes come at all sorts of times', () => {
    expect(
      timeoutOf(...[700, 1_400, 2_300, 3_900, 7_000].map((idleMs, index) => closing(40_001 + index, idleMs))),
    ).toBeNull()
  })
})

describe('memory', () => {
  const many = (count: number) =>
    merged(
      ...Array.from({ length: count }, (_, index) =>
        new Conversation({ ip: '10.0.0.1', port: 10_000 + index }).open().exchange(),
      ),
    )

  test('is given to a bounded number of open connections; the longest silent ones are judged early', () => {
    const { result } = analyze(classic(many(1_200)), { maxOpen: 500 })
    expect(result.streams).toBe(1_200)
    expect(result.connections).toHaveLength(1_200)
    expect(result.evicted).toBeGreaterThan(0)
  })

  test('is given to a bounded number of verdicts; those without a finding give way', () => {
    const race = new Conversation({ ip: '10.0.0.2', port: 9 })
      .open()
      .exchange()
      .after(5_000)
      .fromTarget('FA')
      .after(1)
      .fromGateway('PA', get('/2'))
      .after(1)
      .fromTarget('R')
    const packets = [...race.packets, ...many(300)].sort((a, b) =>
      a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0,
    )
    const kept = analyze(classic(packets), { maxKept: 100 })
    expect(kept.result.omitted).toBeGreaterThan(150)
    expect(kept.connections.filter(({ cause }) => cause === 'keepalive_race')).toHaveLength(1)
  })
})
