import { afterAll, describe, expect, test } from '@jest/globals'
import type { FailureDocument } from '../../../src/records.js'
import { Sandbox } from '../../support/cli.js'
import { corpusRun } from '../../support/truth.js'

const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

describe('explain', () => {
  const run = corpusRun('b-337-tun-107')
  const logs = run.logs.map(({ file }) => file)

  test('judges a request by all that the logs tell of its target, as failures does', async () => {
    const all = (await sandbox.hangup(['failures', ...logs])).stdout.trimEnd().split('\n')
    const failures = all.map((line): FailureDocument => JSON.parse(line))
    const first = failures.find(({ edgemicro }) => edgemicro.cause === 'keepalive_race')
    const id = first?.http.request.id ?? ''
    expect(run.requests.get(id)?.cause).toBe('keepalive_race')
    const { code, stdout } = await sandbox.hangup(['explain', '--json', id, ...logs])
    expect(code).toBe(0)
    const explained = JSON.parse(stdout)
    expect(explained.failure).toMatchObject(first ?? {})
    expect(explained.story.join(' ')).toContain('The request never reached the application.')
    const told = (await sandbox.hangup(['explain', id, ...logs])).stdout.replaceAll(/\s+/g, ' ')
    for (const sentence of explained.story) expect(told).toContain(sentence)
  })
})
