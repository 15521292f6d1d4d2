import type { LogEntry } from './log-files.js'

export interface LogLevelInput {
  /** As configured; null where it is not known. */
  readonly level: string | null
  readonly logs: readonly LogEntry[]
  /** The file to edit, or its usual name. */
  readonly file: string
}

/** What is wrong with the gateway's log level for a diagnosis, and how to set it; none at `info`. */
export function logLevelWarnings({ level, logs, file }: LogLevelInput): readonly string[] {
  const quiet = logs.filter(({ hasInfo }) => !hasInfo)
  return [...configured(level, file), ...(level !== null && level !== 'info' ? [] : written(quiet, logs.length, file))]
}

function configured(level: string | null, file: string): readonly string[] {
  if (level === null || level === 'info') return []
  if (level === 'debug' || level === 'trace') {
    return [
      `the gateway's log level is ${level}: info is enough, and ${level} writes settings of plugins into the log. ${how(file)}`,
    ]
  }
  return [`the gateway's log level is ${level}, not info: ${MISSING}. ${how(file)}`]
}

function written(quiet: readonly LogEntry[], all: number, file: string): readonly string[] {
  if (quiet.length === 0) return []
  const which =
    quiet.length === all
      ? 'no info lines in these logs'
      : `no info lines in ${quiet.map(({ entry }) => entry.name).join(', ')}`
  return [`${which}: ${MISSING}. ${how(file)}`]
}

const MISSING = 'how many requests there were, and which connection each one took, cannot be told'

const how = (file: string): string =>
  `Set edgemicro.logging.level: info in ${file}, restart the gateway, and make the archive again after the next failures`
