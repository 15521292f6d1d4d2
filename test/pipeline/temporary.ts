import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach } from '@jest/globals'

/** Makes directories that are gone after each test. */
export function temporaryDirectories(): () => string {
  const made: string[] = []
  afterEach(() => {
    for (const directory of made.splice(0)) fs.rmSync(directory, { recursive: true, force: true })
  })
  return () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-pipeline-'))
    made.push(directory)
    return directory
  }
}

export const modeOf = (file: string): number => fs.statSync(file).mode & 0o777
