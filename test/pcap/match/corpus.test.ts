import { describe, expect, test } from '@jest/globals'
import { CAPTURES, type CorpusCapture, streamsOf } from '../corpus.js'
import { type Circumstances, failuresOf, matched } from './corpus-matches.js'

/** Names stand in `/etc/hosts` there, so a capture that cuts the heads of requests does not tell them. */
const namesOf = ({ truth }: CorpusCapture): Circumstances['names'] =>
  new Map(truth.targets.map(({ hostport, ip }) => [hostport.replace(/:.*/, ''), [ip]]))

const isCut = ({ file }: CorpusCapture): boolean => file.includes('snap')
const HOUR_MS = 3_600_000

interface Case extends Circumstances {
  readonly says: string
}

const CASES: readonly Case[] = [
  { says: 'as captured' },
  { says: 'with a clock of an hour later', clockMs: HOUR_MS },
  { says: 'without the ids of requests', without: 'ids' },
  { says: 'without heads', without: 'heads' },
  { says: 'without heads, with a clock of an hour earlier', without: 'heads', clockMs: -HOUR_MS },
]

describe.each(CAPTURES.map((capture) => [capture.name, capture] as const))('%s', (_, capture) => {
  const trueStreams = new Map(
    streamsOf(capture).flatMap(({ tcp_stream, correlation_ids_failed: ids }) =>
      ids.map((id) => [id, tcp_stream] as const),
    ),
  )
  const causes = new Map(capture.truth.requests.map(({ correlation_id: id, cause }) => [id, cause] as const))

  test.each(CASES.map((each) => [each.says, each] as const))(
    '%s: no failure gets packets that are not its own',
    async (_, each) => {
      const needsNames = isCut(capture) || each.without === 'heads'
      const matches = matched(capture, await failuresOf(capture.run), {
        ...each,
        ...(needsNames && { names: namesOf(capture) }),
      })
      const sure = matches.all.filter(({ basis }) => basis !== 'ambiguous')
      const wrong = sure.filter(
        ({ failure, requests }) => trueStreams.get(failure.id) !== requests[0].finding.facts.index,
      )
      expect(wrong.map(({ failure }) => failure.id)).toEqual([])
      for (const { failure, requests } of matches.all) {
        const stream = trueStreams.get(failure.id)
        if (needsNames && capture.file.startsWith('targetside')) continue
        expect(requests.map(({ finding }) => finding.facts.index)).toContain(stream)
      }
    },
  )

  test('each failure whose request is in the capture is found, the right one first', async () => {
    if (isCut(capture)) return
    const matches = matched(capture, await failuresOf(capture.run))
    expect(matches.unmatched).toEqual([])
    expect(matches.all.length).toBeGreaterThan(20)
    for (const { failure, requests } of matches.all) {
      expect(requests[0].finding.facts.index).toBe(trueStreams.get(failure.id))
    }
  })

  test('packets tell the cause of each failure that warn and error lines leave open', async () => {
    const failures = await failuresOf(capture.run, { halvesOnly: true })
    const matches = matched(capture, failures, isCut(capture) ? { names: namesOf(capture) } : {})
    const judged = failures
      .filter(({ http }) => matches.of(http.request.id) !== null)
      .map((each) => matches.judged(each))
    expect(judged.length).toBeGreaterThan(20)
    const open = judged.filter(({ edgemicro }) => edgemicro.cause === 'undetermined')
    // Where heads are cut, bursts at the capture's end may be of one cause or of none.
    expect(open.length).toBeLessThanOrEqual(isCut(capture) ? 3 : 0)
    for (const { http, edgemicro } of judged) {
      if (edgemicro.cause !== 'undetermined') expect(edgemicro.cause).toBe(causes.get(http.request.id))
    }
  })

  test('the clocks of log and capture are compared within a dozen milliseconds', async () => {
    for (const clockMs of [0, HOUR_MS, -HOUR_MS]) {
      const matches = matched(capture, await failuresOf(capture.run), { clockMs, names: namesOf(capture) })
      const offset = matches.offsets.get(capture.file)
      if (capture.file.startsWith('targetside') && offset === null) continue
      expect(Math.abs((offset?.offsetMs ?? Number.NaN) + clockMs)).toBeLessThan(12)
    }
  })
})
