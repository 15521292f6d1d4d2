import { describe, expect, test } from '@jest/globals'
import { renderSetup } from '../../../src/cli/render/setup.js'
import type { State, Step } from '../../../src/sinks/elasticsearch/setup/plan.js'
import type { SetupOutcome } from '../../../src/sinks/elasticsearch/setup/setup.js'
import { shippedObjects } from '../../../src/sinks/elasticsearch/setup/shipped.js'
import { COLOURED_STYLE, OBEYED, PLAIN_STYLE } from '../support.js'

const [object] = shippedObjects({ prefix: 'p', lifecycle: true })

const step = (state: State, put: boolean, differences: Step['differences'] = []): Step => ({
  object,
  state,
  put,
  differences,
})

function outcome(parts: Partial<SetupOutcome>): SetupOutcome {
  return { lifecycle: true, steps: [], indices: [], overruled: [], otherIndices: [], ...parts }
}

const render = (parts: Partial<SetupOutcome>, dryRun = false): string[] =>
  renderSetup(outcome(parts), { dryRun, name: 'http://h', style: PLAIN_STYLE })

describe('what the setup says', () => {
  test('has a line for each object and index, in words for what was done', () => {
    const steps = [
      step('new', true),
      step('same', false),
      step('changed', true),
      step('by_hand', false),
      step('newer', true),
    ]
    expect(render({ steps, indices: ['i'] })).toEqual([
      'installed       lifecycle policy p-failures',
      'same            lifecycle policy p-failures',
      'replaced        lifecycle policy p-failures',
      'left            lifecycle policy p-failures (changed by hand)',
      'replaced        lifecycle policy p-failures (installed by a newer version)',
      'made            index i',
      'http://h: 4 of 6 changed',
    ])
  })

  test('has in a dry run words for what would be done', () => {
    const steps = [step('new', true), step('changed', true), step('newer', false)]
    expect(render({ steps, indices: ['i'], overruled: ['o'] }, true)).toEqual([
      'would install   lifecycle policy p-failures',
      'would replace   lifecycle policy p-failures',
      'left            lifecycle policy p-failures (installed by a newer version)',
      'would make      index i',
      expect.stringMatching(/^overruled by another index template: o; give the other one a lower priority/),
      'http://h: 3 of 4 would change',
    ])
  })

  test('shows each difference from what is there to what is shipped', () => {
    const differences = [
      { path: 'a', before: '1', after: '2' },
      { path: 'b', before: null, after: '3' },
      { path: 'c', before: '4', after: null },
    ]
    expect(render({ steps: [step('changed', true, differences)] })).toEqual([
      'replaced        lifecycle policy p-failures',
      '  - a: 1',
      '  + a: 2',
      '  + b: 3',
      '  - c: 4',
      'http://h: 1 of 1 changed',
    ])
  })

  test('says in full where nothing was changed, and what the operator should know', () => {
    const others = ['a', 'b', 'c', 'd', 'e']
    expect(render({ lifecycle: false, steps: [step('same', false)], otherIndices: others })).toEqual([
      'same            lifecycle policy p-failures',
      expect.stringMatching(/^no lifecycle management in this server: nothing deletes old indices/),
      'made with other mappings, which they keep: a, b, c and 2 more',
      'http://h: nothing changed',
    ])
  })

  test('has nothing in it that a terminal would obey, whatever stands in the server, and the same words in colour', () => {
    const hostile = '\u001b[2J\u202e\nx'
    const steps = [step('by_hand', false, [{ path: hostile, before: hostile, after: null }])]
    const parts = outcome({ steps, otherIndices: [hostile] })
    const plain = renderSetup(parts, { dryRun: false, name: hostile, style: PLAIN_STYLE })
    for (const line of plain) expect(line).not.toMatch(OBEYED)
    const coloured = renderSetup(parts, { dryRun: false, name: hostile, style: COLOURED_STYLE })
    expect(coloured.map((line) => line.replace(/\u001b\[\d+m/g, ''))).toEqual(plain)
    expect(coloured).not.toEqual(plain)
  })
})
