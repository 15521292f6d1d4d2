// Writes a log as microgateway-core 3.3 does at level info: its file's name and mode, its records, their empty fields.

import { randomUUID } from 'node:crypto'
import { appendFileSync, closeSync, openSync } from 'node:fs'
import path from 'node:path'

/** Fields of an event behind its level, in their order. */
const FIELDS = [
  'host',
  'worker',
  'org',
  'env',
  'url',
  'clientIp',
  'clientId',
  'correlationId',
  'component',
  'message',
  'method',
  'status',
  'errorMessage',
  'errorCode',
  'timeTaken',
]

/** Opens the log of one gateway process in `directory`: `edgemicro-<hostname>-<uid>-1-api.log`. */
export function openLog({ directory, hostname, org, env }) {
  const file = path.join(directory, `edgemicro-${hostname}-${randomUUID()}-1-api.log`)
  const descriptor = openSync(file, 'a', 0o600)
  const write = (text) => appendFileSync(descriptor, `${new Date().toISOString()} ${text}\n`)
  return {
    file,
    /** An empty field, a status of 0 and a time of 0 ms are all written as nothing. */
    event(level, fields) {
      const all = { org, env, worker: 1, ...fields }
      write(`[${level}]${FIELDS.map((name) => `[${all[name] || ''}]`).join('')}`)
    },
    /** A plain record; those without a list of keys end in a blank. */
    plain(worker, text) {
      write(`info ${worker} ${text}`)
    },
    close: () => closeSync(descriptor),
  }
}
