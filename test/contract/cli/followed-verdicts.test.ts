import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { FailureDocument } from '../../../src/records.js'
import { corpusLogs } from '../../fault/logs.js'
import { Host, readStore } from '../../fault/store.js'
import { ndjson, Sandbox } from '../../support/cli.js'

let host: Host

beforeEach(() => {
  host = new Host()
})

afterEach(() => host.remove())

/** Of each failure, by its id, as a line. */
const sorted = (verdicts: readonly (readonly unknown[])[]): readonly string[] => verdicts.map(String).sort()

test.each(['e-337-111', 'c-316-109', 'h-337-110'])(
  'a service that follows %s ends with the verdicts of failures',
  async (run) => {
    const logs = corpusLogs(run)
    // Each log in three pieces: what comes first is judged before there is more.
    const pieces = [0, 1, 2].map((piece) =>
      logs.map(({ name, bytes }) => {
        const cut = (share: number): number => bytes.lastIndexOf('\n', (bytes.length * share) / 3) + 1
        return { name, bytes: bytes.subarray(cut(piece), cut(piece + 1)) }
      }),
    )
    for (const piece of pieces) {
      for (const { name, bytes } of piece) fs.appendFileSync(path.join(host.logs, name), bytes)
      await host.followToEnd()
    }
    const { failures } = await readStore(host.store)

    const sandbox = new Sandbox()
    const { stdout } = await sandbox.hangup(['failures', host.logs])
    sandbox.remove()
    const told = ndjson(stdout).map(({ http, edgemicro }: FailureDocument) => [
      http.request.id,
      edgemicro.cause,
      edgemicro.confidence,
    ])
    expect(told.some(([, cause]) => cause === 'keepalive_race' || cause === 'premature_close')).toBe(true)
    expect(sorted(failures.map(({ request_id, cause, confidence }) => [request_id, cause, confidence]))).toEqual(
      sorted(told),
    )
  },
)
