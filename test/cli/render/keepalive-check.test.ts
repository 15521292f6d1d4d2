import { describe, expect, test } from '@jest/globals'
import { renderCheck } from '../../../src/cli/render/keepalive-check.js'
import type { Check } from '../../../src/keepalive/check.js'
import { type End, type Hop, judge } from '../../../src/keepalive/hop.js'
import { type Idle, idleFor, NEVER, UNKNOWN } from '../../../src/keepalive/idle.js'
import { OS_UNKNOWN } from '../../../src/keepalive/os-settings.js'
import { COLOURED_STYLE, OBEYED, PLAIN_STYLE } from '../support.js'

const end = (role: End['role'], idle: Idle, title = ''): End => ({
  role,
  title,
  fact: { idle, source: 'given', from: 'told' },
})

const FRONT = judge(
  { sender: end('client', idleFor(60_000)), receiver: end('gateway', idleFor(65_000)), limits: [] },
  1000,
)

const toTarget = (title: string, sends: Idle, receives: Idle): Hop =>
  judge({ sender: end('gateway', sends), receiver: end('target', receives, title), limits: [] }, 1000)

const answer = (hops: readonly Hop[], more: Partial<Check> = {}): Check => ({
  verdict: 'wrong',
  marginMs: 1000,
  hops: [FRONT, ...hops],
  findings: [],
  changes: [],
  os: OS_UNKNOWN,
  ...more,
})

const render = (outcome: Check, { style = PLAIN_STYLE, width = 100 } = {}): readonly string[] =>
  renderCheck(outcome, { style, width, isTerminal: false })

describe('the answer of keepalive check', () => {
  test('shows the chain from the client to the targets', () => {
    expect(render(answer([toTarget('a:1', NEVER, idleFor(5000)), toTarget('b:2', NEVER, UNKNOWN)]))).toEqual([
      'Of 3 hops, 2 wrong, 0 unknown.',
      '',
      'client',
      '  │  gives up an idle connection after 60 s (told)',
      '  ▼  ok: the client gives up first',
      'gateway',
      '     closes an idle connection after 65 s (told)',
      '  │  never gives up an idle connection (told)',
      '  ├▶ target a:1  WRONG: the target closes first, whenever that is',
      '  │     closes an idle connection after 5 s (told)',
      '  └▶ target b:2  WRONG: the target closes first, whenever that is',
      '        closes an idle connection after an unknown time (told)',
    ])
  })

  test("tells the gateway's side at each target where it is not the same for all", () => {
    const lines = render(answer([toTarget('a:1', idleFor(3000), idleFor(5000)), toTarget('b:2', idleFor(9000), NEVER)]))
    expect(lines).not.toContain('  │  gives up an idle connection after 3 s (told)')
    expect(lines).toContain('  │     the gateway gives up an idle connection after 3 s (told)')
    expect(lines).toContain('        the gateway gives up an idle connection after 9 s (told)')
  })

  test('shows what is wrong before the rest, and not thousands of targets', () => {
    const targets = Array.from({ length: 1030 }, (_, index) => toTarget(`t${index}:1`, NEVER, NEVER))
    const lines = render(answer([...targets, toTarget('wrong:1', NEVER, idleFor(1))]))
    expect(lines[8]).toBe('  ├▶ target wrong:1  WRONG: the target closes first, whenever that is')
    expect(lines.at(-1)).toBe('  └▶ and 1,011 more targets; --json shows all')
    expect(lines.length).toBeLessThan(60)
  })

  test('fits the terminal, but for what is to be copied', () => {
    const text = 'word '.repeat(100).trim()
    const lines = render(
      answer([], {
        hops: [FRONT, toTarget('a:1', NEVER, UNKNOWN)],
        findings: [{ code: 'request_limit', verdict: 'note', text }],
      }),
      { width: 60 },
    )
    expect(lines.filter((line) => line.length > 70)).toEqual([])
    expect(lines).toContain('Notes')
  })

  test('breaks what does not fit a line, and leaves nothing of it out', () => {
    const from = 'nothing says which server it is: --target, or --logs'
    const target: End = { role: 'target', title: 'a:1', fact: { idle: UNKNOWN, source: 'unknown', from } }
    const hop = judge({ sender: end('gateway', NEVER), receiver: target, limits: [] }, 1000)
    expect(render(answer([hop]), { width: 60 }).slice(-3)).toEqual([
      '        closes an idle connection after an unknown time',
      '        (nothing says which server it is: --target, or',
      '        --logs)',
    ])
  })

  test('says first whether a setting is wrong', () => {
    const finding = { code: 'headers_timeout_below', verdict: 'wrong', text: 'it is below' } as const
    const lines = render(answer([toTarget('a:1', NEVER, NEVER)], { findings: [finding] }))
    expect(lines[0]).toBe('Of 2 hops, 0 wrong, 0 unknown, and a setting is wrong.')
    expect(lines.slice(-2)).toEqual(['Also wrong', '  - it is below'])
  })

  test('has colours where they are wanted, and lets through nothing that a terminal obeys', () => {
    const hostile = answer([toTarget('a\u001b[31m:1\u202e', NEVER, UNKNOWN)], {
      changes: [{ what: 'a\u0007', file: 'b\u001b', lines: ['c\u009b'] }],
    })
    expect(render(hostile).join('\n')).not.toMatch(OBEYED)
    expect(render(hostile, { style: COLOURED_STYLE })[0]).toContain('\u001b[31m')
  })
})
