import { describe, expect, test } from '@jest/globals'
import { analyzeConversations } from '../analyze.js'
import { Conversation, get, OK, TARGET } from '../packets.js'

const opened = (port = 40_000): Conversation => new Conversation({ ip: '10.0.0.1', port }).open()

/** Connections that the target closes after 2 s without use, so that its idle timeout is known. */
const idle = (count: number): readonly Conversation[] =>
  Array.from({ length: count }, (_, index) =>
    opened(41_000 + index)
      .exchange()
      .after(2_000 + index)
      .fromTarget('FA')
      .after(1)
      .fromGateway('FA'),
  )

const verdictOn = (conversation: Conversation, ...others: readonly Conversation[]) => {
  const { connections } = analyzeConversations(conversation, ...others)
  const found = connections.find(({ client }) => client === `${conversation.gateway.ip}:${conversation.gateway.port}`)
  if (found === undefined) throw new Error('the connection is not in the answer')
  return found
}

const upload = 'POST /orders HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n'

describe('a keep-alive race', () => {
  test('is a request behind the FIN of an idle connection', () => {
    const race = opened()
      .exchange()
      .after(5_000)
      .fromTarget('FA')
      .after(3)
      .fromGateway('PA', get('/orders/2?k=v'))
      .after(1)
      .fromTarget('R')
    const verdict = verdictOn(race)
    expect(verdict).toMatchObject({
      cause: 'keepalive_race',
      form: 'after_close',
      confidence: 1,
      closed_by: 'target',
      closed_with: 'fin',
    })
    expect(verdict.idle_ms).toBeCloseTo(5_000, -1)
    expect(verdict.request).toMatchObject({ method: 'GET', path: '/orders/2', covered_by_close: false })
    expect(verdict.packets).toEqual([4, 5, 7, 8, 9])
  })

  test('is a request that crosses a FIN which does not acknowledge it', () => {
    const race = opened().exchange().after(2_000)
    const ack = race.gatewaySeq
    race.fromGateway('PA', get('/orders/2')).after(2).fromTarget('FA', '', { ack }).after(5).fromTarget('R')
    expect(verdictOn(race)).toMatchObject({ cause: 'keepalive_race', form: 'crossing', confidence: 1 })
  })

  test('is a reset right upon the request where the target closes idle connections at that time', () => {
    const race = opened().exchange().after(2_001).fromGateway('PA', get('/orders/2')).after(0.4).fromTarget('RA')
    expect(verdictOn(race, ...idle(4))).toMatchObject({ cause: 'keepalive_race', form: 'unread', confidence: 0.9 })
  })

  test('is no reset upon a request at another time than that', () => {
    const early = opened().exchange().after(700).fromGateway('PA', get('/orders/2')).after(0.4).fromTarget('RA')
    expect(verdictOn(early, ...idle(4))).toMatchObject({ cause: 'premature_close', form: 'no_answer' })
  })

  test('is a RST without acknowledgement from a side that has forgotten the connection', () => {
    const race = opened().exchange().after(90_000).fromGateway('PA', get('/orders/2')).after(1).fromTarget('R')
    expect(verdictOn(race)).toMatchObject({ cause: 'keepalive_race', form: 'gone', confidence: 0.9 })
  })

  test('may hide behind an idle close where the gateway gave up before it wrote', () => {
    const [closed] = idle(1)
    expect(verdictOn(closed)).toMatchObject({
      cause: 'none',
      form: 'idle_close',
      unseen_request_cause: 'keepalive_race',
    })
  })

  test('is none on a connection that was not used before', () => {
    const fresh = opened()
    const ack = fresh.gatewaySeq
    fresh.fromGateway('PA', get('/')).after(1).fromTarget('FA', '', { ack }).after(1).fromTarget('R')
    expect(verdictOn(fresh)).toMatchObject({ cause: 'premature_close', form: 'fresh' })
  })
})

describe('a premature close', () => {
  test.each(['FA', 'RA'])('is a close (%s) that acknowledges the request and brings no response', (flags) => {
    const close = opened()
      .exchange()
      .after(700)
      .fromGateway('PA', get('/orders/2'))
      .after(0.1)
      .fromTarget('A')
      .after(390)
      .fromTarget(flags)
    expect(verdictOn(close)).toMatchObject({
      cause: 'premature_close',
      form: 'no_answer',
      confidence: 1,
      closed_by: 'target',
    })
  })

  test('may come in the middle of an upload', () => {
    const close = opened()
      .fromGateway('PA', `${upload}${'x'.repeat(1_000)}`)
      .after(1)
      .fromTarget('A')
      .after(1)
      .fromTarget('RA')
    expect(verdictOn(close)).toMatchObject({ cause: 'premature_close', form: 'during_upload' })
  })

  test('may come in the middle of the head of the response', () => {
    const close = opened()
      .fromGateway('PA', get('/'))
      .after(1)
      .fromTarget('PA', 'HTTP/1.1 200 OK\r\nContent-')
      .after(5)
      .fromTarget('FA')
    expect(verdictOn(close)).toMatchObject({ cause: 'premature_close', form: 'partial_head' })
  })

  test('leaves the gateway free to send on its side', () => {
    const halfClose = opened()
      .fromGateway('PA', get('/'))
      .after(1)
      .fromTarget('FA')
      .after(1)
      .fromGateway('A')
      .after(3_000)
      .fromGateway('FA')
    expect(verdictOn(halfClose)).toMatchObject({ cause: 'premature_close', closed_by: 'target', closed_with: 'fin' })
  })
})

describe('a response', () => {
  const half = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'
  test.each(['FA', 'RA'])('that a close (%s) cuts is aborted', (flags) => {
    const cut = opened().fromGateway('PA', get('/')).after(1).fromTarget('PA', half).after(20).fromTarget(flags)
    expect(verdictOn(cut)).toMatchObject({ cause: 'response_aborted', form: 'cut_response' })
  })

  test('whose last chunk is missing is aborted', () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'
    const cut = opened().fromGateway('PA', get('/')).after(1).fromTarget('PA', chunked).after(20).fromTarget('FA')
    expect(verdictOn(cut)).toMatchObject({ cause: 'response_aborted' })
    const whole = opened()
      .fromGateway('PA', get('/'))
      .after(1)
      .fromTarget('PA', `${chunked}0\r\n\r\n`)
      .after(2_000)
      .fromTarget('FA')
    expect(verdictOn(whole)).toMatchObject({ cause: 'none', form: 'idle_close' })
  })

  test('without a length ends with the connection', () => {
    const whole = opened()
      .fromGateway('PA', get('/'))
      .after(1)
      .fromTarget('PA', 'HTTP/1.0 200 OK\r\n\r\nall')
      .after(1)
      .fromTarget('FA')
    expect(verdictOn(whole)).toMatchObject({ cause: 'none' })
  })

  test('to HEAD has no body whatever its head says', () => {
    const head = opened()
      .fromGateway('PA', get('/').replace('GET', 'HEAD'))
      .after(1)
      .fromTarget('PA', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n')
    expect(verdictOn(head.after(1_500).fromTarget('FA'))).toMatchObject({ cause: 'none', form: 'idle_close' })
  })

  test('follows on 100 Continue', () => {
    const whole = opened()
      .fromGateway('PA', upload.replace('100000', '60000'))
      .after(1)
      .fromTarget('PA', 'HTTP/1.1 100 Continue\r\n\r\n')
      .after(1)
    whole.fromGateway('PA', 'x'.repeat(60_000)).after(1).fromTarget('PA', OK).after(1_500).fromTarget('FA')
    expect(verdictOn(whole)).toMatchObject({ cause: 'none', form: 'idle_close', requests: 1 })
  })

  test('that is no HTTP is a bad one', () => {
    const bad = opened()
      .fromGateway('PA', get('/'))
      .after(1)
      .fromTarget('PA', 'SSH-2.0-OpenSSH_9.2\r\n')
      .after(1)
      .fromGateway('RA')
    expect(verdictOn(bad)).toMatchObject({ cause: 'bad_response', form: 'foreign' })
  })

  test('that announced the close says nothing of an idle timeout', () => {
    const last = opened().exchange('/', OK.replace('keep-alive', 'close')).after(1_000).fromTarget('FA')
    const { targets } = analyzeConversations(last)
    expect(targets.idleTimeout(`${TARGET.ip}:${TARGET.port}`)).toBeNull()
    expect(verdictOn(last)).toMatchObject({ cause: 'none', unseen_request_cause: null })
  })
})

describe('the gateway', () => {
  test('that gives up on a silent target had its timeout', () => {
    const timeout = opened()
      .fromGateway('PA', get('/slow'))
      .after(0.1)
      .fromTarget('A')
      .after(3_000)
      .fromGateway('FA')
      .after(1)
      .fromTarget('FA')
    expect(verdictOn(timeout)).toMatchObject({ cause: 'target_timeout', closed_by: 'client', confidence: 0.9 })
  })

  test('that stops in the middle of an upload lost its client', () => {
    const abort = opened()
      .fromGateway('PA', `${upload}${'x'.repeat(1_000)}`)
      .after(40)
      .fromGateway('FA')
    expect(verdictOn(abort)).toMatchObject({ cause: 'client_abort' })
  })

  test('that is refused gets a RST upon its SYN', () => {
    expect(verdictOn(new Conversation().fromGateway('S').after(0.1).fromTarget('RA'))).toMatchObject({
      cause: 'connect_refused',
    })
  })

  test('that gets no answer to its SYNs has a connect timeout, once it has waited', () => {
    const silent = new Conversation()
      .fromGateway('S')
      .after(1_000)
      .fromGateway('S', '', { seq: 1_000 })
      .after(2_100)
      .fromGateway('S', '', { seq: 1_000 })
    expect(verdictOn(silent)).toMatchObject({ cause: 'connect_timeout' })
    expect(verdictOn(new Conversation().fromGateway('S'))).toMatchObject({ cause: 'none' })
  })
})

describe('an encrypted connection', () => {
  const record = (type: number, length: number): string =>
    `${String.fromCharCode(type, 3, 3, length >> 8, length & 255)}${'x'.repeat(length)}`
  const hello = (conversation: Conversation): Conversation =>
    conversation.fromGateway('PA', record(0x16, 200)).after(1).fromTarget('PA', record(0x16, 1_000)).after(1)
  const shake12 = (conversation: Conversation): Conversation =>
    hello(conversation)
      .fromGateway('PA', record(0x16, 70) + record(0x14, 1) + record(0x16, 40))
      .after(1)
      .fromTarget('PA', record(0x14, 1) + record(0x16, 40))
      .after(1)
  const shake13 = (conversation: Conversation): Conversation =>
    conversation
      .fromGateway('PA', record(0x16, 500))
      .after(1)
      .fromTarget('PA', record(0x16, 122) + record(0x14, 1) + record(0x17, 800))
      .after(1)
      .fromGateway('PA', record(0x14, 1) + record(0x17, 53))
      .after(1)
      .fromTarget('PA', record(0x17, 250) + record(0x17, 250))
      .after(1)

  test('that the target closes in the handshake is aborted', () => {
    expect(verdictOn(hello(opened()).fromTarget('FA'))).toMatchObject({ cause: 'tls_aborted' })
  })

  test('on which the gateway refuses the certificate says so', () => {
    const refused = hello(opened())
      .fromGateway('PA', `${String.fromCharCode(0x15, 3, 3, 0, 2, 2, 48)}`)
      .after(1)
      .fromGateway('FA')
    expect(verdictOn(refused)).toMatchObject({ cause: 'tls_certificate' })
  })

  test('that the gateway closes without a request was refused for its certificate', () => {
    for (const shake of [shake12, shake13]) {
      expect(verdictOn(shake(opened()).fromGateway('FA'))).toMatchObject({
        cause: 'tls_certificate',
        form: 'no_request',
        confidence: 0.7,
      })
    }
  })

  test('on which the gateway gives up had its timeout, whatever the target says good-bye with', () => {
    const timeout = shake13(opened()).fromGateway('PA', record(0x17, 300)).after(1).fromTarget('A').after(3_000)
    timeout.fromGateway('FPA', record(0x17, 19)).after(1).fromTarget('FPA', record(0x17, 19))
    expect(verdictOn(timeout)).toMatchObject({ cause: 'target_timeout', requests: 1 })
  })

  test('that closes soon behind response bytes is undetermined, also where no other close is known', () => {
    const cut = shake12(opened())
      .fromGateway('PA', record(0x17, 300))
      .after(2)
      .fromTarget('PA', record(0x17, 420))
      .after(300)
      .fromTarget('FA')
    expect(verdictOn(cut)).toMatchObject({ cause: 'undetermined', form: 'unclear_end' })
  })

  test.each([
    ['1.2', shake12],
    ['1.3', shake13],
  ])('of version %s is told by turns: race, premature close, idle close', (_, shake) => {
    const used = (port: number): Conversation =>
      shake(opened(port)).fromGateway('PA', record(0x17, 300)).after(2).fromTarget('PA', record(0x17, 420))
    const race = used(40_001)
      .after(2_000)
      .fromTarget('FA')
      .after(1)
      .fromGateway('PA', record(0x17, 300))
      .after(1)
      .fromTarget('R')
    const premature = used(40_002).after(100).fromGateway('PA', record(0x17, 300)).after(300).fromTarget('FA')
    const goodbye = shake === shake12 ? record(0x15, 26) : record(0x17, 19)
    const idleClose = used(40_003).after(2_000).fromTarget('PA', goodbye).after(0.1).fromTarget('FA')
    expect(verdictOn(race)).toMatchObject({ cause: 'keepalive_race', requests: 2 })
    expect(verdictOn(idleClose)).toMatchObject({ cause: 'none', form: 'idle_close', requests: 1 })
    expect(verdictOn(premature)).toMatchObject({ cause: 'premature_close', requests: 2 })
  })
})
