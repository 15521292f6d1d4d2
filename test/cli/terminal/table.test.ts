import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { renderTable } from '../../../src/cli/terminal/table.js'
import { displayWidth } from '../../../src/cli/terminal/text.js'
import { COLOURED_STYLE, OBEYED, PLAIN_STYLE } from '../support.js'

const COLUMNS = [{ title: 'target' }, { title: 'failures', align: 'right' as const }]

test('texts go to the left, numbers to the right', () => {
  const rows = [
    ['a:1', '5'],
    ['longer:22', '1,234'],
  ]
  expect(renderTable({ columns: COLUMNS, rows }, { width: 80, indent: 2, style: PLAIN_STYLE })).toEqual([
    '  target     failures',
    '  a:1               5',
    '  longer:22     1,234',
  ])
})

test('the widest text is cut in the middle until the table fits', () => {
  const columns = [{ title: 'target' }, { title: 'cause' }, { title: 'failures', align: 'right' as const }]
  const rows = [['orders.backend.internal.example:28021', 'undetermined', '123']]
  const lines = renderTable({ columns, rows }, { width: 44, style: PLAIN_STYLE })
  expect(lines.map(displayWidth)).toEqual([44, 44])
  expect(lines[1]).toContain('undetermined')
  expect(lines[1]).toMatch(/^orders\.b.*….*:28021 /)
})

test('numbers are never cut', () => {
  const lines = renderTable(
    { columns: COLUMNS, rows: [['a'.repeat(40), '1,234,567']] },
    { width: 5, style: PLAIN_STYLE },
  )
  expect(lines[1]).toMatch(/ 1,234,567$/)
})

test('escape sequences in a target never reach the terminal', () => {
  const rows = [['\x1b]0;owned\x07\x1b[2Jevil\u202e:80\r\n', '1']]
  const [, line] = renderTable({ columns: COLUMNS, rows }, { width: 100, style: PLAIN_STYLE })
  expect(line).toContain('␛]0;owned␇␛[2Jevil<U+202E>:80␍␊')
  expect(line).not.toMatch(OBEYED)
})

test('colours do not move columns', () => {
  const table = { columns: [{ title: 'target', emphasis: 'cyan' as const }, COLUMNS[1]], rows: [['a:1', '5']] }
  const layout = { width: 80, style: COLOURED_STYLE }
  const coloured = renderTable(table, layout).map((line) => line.replace(/\x1b\[\d+m/g, ''))
  expect(coloured).toEqual(renderTable(table, { ...layout, style: PLAIN_STYLE }))
})

test('any texts fit any terminal that has room for the numbers', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat().map(String)), { minLength: 1 }),
      fc.integer({ min: 30, max: 120 }),
      (rows, width) => {
        const lines = renderTable({ columns: COLUMNS, rows }, { width, style: PLAIN_STYLE })
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width)
      },
    ),
  )
})
