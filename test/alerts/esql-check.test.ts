import { describe, expect, test } from '@jest/globals'
import { alertIdColumns } from '../../src/alerts/esql-check.js'

describe('an alert of a row is named by', () => {
  test.each([
    ['the columns of BY', 'FROM a | STATS n = COUNT(*) BY x.y, z', ['n', 'x.y', 'z'], ['x.y', 'z']],
    ['those of the last STATS', 'FROM a | STATS n = COUNT(*) BY b, c | STATS m = SUM(n) BY c', ['m', 'c'], ['c']],
    [
      'the name that BY gives',
      'FROM a | STATS n = COUNT(*) BY t = BUCKET(@timestamp, 5, 1, 2), z',
      ['n', 't', 'z'],
      ['t', 'z'],
    ],
    [
      'the new name of one that was renamed',
      'FROM a | STATS n = COUNT(*) BY b | RENAME b AS c, n AS m',
      ['m', 'c'],
      ['c'],
    ],
    ['those that are left', 'FROM a | STATS n = COUNT(*) BY b, c | DROP b', ['n', 'c'], ['c']],
    ['all columns where none is left', 'FROM a | STATS n = COUNT(*) BY b | KEEP n', ['n'], ['n']],
    ['all columns where nothing is grouped', 'FROM a | KEEP b, c', ['b', 'c'], ['b', 'c']],
    ['no word of a text', 'FROM a | WHERE b == "| STATS x BY c" | STATS n = COUNT(*) BY b', ['n', 'b'], ['b']],
  ])('%s', (_, esql, answer, columns) => {
    expect(alertIdColumns(esql, answer)).toEqual(columns)
  })
})
