import { GATEWAY } from './requests.mjs'

const MASTER_PID = 20_015

/** The eight workers of the gateway and what they say of themselves: plain lines and interval statistics. */
export class Workers {
  #started = 0

  constructor(random, slots) {
    this.random = random
    this.slots = Array.from({ length: slots }, () => this.#start())
  }

  /** Takes a request into the statistics of its worker. */
  count(slot, request) {
    const worker = this.slots[slot]
    worker.requests += 1
    if (request.failure === null) worker.responses += 1
    else worker.errors += 1
  }

  statsLine(slot) {
    const { id, requests, responses, errors } = this.slots[slot]
    const cpu = `[${786_000 + requests * 3}, ${783_000 + requests}]`
    return (
      ` stats ${id} treqErrors=${errors}, tresErrors=0, statusCodes={1=0, 2=${responses}, 3=0, 4=0, 5=0}, ` +
      `requests=${requests}, responses=${responses}, connections=undefined, rss=${93_794_304 + 4_096 * (requests % 999)}, ` +
      `cpu=${cpu}, stats=[object Object]`
    )
  }

  /** The plain lines that a worker's start leaves behind. */
  startLines(slot) {
    const { id, uid } = this.slots[slot]
    return [
      ` info ${MASTER_PID} worker ${id} is online ... `,
      ` info ${id} installed plugin from accumulate-request `,
      ` info ${id} ${uid} edge micro listening on port 8000 uid=${uid}, port=8000, err=undefined, component=microgateway`,
      ` info ${MASTER_PID} handleWorkerListening ${id} `,
    ]
  }

  /** Replaces a worker by a new one with a new id, as after a crash; returns the plain lines about its end. */
  replace(slot) {
    const { id } = this.slots[slot]
    this.slots[slot] = this.#start()
    return [
      ` info ${MASTER_PID} emitWorkerDisconnect ${id} `,
      ` error ${MASTER_PID} handleWorkerExit ${id} :: ${MASTER_PID + id} `,
    ]
  }

  #start() {
    this.#started += 1
    return { id: this.#started, uid: this.random.uuid(4), requests: 0, responses: 0, errors: 0 }
  }
}

/** The text of an event record behind its timestamp. Nothing is escaped: the gateway does not either. */
export function eventText(request, record) {
  const { url, clientIp, clientId, correlationId, method, workerId } = request
  return (
    ` [${record.level}][${record.host}][${workerId}][${GATEWAY.org}][${GATEWAY.env}][${url}][${clientIp}][${clientId}]` +
    `[${correlationId}][${record.component}][${record.message ?? ''}][${method}][${record.status ?? ''}]` +
    `[${record.errorMessage ?? ''}][${record.errorCode ?? ''}][${record.timeTakenMs || ''}]`
  )
}
