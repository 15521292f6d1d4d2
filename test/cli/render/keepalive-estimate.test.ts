import { describe, expect, test } from '@jest/globals'
import type { TargetEstimate } from '../../../src/cli/estimates.js'
import { renderEstimates } from '../../../src/cli/render/keepalive-estimate.js'
import { displayWidth } from '../../../src/cli/terminal/text.js'
import { TargetIdleTimes } from '../../../src/diagnose/target-idle-times.js'
import { OBEYED, PLAIN_STYLE } from '../support.js'

const FEW: TargetEstimate = {
  target: 'a:1',
  estimate: { state: 'insufficient', timeoutMs: null, lowMs: null, highMs: null, races: 2 },
  idleTimes: new TargetIdleTimes(),
  whatIf: [],
  unknownResets: 0,
}

function estimated(): TargetEstimate {
  const idleTimes = new TargetIdleTimes()
  for (let reset = 0; reset < 40; reset++) idleTimes.reset(5_000 + reset)
  return {
    ...FEW,
    estimate: { state: 'estimated', timeoutMs: 5_000, lowMs: 4_950, highMs: 5_060, races: 40 },
    idleTimes,
    whatIf: [
      { idleTimeoutMs: 10_000, avoided: 20 },
      { idleTimeoutMs: 30_000, avoided: 39 },
      { idleTimeoutMs: 60_000, avoided: 40 },
      { idleTimeoutMs: 120_000, avoided: 40 },
    ],
  }
}

function text(targets: readonly TargetEstimate[], width = 80): string {
  return renderEstimates(targets, { width, style: PLAIN_STYLE }).join('\n')
}

describe('renderEstimates', () => {
  test('marks the first timeout that is long enough, and ends where all races are avoided', () => {
    expect(text([estimated()])).toMatch(/ 10 +20 of 40\n +30 +39 of 40 +enough\n +60 +40 of 40\n {2}With the plugin/)
  })

  test('says how many races there were where they are too few', () => {
    const idleTimes = new TargetIdleTimes()
    for (const idleMs of [900, 5_000, 5_010]) idleTimes.reset(idleMs)
    expect(text([{ ...FEW, idleTimes }]).replaceAll(/\s+/g, ' ')).toContain(
      'not enough evidence: 3 resets of connections that had been idle, 2 of them likely keep-alive races',
    )
  })

  test('says that nothing was reset where nothing was', () => {
    expect(text([FEW])).toContain('none of its connections was reset')
  })

  test('says that there is nothing without a target', () => {
    expect(text([])).toContain('no request to a target')
  })

  test.each([60, 80, 120])('fits %d columns', (width) => {
    for (const line of text([estimated()], width).split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width)
  })

  test('a hostile target never reaches the terminal', () => {
    const shown = text([{ ...estimated(), target: '\x1b[2J\u202eevil\r\n' }])
    expect(shown).not.toMatch(OBEYED)
  })
})
