import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { DEAD_LETTER_REASONS, REASONS } from '../../../src/cli/render/dead-letter-reasons.js'
import { renderReasons } from '../../../src/cli/render/dead-letters.js'
import type { DeadLetterReason } from '../../../src/sinks/dead-letters/dead-letter-sink.js'
import { projectDirectory } from '../../support/cli.js'

const STYLE = new Proxy({}, { get: () => (text: string) => text }) as Parameters<typeof renderReasons>[1]['style']

test('the README has a row for each reason of a line, as the command explains it', () => {
  const readme = fs.readFileSync(path.join(projectDirectory, 'README.md'), 'utf8')
  const [, section] = /^## Dead letters\n([\s\S]*?)(?=^## )/m.exec(readme) ?? []
  const rows = [...(section ?? '').matchAll(/^\| `([a-z_]+)` \| (.*) \|$/gm)].map(([, reason, means]) => [
    reason,
    means,
  ])
  const expected = Object.entries(REASONS)
    .filter(([reason]) => reason !== 'refused')
    .map(([reason, { means }]) => [reason, means])
  expect(rows).toEqual(expected)
  expect(section).toContain('refused')
})

test('each reason says what it means, how it comes about and what to do, in lines that fit', () => {
  for (const reason of DEAD_LETTER_REASONS as readonly DeadLetterReason[]) {
    const lines = renderReasons([reason], { width: 60, style: STYLE })
    expect(lines[0]).toBe(reason)
    expect(lines.every((line) => line.length <= 60)).toBe(true)
    expect(lines.join('\n')).toMatch(/What to do: /)
    for (const text of Object.values(REASONS[reason])) expect(text.length).toBeGreaterThan(15)
  }
})
