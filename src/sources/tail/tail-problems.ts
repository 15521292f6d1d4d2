import { InputError } from '../../errors.js'

/** `copyPath` is where a rotator left what it cut off; null where nothing of it was found. */
export function fileWasCut(path: string, copyPath: string | null): InputError {
  const rest =
    copyPath === null
      ? 'it is read again from its start; what was cut off unread is lost'
      : `its copy is read to the end (${copyPath}), then the file from its start; what was written while it was copied may be lost`
  return new InputError(`file was cut while it was followed: ${path}`, {
    code: 'input_truncated',
    hint: `${rest}: let the log be rotated by renaming instead of copytruncate`,
  })
}

export function packedLogIsDamaged(path: string): InputError {
  return new InputError(`packed log ends early or is damaged: ${path}`, {
    code: 'input_truncated',
    hint: 'nothing of it is read while the log is followed; hangup run --once with its path reads what can be read',
  })
}

export function tooManyLogs(maxOpen: number): InputError {
  return new InputError(`more logs than may be open at a time: ${maxOpen}`, {
    code: 'input_unreadable',
    hint: 'they take turns, which costs time: raise the limit of open files (LimitNOFILE, ulimit -n), or name fewer logs',
  })
}

/** `unstoredBytes` were read by a former run and not stored yet. */
export function followedFileIsGone(path: string, unstoredBytes: number): InputError {
  const lost = unstoredBytes > 0 ? `the last ${unstoredBytes} bytes that were read of it were not stored yet; ` : ''
  return new InputError(`file that was followed is gone: ${path}`, {
    code: 'input_not_found',
    hint: `${lost}what was written to it after the last stop is lost: let rotated logs be kept for longer`,
  })
}

export function unreadFileWasDeleted(path: string, unreadBytes: number, leftMs: number): InputError {
  return new InputError(`file was deleted before it was read to its end: ${path}`, {
    code: 'input_truncated',
    hint: `${unreadBytes} bytes are kept open for ${Math.round(leftMs / 1000)} s more, then they are lost: see that the stores take documents again`,
  })
}

export function unreadFileWasGivenUp(path: string, unreadBytes: number): InputError {
  return new InputError(`deleted file was given up before it was read to its end: ${path}`, {
    code: 'input_truncated',
    hint: `${unreadBytes} bytes are lost: keep such files open for longer (source.tail.unreadWait), or logs on disk`,
  })
}
