import { InputError, systemCode } from '../errors.js'
import { GzipError } from './gunzip.js'

function inputNotFound(path: string): InputError {
  return new InputError(`no such file or directory: ${path}`, {
    code: 'input_not_found',
    hint: 'check the path; quote a glob so that hangup expands it, and use - for standard input',
  })
}

export function inputNotALog(path: string): InputError {
  return new InputError(`not a gateway log: ${path}`, {
    code: 'input_not_a_log',
    hint: 'it holds binary data; give edgemicro-*.log files, plain or compressed with gzip',
  })
}

/** Why `path` could not be read (on), from whatever opening or reading it threw. */
export function inputProblem(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error
  if (error instanceof GzipError) {
    return new InputError(`compressed input ends early or is damaged: ${path}`, {
      code: 'input_truncated',
      hint: 'what stood before the fault was read; copy or compress the file again for the rest',
      cause: error,
    })
  }
  const code = systemCode(error)
  if (code === undefined) throw error
  if (code === 'ENOENT' || code === 'ENOTDIR') return inputNotFound(path)
  return new InputError(`input cannot be read (${code}): ${path}`, {
    code: 'input_unreadable',
    hint: hintFor(code),
    cause: error,
  })
}

function hintFor(code: string): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'the gateway writes its logs for its own user only (mode 0600): run as that user or as root'
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open: raise the limit (ulimit -n)'
    case 'EISDIR':
      return 'it is a directory: give the files in it'
    default:
      return 'check the file and the disk that it is on'
  }
}
