import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { query } from '../../sinks/duckdb/harness.js'
import { type CliResult, projectDirectory, Sandbox } from '../../support/cli.js'
import { clientHalf, infoLine, targetHalf } from '../../support/lines.js'
import { corpusRun, RUNS } from '../../support/truth.js'
import { expectError } from './expect-error.js'

const samplePipeline = path.join(projectDirectory, 'pipelines/sample.yaml')

/** Debug lines, hostile lines, a console without a gateway's name, rotation, stacks, statistics, client halves only. */
const VARIED = RUNS.filter((name) => /^(a-337-debug|d-337|f-337|g-337-(console|rotate|stack)|h-|i-316-b)/.test(name))

/** Logs, a store and `hangup` on them. */
class Bench {
  readonly #sandbox = new Sandbox()
  readonly store = this.#sandbox.path('hangup.duckdb')
  logs = this.#sandbox.path('logs')

  write(name: string, ...lines: readonly string[]): string {
    return this.#sandbox.write(`logs/${name}`, lines.map((line) => `${line}\n`).join(''))
  }

  path(name: string): string {
    return this.#sandbox.path(name)
  }

  async run(): Promise<void> {
    const result = await this.hangup('run', samplePipeline, '--once')
    expect({ code: result.code, stderr: result.code === 0 ? '' : result.stderr }).toEqual({ code: 0, stderr: '' })
  }

  verify(...options: readonly string[]): Promise<CliResult> {
    return this.hangup('verify', samplePipeline, ...options)
  }

  /** The answer for scripts, and the exit code. */
  async verified(...options: readonly string[]) {
    const { code, stdout } = await this.verify('--json', ...options)
    const answer = JSON.parse(stdout)
    return { code, answer, differences: answer.stores[0].differences }
  }

  hangup(...commandLine: readonly string[]): Promise<CliResult> {
    return this.#sandbox.hangup(commandLine, { environment: { LOGS: this.logs, HANGUP_STORE: this.store } })
  }

  start(...commandLine: readonly string[]) {
    return this.#sandbox.start(commandLine, { environment: { LOGS: this.logs, HANGUP_STORE: this.store } })
  }

  sql(statement: string) {
    return query(this.store, statement)
  }

  remove(): void {
    this.#sandbox.remove()
  }
}

describe.each(VARIED)('of %s', (name) => {
  const bench = new Bench()
  const run = corpusRun(name)

  beforeAll(async () => {
    bench.logs = run.gateway === null ? run.logs[0].file : run.directory
    await bench.run()
  })
  afterAll(() => bench.remove())

  test('verify finds the store as one pass gives it, and a hole in it', async () => {
    const { code, answer } = await bench.verified()
    const [failures] = await bench.sql('SELECT count(*)::INTEGER AS n FROM failures')
    const [traffic] = await bench.sql('SELECT count(*)::INTEGER AS n FROM traffic')
    expect({ code, ...answer }).toMatchObject({ code: 0, same: true, failures: failures.n, traffic: traffic.n })
    expect(answer.stores).toMatchObject([{ same: true, failures: failures.n, traffic: traffic.n, differences: [] }])
    await bench.sql('DELETE FROM traffic WHERE id = (SELECT min(id) FROM traffic)')
    expect(await bench.verified()).toMatchObject({ code: 3, differences: [{ difference: 'missing' }] })
  })
})

describe('of verdicts on resets, verify', () => {
  const bench = new Bench()
  const runs = ['e-337-111', 'h-337-110'].map(corpusRun)
  const logs = (run: (typeof runs)[number]): string => path.join(run.directory, 'edgemicro-*')

  beforeAll(async () => {
    for (const run of runs) {
      bench.logs = logs(run)
      await bench.run()
    }
  })
  afterAll(() => bench.remove())

  test('finds those that all failures of the store tell, of whatever input they are', async () => {
    for (const run of runs) {
      bench.logs = logs(run)
      expect(await bench.verified()).toMatchObject({ code: 0, answer: { same: true } })
    }
  })

  test('finds those that they do not tell', async () => {
    const [row] = await bench.sql("SELECT id FROM failures WHERE cause = 'keepalive_race' ORDER BY id")
    await bench.sql(`UPDATE failures SET cause = 'premature_close', confidence = 0.7 WHERE id = '${row.id}'`)
    const results = []
    for (const run of runs) {
      bench.logs = logs(run)
      results.push((await bench.verified()).differences)
    }
    expect(results.flat()).toMatchObject([
      {
        difference: 'different',
        id: row.id,
        fields: [
          { field: 'edgemicro.cause', input: 'keepalive_race', store: 'premature_close' },
          { field: 'edgemicro.confidence', store: 0.7 },
        ],
      },
    ])
  })
})

describe('verify', () => {
  const bench = new Bench()
  const filled = bench.path('filled.duckdb')
  const LOG = 'edgemicro-gw-4d6f7850-e6eb-11f1-9797-4bad290756f0-1-api.log'
  const lines = [
    infoLine({ at: 0, correlationId: 'a' }),
    targetHalf({ at: 10, correlationId: 'a' }),
    clientHalf({ at: 11, correlationId: 'a' }),
    targetHalf({ at: 20, correlationId: 'b' }),
    infoLine({ at: 70_000, correlationId: 'c' }),
    clientHalf({ at: 70_011, correlationId: 'c' }),
  ]

  beforeAll(async () => {
    bench.write(LOG, ...lines)
    await bench.run()
    fs.copyFileSync(bench.store, filled)
  })
  beforeEach(() => {
    bench.write(LOG, ...lines)
    fs.copyFileSync(filled, bench.store)
  })
  afterAll(() => bench.remove())

  test('says for people that a store is the same, with what was compared, and the ledger apart', async () => {
    const { code, stdout, stderr } = await bench.verify()
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'read 6 lines = 6 events + 0 plain + 0 stats + 0 continuations + 0 rejections\n',
    })
    expect(stdout).toMatch(/^Input: 3 failures and 2 traffic documents, .* UTC to .* UTC\.\n\nduckdb \S+: the same\n$/)
  })

  test('changes nothing: neither store, nor state, nor logs', async () => {
    const before = contents(path.dirname(bench.store))
    await bench.verify()
    await bench.verify('--set', 'join.window=1s')
    expect(contents(path.dirname(bench.store))).toEqual(before)
  })

  test.each([
    [
      'a failure that was deleted',
      "DELETE FROM failures WHERE id = 'b'",
      { difference: 'missing', kind: 'failure', id: 'b' },
    ],
    [
      'a failure that was changed',
      "UPDATE failures SET cause = 'keepalive_race' WHERE id = 'a'",
      {
        difference: 'different',
        id: 'a',
        origin: 'gw',
        fields: [{ field: 'edgemicro.cause', input: 'premature_close', store: 'keepalive_race' }],
      },
    ],
    [
      'a failure whose time was changed beyond the input',
      `UPDATE failures SET "timestamp" = TIMESTAMP '1999-12-31 00:00:00' WHERE id = 'c'`,
      { difference: 'different', id: 'c', fields: [{ field: '@timestamp', store: '1999-12-31T00:00:00.000Z' }] },
    ],
    [
      'a failure that was added',
      "INSERT INTO failures SELECT * REPLACE ('x' AS id) FROM failures WHERE id = 'a'",
      { difference: 'only_in_store', kind: 'failure', id: 'x', places: ['failures'] },
    ],
    [
      'traffic that was deleted',
      'DELETE FROM traffic WHERE "timestamp" = (SELECT min("timestamp") FROM traffic)',
      { difference: 'missing', kind: 'traffic' },
    ],
    [
      'traffic that was counted twice',
      'UPDATE traffic SET requests = requests * 2 WHERE "timestamp" = (SELECT min("timestamp") FROM traffic)',
      { difference: 'different', kind: 'traffic', fields: [{ field: 'edgemicro.requests', input: 1, store: 2 }] },
    ],
    [
      'traffic that was added',
      'INSERT INTO traffic SELECT * REPLACE (\'x\' AS id) FROM traffic ORDER BY "timestamp" LIMIT 1',
      { difference: 'only_in_store', kind: 'traffic', id: 'x' },
    ],
  ])('tells %s, alone, and ends with 3', async (_, statement, expected) => {
    await bench.sql(statement)
    const { code, differences } = await bench.verified()
    expect(code).toBe(3)
    expect(differences).toMatchObject([expected])
  })

  test.each([
    [
      'of another gateway',
      "INSERT INTO failures SELECT * REPLACE ('x' AS id, 'other' AS gateway) FROM failures LIMIT 1",
    ],
    [
      'of another time',
      'INSERT INTO failures SELECT * REPLACE (\'x\' AS id, "timestamp" - INTERVAL 1 DAY AS "timestamp") FROM failures LIMIT 1',
    ],
    [
      'of another partition',
      "INSERT INTO traffic SELECT * REPLACE ('x' AS id, 'other/1' AS \"partition\") FROM traffic LIMIT 1",
    ],
  ])('does not mind documents %s', async (_, statement) => {
    await bench.sql(statement)
    expect((await bench.verified()).code).toBe(0)
  })

  test('tells what the input has got since, and nothing once a run has stored it', async () => {
    bench.write(LOG, ...lines, targetHalf({ at: 71_000, correlationId: 'd' }), infoLine({ at: 72_000 }))
    const { code, differences } = await bench.verified()
    expect([
      code,
      differences.map(({ difference, kind }: { difference: string; kind: string }) => `${difference} ${kind}`),
    ]).toEqual([3, ['missing failure', 'different traffic']])
    await bench.run()
    expect((await bench.verified()).code).toBe(0)
  })

  test('merges a half that comes far behind as the store does', async () => {
    const late = [infoLine({ at: 500_000 }), clientHalf({ at: 500_010, correlationId: 'b' })]
    bench.write(LOG, ...lines, ...late)
    await bench.run()
    const [row] = await bench.sql("SELECT halves FROM failures WHERE id = 'b'")
    expect(row).toEqual({ halves: 'both' })
    expect((await bench.verified()).code).toBe(0)
  })

  test('shows a difference to people, with its fields, and how many more there are', async () => {
    await bench.sql(`UPDATE failures SET cause = 'dns_notfound', error_message = chr(27) || '[31mred'`)
    const { code, stdout } = await bench.verify('--limit', '1')
    expect(code).toBe(3)
    expect(stdout).toMatch(/: 3 differences\n/)
    expect(stdout).toMatch(/^different +3 +0 +in both, not the same$/m)
    expect(stdout).toMatch(/^different {2}failure {2}a {2}\S+Z {2}gw$/m)
    expect(stdout).toMatch(/^ {2}edgemicro\.cause +"premature_close" +"dns_notfound"$/m)
    expect(stdout).toMatch(/^and 2 more; /m)
    expect(stdout).not.toContain('\u001b')
  })

  test('--limit bounds what --json lists, never what it counts', async () => {
    await bench.sql('DELETE FROM failures')
    const { answer, differences } = await bench.verified('--limit', '2')
    expect(differences).toHaveLength(2)
    expect(answer.stores[0].counts.missing).toEqual({ failures: 3, traffic: 0 })
    expect((await bench.verified('--limit', '0')).differences).toEqual([])
  })

  test('takes options of the run: another key or another redaction is another answer', async () => {
    expect((await bench.verified('--set', 'redact.clientId=drop')).differences[0].fields).toMatchObject([
      { field: 'edgemicro.client_key', input: null },
    ])
    const other = bench.path('other-state')
    fs.mkdirSync(other)
    const refused = await bench.verify('--state', other)
    expectError(refused, 1)
    expect(refused.stderr).toMatch(/no redaction key: .*other-state/)
    expect(fs.readdirSync(other)).toEqual([])
  })

  test('ends with 1 where an input cannot be read, though the others can be', async () => {
    const another = bench.write('edgemicro-gw2-1-1-api.log.gz', 'no gzip')
    fs.writeFileSync(another, Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(100, 7)]))
    const { code, stdout, stderr } = await bench.verify()
    expect(code).toBe(1)
    expect(stderr).toContain('edgemicro-gw2-1-1-api.log.gz')
    expect(stderr.match(/^hangup: /gm)).toHaveLength(1)
    expect(stdout).toContain('the same')
    fs.rmSync(another)
  })

  test('ends with 1 where there is no store, no input, or no gateway log', async () => {
    const noStore = await bench.verify(
      '--set',
      `sinks=[{duckdb: {path: ${JSON.stringify(bench.path('none.duckdb'))}}}]`,
    )
    expectError(noStore, 1)
    expect(noStore.stderr).toContain('none.duckdb')
    expect(fs.existsSync(bench.path('none.duckdb'))).toBe(false)
    expectError(await bench.verify('--set', 'source.files.paths=/nowhere/at/all.log'), 1)
    const text = bench.path('text.log')
    fs.writeFileSync(text, 'hello\nworld\n')
    expectError(await bench.verify('--set', `source.files.paths=${text}`), 1)
  })

  test.each([
    ['standard input', 'source={stdin: {}}', 'cannot be read again'],
    ['standard input among files', 'source.files.paths=["-"]', 'cannot be read again'],
    ['no store', 'sinks=[{stdout: {}}]', 'no store to compare with'],
  ])('refuses a pipeline with %s, with 2', async (_, override, text) => {
    const result = await bench.verify('--set', override)
    expectError(result, 2)
    expect(result.stderr).toContain(text)
  })

  test('refuses a limit that is none, and a pipeline that is not there, with 2', async () => {
    expectError(await bench.verify('--limit', 'many'), 2)
    expectError(await bench.verify('--limit', '-1'), 2)
    expectError(await bench.hangup('verify', 'nowhere.yaml'), 2)
    expectError(await bench.hangup('verify'), 2)
  })

  test('is stopped by a signal while it reads, without an answer', async () => {
    const fifo = bench.path('edgemicro-pipe.log')
    spawnSync('mkfifo', [fifo])
    const child = bench.start('verify', samplePipeline, '--set', `source.files.paths=${fifo}`)
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    // Opening blocks until the other side reads.
    const writer = await fs.promises.open(fifo, 'w')
    await writer.write(`${lines.join('\n')}\n`)
    const ended = new Promise((resolve) => child.on('close', (code) => resolve(code)))
    child.kill('SIGINT')
    // A read that waits for the other side is let go by its end.
    await writer.close()
    expect(await ended).toBe(130)
    expect(output).toBe('')
  })
})

/** Bytes of every file in a directory and below it. */
function contents(directory: string): Readonly<Record<string, string>> {
  const files = fs.readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const file = path.join(parentPath, name)
      return [file, fs.readFileSync(file).toString('latin1')]
    }),
  )
}
