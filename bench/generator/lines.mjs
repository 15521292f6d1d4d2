import { makeRequest, requestRecords } from './requests.mjs'
import { Schedule, writtenAtMs } from './schedule.mjs'
import { eventText, Workers } from './workers.mjs'

const SLOTS = 8
const STATS_EVERY_MS = 5_000
const REPLACE_EVERY_MS = 30_000
const NO_MATCH_SHARE = 1 / 20_000

/**
 * All lines of one gateway in the order of the file, as `{ timeMs, text, kind, request, record }`; `text` is the line
 * behind its timestamp. Ends with the first request after `minimumLines` and all that is still open then.
 */
export function* makeLines({ random, startMs, minimumLines, meanGapMs, failureShare, infoLines }) {
  const schedule = new Schedule()
  const workers = new Workers(random, SLOTS)
  const put = (timeMs, slot, line) => {
    schedule.push({ ...line, timeMs, slot, writtenMs: writtenAtMs(timeMs, slot, SLOTS) })
  }
  const putPlain = (timeMs, slot, texts) => {
    for (const text of texts) put(timeMs, slot, { kind: 'plain', text })
  }
  for (let slot = 0; slot < SLOTS; slot += 1) putPlain(startMs, slot, workers.startLines(slot))

  let [lines, nowMs, statsMs, replaceMs, replaced] = [0, startMs + 1_000, startMs, startMs, 0]
  while (lines < minimumLines) {
    nowMs += random.wait(meanGapMs)
    if (nowMs - statsMs >= STATS_EVERY_MS) {
      statsMs = nowMs
      for (let slot = 0; slot < SLOTS; slot += 1) put(nowMs, slot, { kind: 'stats', text: workers.statsLine(slot) })
    }
    if (nowMs - replaceMs >= REPLACE_EVERY_MS) {
      replaceMs = nowMs
      const slot = replaced++ % SLOTS
      putPlain(nowMs, slot, [...workers.replace(slot), ...workers.startLines(slot)])
    }
    const slot = random.below(SLOTS)
    const request = makeRequest({ random, workerId: workers.slots[slot].id, failureShare })
    workers.count(slot, request)
    for (const record of requestRecords({ request, infoLines, random })) {
      put(nowMs + record.afterMs, slot, { kind: 'event', request, record, text: eventText(request, record) })
    }
    if (random.chance(NO_MATCH_SHARE)) put(nowMs, slot, noMatch(request))
    while (schedule.nextMs <= nowMs) {
      lines += 1
      yield schedule.pop()
    }
  }
  while (schedule.nextMs !== Number.POSITIVE_INFINITY) yield schedule.pop()
}

/** A request for which the gateway knows no proxy: a client half without url, address, key and correlation id. */
function noMatch({ host, workerId, method }) {
  const request = {
    trap: null,
    target: null,
    host,
    workerId,
    method,
    url: '',
    clientIp: '',
    clientId: '',
    correlationId: '',
  }
  const record = { level: 'error', host, component: 'microgateway-core', status: 404, errorMessage: 'no match found' }
  return { kind: 'event', request, record, text: eventText(request, record) }
}
