import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { afterAll, afterEach, expect, test } from '@jest/globals'
import { finished, Sandbox, told } from '../../support/cli.js'

/** Listens as systemd does, and prints each word. */
const LISTENER = `
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print('listening', flush=True)
while True:
    print(listener.recv(4096).decode().replace('\\n', ' '), flush=True)
`

const sandbox = new Sandbox()
let listener: ReturnType<typeof spawn> | undefined

afterEach(() => void listener?.kill())
afterAll(() => sandbox.remove())

async function listen() {
  const socket = sandbox.path('notify')
  fs.rmSync(socket, { force: true })
  const child = spawn('python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  listener = child
  const words: string[] = []
  let wake = (): void => {}
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    words.push(...text.split('\n').filter((word) => word !== '' && !word.startsWith('BARRIER')))
    wake()
  })
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      wake = () => condition() && resolve()
      wake()
    })
  await until(() => words.includes('listening'))
  words.length = 0
  return { socket, words, until }
}

const pipeline = (lateness: string): string => `
source: { tail: { paths: ["${sandbox.path('logs')}"] } }
join: { lateness: ${lateness} }
sinks: [{ duckdb: { path: "${sandbox.path('store.duckdb')}" } }]
`

test('systemd hears when a run is ready, reloads and stops, and that it is alive', async () => {
  const { socket, words, until } = await listen()
  const file = sandbox.write('pipeline.yaml', pipeline('30s'))
  const environment = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '200000' }
  const child = sandbox.start(['run', file], { environment })
  const ended = finished(child, ['run'], 60_000)
  const said = (word: string): number => words.filter((each) => each === word).length
  await until(() => said('READY=1 STATUS=running') === 1 && said('WATCHDOG=1') > 3)
  expect(words.indexOf('READY=1 STATUS=running')).toBeGreaterThanOrEqual(0)

  fs.writeFileSync(file, pipeline('never'))
  child.kill('SIGHUP')
  await told(child, /(new pipeline refused)/)
  await until(() => said('RELOADING=1 STATUS=reloading') === 1 && said('READY=1 STATUS=running') === 2)
  fs.writeFileSync(file, pipeline('10s'))
  child.kill('SIGHUP')
  await until(() => said('RELOADING=1 STATUS=reloading') === 2 && said('READY=1 STATUS=running') === 3)

  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 143 })
  await until(() => said('STOPPING=1 STATUS=stopping') === 1)
})

test('nobody is told where nobody listens', async () => {
  const child = sandbox.start(['run', sandbox.write('pipeline.yaml', pipeline('30s'))])
  const ended = finished(child, ['run'], 60_000)
  await told(child, /"msg":"(started)"/)
  child.kill('SIGTERM')
  const { code, stderr } = await ended
  expect([code, stderr]).toEqual([143, expect.not.stringContaining('systemd')])
})
