import { HangupError, PermanentError } from '../../errors.js'

/** What an error of DuckDB, or of the file system under it, means for the operator; an unknown one is given back. */
export function storeError(error: unknown, path: string): unknown {
  if (error instanceof HangupError) return error
  // By its shape, not its class: the errors of native code need not be of our `Error`.
  const { code: systemCode = '', message = '' } = (error ?? {}) as {
    readonly code?: unknown
    readonly message?: unknown
  }
  const text = String(message)
  const fault = FAULTS.find(({ pattern }) => pattern.test(String(systemCode)) || pattern.test(text))
  if (fault === undefined) return error
  const { code, what, hint } = fault
  return new PermanentError(`${what}: ${path}`, { code, hint: hint(text), cause: error })
}

interface Fault {
  readonly pattern: RegExp
  readonly code: 'store_locked' | 'store_incompatible' | 'store_unreachable' | 'disk_full'
  readonly what: string
  readonly hint: (message: string) => string
}

// The texts are DuckDB 1.5's and the C library's; test/sinks/duckdb provokes each one that can be provoked.
const FAULTS: readonly Fault[] = [
  {
    pattern: /^ENOSPC$|^EDQUOT$|^EFBIG$|No space left|Disk quota exceeded|File too large/i,
    code: 'disk_full',
    what: 'the disk of the store is full',
    hint: () => 'free some space and run again: nothing that was not stored has been marked as done',
  },
  {
    pattern: /Could not set lock on file|different configuration than existing connections/i,
    code: 'store_locked',
    what: 'the store is in use',
    hint: (message) => `${holderOf(message)}: stop it, or give another path`,
  },
  {
    pattern: /not a valid DuckDB database|Trying to read a database file with version number|Serialization Error/i,
    code: 'store_incompatible',
    what: 'not a DuckDB store that this version can read',
    hint: () => 'give another path, or move that file away and read the logs again',
  },
  {
    pattern: /^EACCES$|^EPERM$|^EROFS$|Permission denied|Read-only file system|Operation not permitted/i,
    code: 'store_unreachable',
    what: 'no permission to write the store',
    hint: () => 'make the file and its directory writable for this user, or give another path',
  },
  {
    pattern: /^ENOTDIR$|^EEXIST$|Is a directory|Not a directory|No such file or directory/i,
    code: 'store_unreachable',
    what: 'the store cannot be opened',
    hint: () => 'give the path of a file in a directory that exists',
  },
  {
    pattern: /Out of Memory Error/i,
    code: 'store_unreachable',
    what: 'the store needs more memory than it may use',
    hint: () => 'raise the memory limit of the store, or begin a new one',
  },
]

function holderOf(message: string): string {
  const [, program, pid] = /lock is held in (.+?) \(PID (\d+)\)/.exec(message) ?? []
  if (pid !== undefined) return `process ${pid} (${program}) has it open`
  return message.includes('different configuration')
    ? 'this process has it open already'
    : 'another process has it open'
}
