import { describe, expect, test } from '@jest/globals'
import { InputError, PermanentError } from '../../../src/errors.js'
import { storeError } from '../../../src/sinks/duckdb/errors.js'

describe('storeError', () => {
  test.each([
    ['a full disk', 'IO Error: Could not write file "s.duckdb": No space left on device', 'disk_full'],
    [
      'a full disk that ended the database',
      'FATAL Error: Failed: database has been invalidated. Original error: "No space left on device"',
      'disk_full',
    ],
    ['a quota', 'IO Error: Could not write file "s.duckdb.wal": Disk quota exceeded', 'disk_full'],
    ['a file size limit', 'IO Error: Could not write file "s.duckdb": File too large', 'disk_full'],
    [
      'a lock',
      'IO Error: Could not set lock on file "s.duckdb": Conflicting lock is held in /usr/bin/node (PID 7)',
      'store_locked',
    ],
    [
      'another file',
      'IO Error: The file "s.duckdb" exists, but it is not a valid DuckDB database file!',
      'store_incompatible',
    ],
    [
      'a newer DuckDB',
      'IO Error: Trying to read a database file with version number 99, but we can only read versions up to 67',
      'store_incompatible',
    ],
    ['no permission', 'IO Error: Cannot open file "s.duckdb": Permission denied', 'store_unreachable'],
    ['too little memory', 'Out of Memory Error: failed to pin block of size 256.0 KiB', 'store_unreachable'],
  ])('makes one clear error of %s', (_, message, code) => {
    const cause = new Error(message)
    const error = storeError(cause, 's.duckdb')
    expect(error).toBeInstanceOf(PermanentError)
    expect(error).toMatchObject({
      code,
      cause,
      message: expect.stringMatching(/^[^:\n]+: s\.duckdb$/),
      hint: expect.not.stringContaining('\n'),
    })
  })

  test('names the process that holds the lock, as far as it is known', () => {
    const hint = (message: string) => (storeError(new Error(message), 's') as PermanentError).hint
    expect(hint('Could not set lock on file "s": Conflicting lock is held in /usr/bin/node (PID 7)')).toMatch(
      'process 7 (/usr/bin/node)',
    )
    expect(hint('Could not set lock on file "s": Resource temporarily unavailable')).toMatch('another process')
  })

  test('leaves errors alone that it does not know or that are explained already', () => {
    const bug = new TypeError('x is not a function')
    const known = new InputError('no such store: s', { code: 'input_not_found', hint: 'look' })
    expect(storeError(bug, 's')).toBe(bug)
    expect(storeError(known, 's')).toBe(known)
  })
})
