import { numberInFile } from '../packet-place.js'
import type { Exchange } from '../tcp/exchange.js'
import type { Close } from '../tcp/flow.js'
import { type ConnectionFacts, firstClose } from '../verdict/facts.js'
import type { IdleTimeout } from '../verdict/idle-timeout.js'
import type { Form, Verdict } from '../verdict/judge.js'
import { inOrder, type Step, span, step } from './step.js'

export interface StoryInput {
  readonly facts: ConnectionFacts
  readonly verdict: Verdict
  readonly idleTimeout: IdleTimeout | null
  /** The request's method and path, fit to be shown: `GET /orders/1`. */
  readonly name: (exchange: Readonly<Exchange>) => string
}

/** The few packets of a connection that matter to its verdict, each with a sentence, in the order of the file. */
export function tellStory(input: StoryInput): readonly Step[] {
  return inOrder(TELL[input.verdict.form](input))
}

type Teller = (input: StoryInput) => readonly (readonly Step[])[]

const TELL: Readonly<Record<Form, Teller>> = {
  after_close: (input) => [
    ...before(input),
    targetClosed(input, (idle) => `the target closes the connection${idle}`),
    request(input, 'all the same: it had taken the connection before it learned of the close'),
    step(input.facts.closing.target.rst, 'the target answers with RST: nobody reads this connection any more'),
    gatewayClosed(input),
  ],
  crossing: (input) => [
    ...before(input),
    request(input),
    targetClosed(
      input,
      (idle) =>
        `the target closes the connection${idle}; it had not received the request, which this packet does not acknowledge`,
    ),
    step(
      input.facts.closing.target.rst,
      'the target answers the request with RST: nobody reads this connection any more',
    ),
    gatewayClosed(input),
  ],
  unread: (input) => [
    ...before(input),
    request(input),
    targetClosed(
      input,
      (idle) =>
        `the target resets the connection${idle}, at the time when it closes idle ones${timeout(input)}: the request had reached its system, not its server`,
    ),
    gatewayClosed(input),
  ],
  gone: (input) => [
    ...before(input),
    request(input, `on a connection that was idle for ${span(input.facts.exchange?.idleNs ?? 0)}`),
    step(
      input.facts.closing.target.rst,
      'the answer is a RST that acknowledges nothing: the connection was gone on that side, and no packet had told the gateway',
    ),
  ],
  unwritten: (input) => [
    ...answer(input),
    targetClosed(input, (idle) => `the target closes the connection${idle}`),
    gatewayClosed(
      input,
      () => '',
      'the gateway, which had just given the connection to a request, finds it closed before it writes, and closes its side',
    ),
  ],
  fresh: (input) => [
    ...opening(input),
    request(input),
    targetClosed(input, () => 'the target closes the new connection without having received a request'),
    gatewayClosed(input),
  ],
  no_answer: (input) => [
    ...before(input),
    request(input),
    received(input),
    targetClosed(input, () => `the target closes the connection${afterRequest(input)}, without a response`),
    gatewayClosed(input),
  ],
  during_upload: (input) => [
    ...before(input),
    request(input),
    targetClosed(
      input,
      () =>
        `the target closes the connection${afterRequest(input)}, before it had all of the request and without a response`,
    ),
    gatewayClosed(input),
  ],
  partial_head: (input) => [
    ...before(input),
    request(input),
    step(input.facts.exchange?.responseFirst ?? null, 'the response begins'),
    targetClosed(input, () => 'the target closes the connection in the middle of the head of its response'),
    gatewayClosed(input),
  ],
  cut_response: (input) => [
    ...answer(input),
    targetClosed(input, () => 'the target closes the connection in the middle of its response'),
  ],
  foreign: (input) => [
    ...before(input),
    request(input),
    step(input.facts.exchange?.responseFirst ?? null, 'what the target answers is not HTTP'),
    gatewayClosed(input),
  ],
  gateway_waited: (input) => [
    ...before(input),
    request(input),
    received(input),
    gatewayClosed(input, (waited) => `the gateway gives up after ${waited} without a response`),
  ],
  gateway_stopped: (input) => [
    ...answer(input),
    gatewayClosed(
      input,
      (waited) => `the gateway closes the connection ${waited} after the request: its client may have gone`,
    ),
  ],
  refused: ({ facts }) => [
    step(facts.syn, 'the gateway asks for a connection (SYN)'),
    step(facts.closing.target.rst, 'the target refuses it (RST): nothing listens there'),
  ],
  unanswered_syn: ({ facts }) => [
    step(
      facts.syn,
      `the gateway asks for a connection (SYN, sent ${facts.syns} ${facts.syns === 1 ? 'time' : 'times'}) and gets no answer`,
    ),
  ],
  handshake: (input) => [
    ...opening(input),
    targetClosed(input, () => 'the target closes the connection in the middle of the TLS handshake'),
    gatewayClosed(input),
  ],
  certificate: (input) => [
    ...opening(input),
    gatewayClosed(input, () => "the gateway refuses the target's certificate (TLS alert) and closes the connection"),
  ],
  no_request: (input) => [
    ...opening(input),
    gatewayClosed(
      input,
      () =>
        "the gateway closes the encrypted connection without a request, as it does where it refuses the target's certificate",
    ),
  ],
  unclear_end: (input) => [
    ...answer(input),
    targetClosed(
      input,
      (idle) =>
        `the target closes the connection${idle}; whether its response was whole is not to be seen: ${unseen(input)}`,
    ),
    gatewayClosed(input, () => `the gateway closes the connection; why is not to be seen: ${unseen(input)}`),
  ],
  idle_close: (input) => [
    ...answer(input),
    targetClosed(input, (idle) => `the target closes the connection${idle}`),
    gatewayClosed(input),
  ],
  other: (input) => [
    ...answer(input),
    targetClosed(input, () => 'the target closes the connection'),
    gatewayClosed(input),
  ],
}

/** The request before the last one, and its answer. */
function before({ facts: { previous }, name }: StoryInput): readonly (readonly Step[])[] {
  return previous === null ? [] : answered(previous, name(previous))
}

/** The last request, and its answer. */
function answer(input: StoryInput): readonly (readonly Step[])[] {
  const { exchange } = input.facts
  return exchange === null ? opening(input) : answered(exchange, input.name(exchange))
}

function answered(exchange: Readonly<Exchange>, name: string): readonly (readonly Step[])[] {
  const { requestFirst, responseFirst, responseLast, responseComplete, status } = exchange
  return [
    step(requestFirst, `the gateway sends ${name}`),
    step(responseFirst, status === null ? 'the target answers' : `the target answers ${status}`),
    step(responseLast, responseComplete === true ? 'the response is complete' : 'the last bytes of the response'),
  ]
}

function opening({ facts: { syn, synAnswer } }: StoryInput): readonly (readonly Step[])[] {
  return [step(syn, 'the gateway asks for a connection (SYN)'), step(synAnswer, 'the target accepts it')]
}

function request({ facts: { exchange }, name }: StoryInput, more = ''): readonly Step[] {
  if (exchange === null) return []
  const { requestFirst, requestLast } = exchange
  const upTo = requestLast.number === requestFirst.number ? '' : `, up to packet ${numberInFile(requestLast.number)}`
  return step(requestFirst, `the gateway sends ${name(exchange)}${upTo}${more === '' ? '' : `, ${more}`}`)
}

function received({ facts: { exchange, closing } }: StoryInput): readonly Step[] {
  const at = exchange?.requestReceived ?? null
  return at === null || at.number === firstClose(closing.target)?.number
    ? []
    : step(at, 'the target acknowledges it: it was received')
}

function targetClosed({ facts, verdict }: StoryInput, says: (idle: string) => string): readonly Step[] {
  const close = firstClose(facts.closing.target)
  if (close === null) return []
  const isFirst = facts.closedFirst === 'target'
  const idle = isFirst && verdict.idleNs !== null ? ` after ${span(verdict.idleNs)} without use` : ''
  return step(close, isFirst ? `${says(idle)} (${flag(close)})` : `the target closes its side, too (${flag(close)})`)
}

function gatewayClosed(
  { facts }: StoryInput,
  says: (waited: string) => string = () => '',
  second = 'the gateway closes its side',
): readonly Step[] {
  const close = firstClose(facts.closing.client)
  if (close === null) return []
  const waited = span(close.timeNs - (facts.exchange?.requestLast.timeNs ?? close.timeNs))
  const text = facts.closedFirst === 'client' ? says(waited) || 'the gateway closes the connection' : second
  return step(close, `${text} (${flag(close)})`)
}

const flag = ({ kind }: Close): string => kind.toUpperCase()

function afterRequest({ facts: { exchange, closing } }: StoryInput): string {
  const close = firstClose(closing.target)
  return exchange === null || close === null
    ? ''
    : ` ${span(close.timeNs - exchange.requestFirst.timeNs)} after the request`
}

function timeout({ idleTimeout }: StoryInput): string {
  return idleTimeout === null ? '' : ` (${span(idleTimeout.timeoutMs * 1_000_000)})`
}

const unseen = ({ facts }: StoryInput): string =>
  facts.tls === null ? 'the capture cuts packets, or lacks some' : 'the connection is encrypted'
