import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { globSync } from 'tinyglobby'
import { Sandbox, version } from '../../support/cli.js'
import { type Container, type ContainerOptions, startContainer } from '../../support/deploy/contained.js'
import { readImage } from '../../support/deploy/dockerfile.js'
import { statusOf, until } from '../../support/deploy/process.js'
import { clientHalf, targetHalf } from '../../support/lines.js'

/** The image's own command where an engine would put it: process 1, read-only, another user, no capabilities. */

const sandbox = new Sandbox()
const containers: Container[] = []
const image = readImage()
const [user] = image.user.split(':').map(Number)

afterAll(async () => {
  for (const each of containers) each.signal('SIGKILL')
  await Promise.all(containers.map(({ ended }) => ended))
  sandbox.remove()
})

function start(name: string, options: Omit<ContainerOptions, 'root'>): Container {
  const root = sandbox.path(`root-${containers.length}`)
  fs.mkdirSync(root)
  const container = startContainer(name, { root, ...options })
  containers.push(container)
  return container
}

function folder(name: string): string {
  const place = sandbox.path(name)
  fs.mkdirSync(place)
  fs.chownSync(place, user, user)
  return place
}

describe('the image', () => {
  test('says what it can do when it is told nothing', async () => {
    const { ended } = start('help', {})
    expect(await ended).toMatchObject({ code: 0, stdout: expect.stringContaining('hangup') })
    const told = start('version', { command: ['--version'] })
    expect(await told.ended).toMatchObject({ code: 0, stdout: expect.stringContaining(version) })
  })

  test('follows logs into DuckDB, says that it is healthy, and stops at SIGTERM with 143', async () => {
    const [state, logs] = [folder('state'), logsWithOneFailure('logs')]
    const { container, port } = await following(state, logs)
    await until('the failure is stored', async () => (await storedBy(port)) > 0, container)

    const pid = await container.mainPid()
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
    expect(status).toMatch(/^NSpid:\t\d+\t1$/m)
    expect(status).toMatch(new RegExp(`^Uid:\t${user}\t${user}\t`, 'm'))
    expect(status).toMatch(/^CapBnd:\t0+$/m)

    const [program, script] = image.health
    const healthy = start('health', { entrypoint: [program, script, `http://127.0.0.1:${port}/livez`], command: [] })
    expect(await healthy.ended).toMatchObject({ code: 0, stdout: '200 ok\n' })

    process.kill(pid, 'SIGTERM')
    expect(await container.ended).toMatchObject({ code: 143, signal: null })
    const files = globSync('**', { cwd: state, dot: true })
    expect(files).toEqual(expect.arrayContaining(['hangup.duckdb', 'redact.key']))
    for (const file of files) expect(fs.statSync(path.join(state, file)).uid).toBe(user)

    const gone = start('health of nobody', {
      entrypoint: [program, script, `http://127.0.0.1:${port}/livez`],
      command: [],
    })
    expect(await gone.ended).toMatchObject({ code: 1, stdout: expect.stringContaining('ECONNREFUSED') })
  })

  test('goes on where it was after SIGKILL, though its process has the same number again', async () => {
    const [state, logs] = [folder('killed'), logsWithOneFailure('killed-logs')]
    const { container, port } = await following(state, logs)
    await until('the failure is stored', async () => (await storedBy(port)) > 0, container)
    process.kill(await container.mainPid(), 'SIGKILL')
    expect((await container.ended).code).not.toBe(143)
    const again = await following(state, logs)
    process.kill(await again.container.mainPid(), 'SIGTERM')
    expect(await again.container.ended).toMatchObject({ code: 143 })
  })

  test('cannot write elsewhere, and says what it lacks where its state is not mounted', async () => {
    const { ended } = start('stateless', { command: ['run', 'pipelines/tail-to-duckdb.yaml'] })
    const { code, stderr } = await ended
    expect([code, stderr]).toEqual([1, expect.stringMatching(/\/var\/lib\/hangup[\s\S]*HANGUP_STATE/)])
  })

  test('ends with 2 at a wrong configuration, so that nothing starts it again', async () => {
    const { ended } = start('wrong', { command: ['run', 'pipelines/tail-to-duckdb.yaml', '--set', 'source.tale=1'] })
    expect(await ended).toMatchObject({ code: 2 })
  })
})

function logsWithOneFailure(name: string): string {
  const logs = folder(name)
  const log = path.join(logs, 'edgemicro-emg-dev-01-0-1-api.log')
  fs.writeFileSync(log, `${targetHalf()}\n${clientHalf()}\n`, { mode: 0o600 })
  fs.chownSync(log, user, user)
  return logs
}

/** A run that follows `logs`, once it is ready. */
async function following(state: string, logs: string): Promise<{ container: Container; port: number }> {
  const port = await freePort()
  const container = start('run', {
    mounts: { '/var/lib/hangup': state, '/var/tmp': logs },
    command: ['run', 'pipelines/tail-to-duckdb.yaml', '--set', `http.listen=127.0.0.1:${port}`],
  })
  await until('it is ready', async () => (await statusOf(`http://127.0.0.1:${port}/readyz`)) === 200, container)
  return { container, port }
}

async function storedBy(port: number): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Number(/^hangup_stored_documents_total\S* (\d+)/m.exec(metrics)?.[1] ?? 0)
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
