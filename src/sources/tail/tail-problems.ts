import { InputError } from '../../errors.js'

export function fileWasCut(path: string): InputError {
  return new InputError(`file was cut while it was followed: ${path}`, {
    code: 'input_truncated',
    hint: 'it is read again from its start; what was cut off unread is lost: let the log be rotated by renaming instead',
  })
}

export function tooManyLogs(maxOpen: number): InputError {
  return new InputError(`more logs than may be open at a time: ${maxOpen}`, {
    code: 'input_unreadable',
    hint: 'they take turns, which costs time: raise the limit of open files (LimitNOFILE, ulimit -n), or name fewer logs',
  })
}

export function followedFileIsGone(path: string): InputError {
  return new InputError(`file that was followed is gone: ${path}`, {
    code: 'input_not_found',
    hint: 'what was not read of it before the last stop is lost, unless it was packed: report reads packed files',
  })
}
