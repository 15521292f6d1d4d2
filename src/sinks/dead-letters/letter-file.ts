import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PermanentError, systemCode } from '../../errors.js'
import type { DeadLetter } from '../../records.js'
import type { DeadLetterSink } from './dead-letter-sink.js'

/**
 * Dead letters as NDJSON in a file that is made, with its directory, when the first one comes, readable by its owner
 * only. Each write ends on the disk. Throws `PermanentError` (`disk_full`, `state_unusable`).
 */
export class LetterFile implements DeadLetterSink {
  constructor(private readonly path: string) {}

  async write(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return
    const text = letters.map((letter) => `${JSON.stringify(letter)}\n`).join('')
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 })
      const file = await open(this.path, 'a', 0o600)
      try {
        await file.appendFile(text)
        await file.datasync()
      } finally {
        await file.close()
      }
    } catch (error) {
      const isFull = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '')
      throw new PermanentError(`cannot write dead letters: ${this.path}${isFull ? ' (disk full)' : ''}`, {
        code: isFull ? 'disk_full' : 'state_unusable',
        hint: isFull ? 'make room on the disk and run again' : 'set deadLetters.path to a writable file',
        cause: error,
      })
    }
  }

  async close(): Promise<void> {}
}
