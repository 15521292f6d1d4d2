import fs from 'node:fs'

const GATEWAY = Buffer.from([10, 0, 0, 1])
const TARGET = Buffer.from([10, 0, 0, 9])
const TARGET_PORT = 8_080
const [FIN, SYN, RST, PUSH, ACK] = [1, 2, 4, 8, 16]
const START_SECONDS = 1_795_403_110
const STEP_MICROSECONDS = 50
/** One connection in so many ends in a race. */
const RACE_EVERY = 100
const OPEN_AT_ONCE = 200

const REQUEST = Buffer.from(
  'GET /orders/12345/detail?lang=summer HTTP/1.1\r\nhost: t1.backend.example:8080\r\nuser-agent: load/1.0\r\n' +
    'accept: application/json\r\nx-request-id: 0123456789abcdef\r\nx-forwarded-for: 10.1.2.3\r\n' +
    'x-forwarded-host: api.acme.example\r\nx-api-key: k-3f9a7c55e1\r\nvia: 1.1 localhost\r\nconnection: keep-alive\r\n\r\n',
)
const RESPONSE = Buffer.from(
  'HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 03:05:10 GMT\r\nContent-Type: application/json\r\nContent-Length: 200\r\n' +
    `Connection: keep-alive\r\n\r\n${'x'.repeat(200)}`,
)

/**
 * Writes a capture of at least so many packets: connections to one target, many open at a time, each with so many requests, closed by
 * the target for idleness; every hundredth one in the very moment of the next request. The same packets on each run.
 */
export function writeCapture(file, { packets, requestsPerConnection }) {
  const writer = new CaptureWriter(file)
  const truth = { packets: 0, connections: 0, requests: 0, races: 0 }
  let open = []
  while (writer.packets < packets) {
    while (open.length < OPEN_AT_ONCE) open.push(connect(writer, truth.connections++))
    for (const each of open) exchange(writer, each)
    truth.requests += open.length
    const used = open.filter(({ requests }) => requests >= requestsPerConnection)
    if (used.length > 0) writer.wait(5_000_000)
    for (const each of used) {
      const isRace = each.id % RACE_EVERY === 0
      close(writer, each, isRace)
      truth.races += isRace ? 1 : 0
      truth.requests += isRace ? 1 : 0
    }
    open = open.filter(({ requests }) => requests < requestsPerConnection)
  }
  truth.packets = writer.packets
  writer.end()
  return truth
}

function connect(writer, id) {
  const port = 1_024 + (id % 60_000)
  // Other numbers when a port comes again, as systems choose them.
  const base = (Math.imul(id, 0x9e3779b1) >>> 0) & 0x3fff_ffff
  const connection = { id, port, gateway: base + 1, target: base + 70_001, requests: 0 }
  writer.fromGateway(connection, SYN, { seq: base })
  writer.fromTarget(connection, SYN | ACK, { seq: base + 70_000 })
  writer.fromGateway(connection, ACK)
  return connection
}

function exchange(writer, connection) {
  writer.fromGateway(connection, PUSH | ACK, { payload: REQUEST })
  connection.gateway += REQUEST.length
  writer.fromTarget(connection, ACK)
  writer.fromTarget(connection, PUSH | ACK, { payload: RESPONSE })
  connection.target += RESPONSE.length
  writer.fromGateway(connection, ACK)
  connection.requests++
}

function close(writer, connection, isRace) {
  writer.fromTarget(connection, FIN | ACK)
  connection.target++
  if (isRace) {
    writer.fromGateway(connection, PUSH | ACK, { payload: REQUEST })
    writer.fromTarget(connection, RST)
  } else {
    writer.fromGateway(connection, FIN | ACK)
    connection.gateway++
    writer.fromTarget(connection, ACK)
  }
}

class CaptureWriter {
  packets = 0
  #descriptor
  #buffer = Buffer.alloc(1 << 22)
  #length = 0
  #microseconds = 0

  constructor(file) {
    this.#descriptor = fs.openSync(file, 'w')
    const head = Buffer.alloc(24)
    head.writeUInt32LE(0xa1b2c3d4, 0)
    head.writeUInt16LE(2, 4)
    head.writeUInt16LE(4, 6)
    head.writeUInt32LE(262_144, 16)
    head.writeUInt32LE(1, 20)
    fs.writeSync(this.#descriptor, head)
  }

  fromGateway({ port, gateway, target }, flags, { seq = gateway, payload = null } = {}) {
    this.#write({ from: GATEWAY, to: TARGET, ports: [port, TARGET_PORT], seq, ack: target, flags, payload })
  }

  fromTarget({ port, gateway, target }, flags, { seq = target, payload = null } = {}) {
    this.#write({ from: TARGET, to: GATEWAY, ports: [TARGET_PORT, port], seq, ack: gateway, flags, payload })
  }

  wait(microseconds) {
    this.#microseconds += microseconds
  }

  end() {
    this.#flush()
    fs.closeSync(this.#descriptor)
  }

  #flush() {
    fs.writeSync(this.#descriptor, this.#buffer, 0, this.#length)
    this.#length = 0
  }

  #write({ from, to, ports, seq, ack, flags, payload }) {
    const payloadLength = payload?.length ?? 0
    const length = 14 + 20 + 20 + payloadLength
    if (this.#length + 16 + length > this.#buffer.length) this.#flush()
    const buffer = this.#buffer
    const start = this.#length
    buffer.fill(0, start, start + 70)
    buffer.writeUInt32LE(START_SECONDS + Math.floor(this.#microseconds / 1_000_000), start)
    buffer.writeUInt32LE(this.#microseconds % 1_000_000, start + 4)
    buffer.writeUInt32LE(length, start + 8)
    buffer.writeUInt32LE(length, start + 12)
    const ip = start + 16 + 14
    buffer.writeUInt16BE(0x0800, ip - 2)
    buffer[ip] = 0x45
    buffer.writeUInt16BE(length - 14, ip + 2)
    buffer[ip + 8] = 64
    buffer[ip + 9] = 6
    from.copy(buffer, ip + 12)
    to.copy(buffer, ip + 16)
    const tcp = ip + 20
    buffer.writeUInt16BE(ports[0], tcp)
    buffer.writeUInt16BE(ports[1], tcp + 2)
    buffer.writeUInt32BE(seq >>> 0, tcp + 4)
    buffer.writeUInt32BE((flags & ACK) === 0 ? 0 : ack >>> 0, tcp + 8)
    buffer[tcp + 12] = 0x50
    buffer[tcp + 13] = flags
    buffer.writeUInt16BE(0xffff, tcp + 14)
    payload?.copy(buffer, tcp + 20)
    this.#length = start + 16 + length
    this.#microseconds += STEP_MICROSECONDS
    this.packets++
  }
}
