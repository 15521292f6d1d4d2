import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import { projectDirectory } from '../../../support/cli.js'
import { cacheDirectory } from '../../../support/servers/cache.mjs'

const REQUIREMENTS = path.join(projectDirectory, 'test/integration/alerts/support/elastalert2.txt')
const SHIPPED = path.join(projectDirectory, 'deploy/elastalert2')

const run = promisify(execFile)

/**
 * Installs ElastAlert2 into the tests' cache, where it is not there yet, and again where the requirements have changed; the
 * folder of its programs.
 */
export async function installElastAlert(): Promise<string> {
  const digest = createHash('sha256').update(fs.readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)
  const home = path.join(cacheDirectory(), `elastalert2-${digest}`)
  const programs = path.join(home, 'bin')
  const mark = path.join(home, 'complete')
  if (fs.existsSync(mark)) return programs
  fs.rmSync(home, { recursive: true, force: true })
  await run(await findPython(), ['-m', 'venv', home])
  const options = ['--quiet', '--disable-pip-version-check', '--no-input', '--no-deps']
  await run(path.join(programs, 'pip'), ['install', ...options, '-r', REQUIREMENTS], { timeout: 400_000 })
  fs.writeFileSync(mark, '')
  return programs
}

async function findPython(): Promise<string> {
  for (const name of [process.env.HANGUP_TEST_PYTHON, 'python3', 'python3.13', 'python3.12', 'python3.11']) {
    if (name === undefined || name === '') continue
    const code = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
    const fits = await run(name, ['-c', code]).then(
      () => true,
      () => false,
    )
    if (fits) return name
  }
  throw new Error(
    'no Python from 3.11 on with venv is there to run ElastAlert2: install it (Debian and Ubuntu: apt-get install python3-venv), or name one with HANGUP_TEST_PYTHON',
  )
}

export interface ElastAlertSetup {
  /** Of its own; removed by the caller. */
  readonly directory: string
  readonly programs: string
  readonly url: string
  readonly writebackIndex: string
  /** By name. */
  readonly rules: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** What a rule has sent: the matches, by the rule's name. */
export type Sent = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>

/**
 * Lays out a folder as deploy/elastalert2 is, with the shipped configuration, and alerts that go to files. Then makes the
 * indices that ElastAlert2 keeps its own state in.
 */
export async function layOut({ directory, programs, url, writebackIndex, rules }: ElastAlertSetup): Promise<void> {
  const { hostname, port } = new URL(url)
  const config = parse(fs.readFileSync(path.join(SHIPPED, 'config.yaml'), 'utf8'))
  fs.mkdirSync(path.join(directory, 'rules'), { recursive: true })
  write('config.yaml', { ...config, es_host: hostname, es_port: Number(port), writeback_index: writebackIndex })
  write('alert.yaml', { alert: ['command'], pipe_match_json: true })
  for (const [name, rule] of Object.entries(rules)) {
    const file = path.join(directory, `${name}.sent`)
    write(`rules/${name}.yaml`, { ...rule, command: ['/bin/sh', '-c', `cat >> '${file}'; echo >> '${file}'`] })
  }
  await run(path.join(programs, 'elastalert-create-index'), ['--config', 'config.yaml'], {
    cwd: directory,
    env: environment(),
    timeout: 120_000,
  })

  function write(name: string, content: object): void {
    fs.writeFileSync(path.join(directory, name), stringify(content))
  }
}

/** Runs ElastAlert2 until each rule has run once, and ends it; what was sent. `start` is the time it begins to look from. */
export async function runOnce(setup: ElastAlertSetup, start?: Date): Promise<Sent> {
  const { directory, programs, rules } = setup
  const child = spawn(
    path.join(programs, 'elastalert'),
    ['--verbose', '--config', 'config.yaml', ...(start === undefined ? [] : ['--start', start.toISOString()])],
    { cwd: directory, env: environment(), stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  try {
    await allRan(child, Object.keys(rules))
  } finally {
    child.kill('SIGINT')
    await Promise.race([ended, sleep(10_000, undefined, { ref: false })])
    child.kill('SIGKILL')
    await ended
  }
  return Object.fromEntries(Object.keys(rules).map((name) => [name, sentBy(path.join(directory, `${name}.sent`))]))
}

/** It logs `Ran <rule's name> from … to …` at the end of each run. */
async function allRan(child: ChildProcess, names: readonly string[]): Promise<void> {
  const open = new Set(names)
  const log: string[] = []
  const timer = setTimeout(() => child.kill('SIGKILL'), 200_000)
  for await (const line of createInterface({ input: child.stderr as NodeJS.ReadableStream })) {
    log.push(line)
    const name = /\bRan (\S+) from /.exec(line)?.[1]
    if (name !== undefined) open.delete(name)
    if (/\b(?:ERROR|CRITICAL)\b|Traceback/.test(line)) break
    if (open.size === 0) break
  }
  clearTimeout(timer)
  const faults = log.filter((line) => /\b(?:ERROR|CRITICAL)\b|Traceback/.test(line))
  if (open.size > 0 || faults.length > 0) {
    throw new Error(`ElastAlert2 did not run ${[...open].join(', ')}:\n${log.slice(-40).join('\n')}`)
  }
  child.stderr?.resume()
}

function sentBy(file: string): readonly Readonly<Record<string, unknown>>[] {
  if (!fs.existsSync(file)) return []
  const lines = fs.readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').flatMap((line) => JSON.parse(line))
}

/** None of ours: it reads where Elasticsearch is from there too. */
const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC' })
