import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { ndjson } from '../support/cli.js'
import { corpusLogs, type FutureLog } from './logs.js'
import { type Following, Host, readStore } from './store.js'

const LOG = corpusLogs('i-337-b-warn-113')[0]

let host: Host

beforeEach(() => {
  host = new Host()
})

afterEach(() => host.remove())

describe('a processor that is told to stop', () => {
  test('ends within ten seconds with exit code 143 and a checkpoint', async () => {
    append(LOG)
    const following = host.follow()
    await stored(following, LOG)
    const toldMs = performance.now()
    expect(await following.stop()).toMatchObject({ code: 143, signal: null, stdout: '' })
    expect(performance.now() - toldMs).toBeLessThan(10_000)
    expect(host.readCheckpoint()?.files).toMatchObject([{ storedThrough: LOG.bytes.length }])
    expect((await readStore(host.store)).failures).toEqual((await host.singlePass()).failures)
  })

  test('ends with exit code 143 where there is no log yet', async () => {
    const following = host.follow()
    await following.says('started')
    expect(await following.stop()).toMatchObject({ code: 143, signal: null })
  })
})

describe('a checkpoint that is damaged', () => {
  test.each([
    ['cut', (text: string) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['of another shape', () => '{"version":1,"files":"all"}'],
    ['binary', () => '\u0000\u0001\ufffd'],
  ])('which is %s is named and set aside, and the run ends with the same results', async (_, damage) => {
    append(LOG)
    await runUntilStored(LOG)
    const text = fs.readFileSync(host.checkpointFile, 'utf8')
    fs.writeFileSync(host.checkpointFile, damage(text))
    const { stderr } = await runUntilStored(LOG)
    expect(stderr).toContain(`${host.checkpointFile}.corrupt-1`)
    expect(stderr).toContain('"code":"checkpoint_corrupt"')
    expect(fs.readFileSync(`${host.checkpointFile}.corrupt-1`, 'utf8')).toBe(damage(text))
    expect(await readStore(host.store)).toEqual(await host.singlePass())
  })
})

describe('a second processor', () => {
  test('on the same state is refused, and the first one goes on', async () => {
    const first = host.follow()
    await first.says('started')
    const second = await host.follow(['--set', `sinks[0].duckdb.path=${host.path('other.duckdb')}`]).ended
    expect(second).toMatchObject({ code: 1, stdout: '' })
    expect(second.stderr).toMatch(/^hangup: state is in use by another process: .+\.lock\n {2}process \d+ runs .+\n$/)
    append(LOG)
    await stored(first, LOG)
    expect(await first.stop()).toMatchObject({ code: 143 })
  })

  test('on the same store is refused before it reads anything', async () => {
    const first = host.follow()
    await first.says('started')
    append(LOG)
    const second = await host.follow(['--set', 'name=second']).ended
    expect(second).toMatchObject({ code: 1, stdout: '' })
    expect(second.stderr).toMatch(/^hangup: the store is in use: .+\n {2}process \d+ .+ has it open: .+\n$/)
    expect(fs.existsSync(path.join(host.state, 'second.checkpoint'))).toBe(false)
    expect(await first.stop()).toMatchObject({ code: 143 })
  })

  test('takes over the state of one that was killed', async () => {
    const first = host.follow()
    await first.says('started')
    await first.kill()
    append(LOG)
    expect((await runUntilStored(LOG)).code).toBe(143)
  })
})

describe('bad lines', () => {
  const bad = [
    '2026-11-23T02:53:40.000Z [loud][api.example.com][3][acme][test][emg/x?token=hunter2hunter2][][sk-Secret12345][][core][][GET][502][m][c][]',
    '2026-13-23T02:53:41.000Z [error][api.example.com][2][acme][test][emg/x][][sk-Secret12345][][core][][GET][502][m][c][]',
  ]
  const log: FutureLog = { name: LOG.name, bytes: Buffer.concat([LOG.bytes, Buffer.from(`${bad.join('\n')}\n`)]) }

  test('go to the dead letters redacted, and only once however often the processor is stopped', async () => {
    append(log)
    for (let run = 0; run < 3; run++) await runUntilStored(log)
    append({ ...log, bytes: Buffer.from(`${bad[0]}\n`) })
    const longer = { ...log, bytes: Buffer.concat([log.bytes, Buffer.from(`${bad[0]}\n`)]) }
    for (let run = 0; run < 2; run++) await runUntilStored(longer)
    const text = fs.readFileSync(host.deadLetterFile, 'utf8')
    const letters = ndjson(text)
    const { length } = LOG.bytes
    expect(letters.map(({ position }) => position.offset)).toEqual([
      length,
      length + bad[0].length + 1,
      log.bytes.length,
    ])
    expect(letters.map(({ kind }) => kind)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(text).not.toMatch(/Secret12345|hunter2/)
    expect(fs.statSync(host.deadLetterFile).mode & 0o777).toBe(0o600)
  })

  test('that cannot be kept end the run, and the checkpoint does not move past them', async () => {
    append(log)
    const { code, stderr } = await host.follow(['--set', 'deadLetters.path=/dev/full']).ended
    expect({ code, stderr }).toMatchObject({ code: 1 })
    expect(stderr).toMatch(/\nhangup: cannot write dead letters: \/dev\/full \(disk full\)\n {2}make room .+\n$/)
    expect(host.readCheckpoint()?.files ?? []).toEqual([])
    await runUntilStored(log)
    expect(ndjson(fs.readFileSync(host.deadLetterFile, 'utf8'))).toHaveLength(bad.length)
  })
})

function append({ name, bytes }: FutureLog): void {
  fs.appendFileSync(path.join(host.logs, name), bytes)
}

/** Runs the processor and stops it cleanly, again until all of the log is stored: a stop may come before the last lines. */
async function runUntilStored(log: FutureLog) {
  for (let stops = 0; stops < 20; stops++) {
    const following = host.follow()
    await following.says('started')
    await sleep(200)
    const result = await following.stop()
    if (host.readCheckpoint()?.files.some(({ storedThrough }) => storedThrough === log.bytes.length)) return result
  }
  throw new Error('the log was never read to its end')
}

/** Resolves when a checkpoint knows the log: its lines were read. */
async function stored(following: Following, { name }: FutureLog): Promise<void> {
  await following.says('started')
  const deadlineMs = performance.now() + 20_000
  while (!host.readCheckpoint()?.files.some(({ path: known }) => known.endsWith(name))) {
    if (performance.now() > deadlineMs) throw new Error('no checkpoint was written')
    await sleep(50)
  }
}
