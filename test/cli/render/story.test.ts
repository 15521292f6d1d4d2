import { describe, expect, test } from '@jest/globals'
import { storyOf } from '../../../src/cli/render/story.js'
import type { IdleTimeoutEstimate } from '../../../src/diagnose/idle-timeout.js'
import type { Cause, FailureDocument } from '../../../src/records.js'
import { failure } from '../../support/documents.js'

const RACE = {
  ...{ elapsed_ms: 4, idle_ms: 5_003, reused: 1, reuses: 743, reuses_near: 164, reuses_same: 42, resets_near: 27 },
  ...{ halves_gap_ms: 1, client_aborted_after_ms: null },
}
const ESTIMATE: IdleTimeoutEstimate = { state: 'estimated', timeoutMs: 5_000, lowMs: 4_950, highMs: 5_050, races: 398 }
const NO_ESTIMATE: IdleTimeoutEstimate = { state: 'insufficient', timeoutMs: null, lowMs: null, highMs: null, races: 2 }

interface Sketch {
  readonly cause: Cause
  readonly evidence?: FailureDocument['edgemicro']['evidence']
  readonly method?: string
  readonly estimate?: IdleTimeoutEstimate
}

function story({ cause, evidence = {}, method, estimate }: Sketch): string {
  const { document } = failure({ cause, method })
  return storyOf({
    failure: { ...document, edgemicro: { ...document.edgemicro, evidence, confidence: 0.97 } },
    estimate,
  }).join(' ')
}

describe('storyOf', () => {
  test('tells a race from the connection to what follows', () => {
    expect(story({ cause: 'keepalive_race', evidence: RACE, estimate: ESTIMATE })).toBe(
      'The target was 10.0.0.9:8080. Both halves of the failure are there. ' +
        'Worker 3 sent it over a connection that had been idle for 5.003 s since the request before. ' +
        'In the five to ten minutes until then, 743 requests of this API on reused connections ended well, 164 of them (22 %) on ' +
        'connections that had been idle for about as long (within 7 %; 42 within 1 %); before this one, 27 were reset there. ' +
        'The target closes idle connections after 5.000 s (4.950 s to 5.050 s), as 398 keep-alive races in these logs tell: ' +
        'this one was taken just then. ' +
        'The request to the target failed 4 ms after it began, the client was told 1 ms later. ' +
        'Verdict: keepalive_race: the target closed an idle connection just as the gateway reused it. Of a hundred such ' +
        'verdicts, 97 are right (confidence 0.97). ' +
        'The request never reached the application. It is safe to send again: GET is idempotent.',
    )
  })

  test('says how far from the timeout a connection was taken', () => {
    const early = { ...RACE, idle_ms: 1_000 }
    expect(story({ cause: 'premature_close', evidence: early, estimate: ESTIMATE })).toContain('taken 80 % before that')
  })

  test('does not call a request safe that is not idempotent', () => {
    const text = story({ cause: 'keepalive_race', evidence: RACE, method: 'POST' })
    expect(text).toContain('safe to send again if it is idempotent')
  })

  test('says that no timeout is known where the evidence does not suffice', () => {
    const text = story({ cause: 'keepalive_race', evidence: RACE, estimate: NO_ESTIMATE })
    expect(text).toContain('do not tell after how long')
  })

  test('rules a race out for a new connection', () => {
    const text = story({ cause: 'premature_close', evidence: { elapsed_ms: 4, idle_ms: null, reused: 0 } })
    expect(text).toContain('opened a new one')
    expect(text).not.toContain('closes idle connections')
    expect(text).toContain('may have acted upon it')
  })

  test('says what is missing where no line tells of the connection', () => {
    const text = story({ cause: 'undetermined', evidence: { elapsed_ms: 308, idle_ms: null, reused: null } })
    expect(text).toContain('logging.level: info')
    expect(text).toContain('Verdict: undetermined')
    expect(text).not.toContain('confidence')
  })

  test('keeps to the cause where connections do not matter', () => {
    const text = story({ cause: 'target_timeout', evidence: { ...RACE, elapsed_ms: 3_005 }, estimate: ESTIMATE })
    expect(text).not.toContain('closes idle connections')
    expect(text).toContain('failed 3.005 s after it began')
  })
})
