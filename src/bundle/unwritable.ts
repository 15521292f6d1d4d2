import { PermanentError, systemCode } from '../errors.js'

/** Why an archive cannot be written, as `PermanentError`; what is no system error comes back as it is. */
export function unwritable(file: string, cause: unknown): unknown {
  const code = systemCode(cause)
  if (code === undefined) return cause
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const hint = 'make room, name another place with --out FILE, or take less: --since 2h'
    return new PermanentError(`disk is full: ${file}`, { code: 'disk_full', hint, cause })
  }
  return new PermanentError(`the archive cannot be written (${code}): ${file}`, {
    code: 'output_failed',
    hint:
      code === 'EEXIST'
        ? 'nothing is overwritten: name another file with --out FILE'
        : 'name another place with --out FILE',
    cause,
  })
}
