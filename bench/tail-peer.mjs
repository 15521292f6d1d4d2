// How much of logs that are rotated all the time a peer reads: rsyslog's imfile (Debian's), killed and started again, against the same
// writer and the same logrotate as test/fault/tail-torture.test.ts. Prints lines lost and lines read more than once for each way to
// rotate. Usage: node bench/tail-peer.mjs [seconds] [seed] [kills|no-kills]. Needs rsyslogd and logrotate.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import zlib from 'node:zlib'

process.env.PATH = `${process.env.PATH}:/usr/sbin`
const [seconds = '30', seed = '1', killing = 'kills'] = process.argv.slice(2)
const root = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-peer-'))
const BY_SECOND = ['dateext', 'dateformat -%Y%m%d-%s']
const MODES = {
  // The control: what is lost here, the setting loses.
  never: [],
  rename: ['create'],
  packed: ['create', 'compress'],
  dated: ['create', 'compress', 'delaycompress', ...BY_SECOND],
  copied: ['copytruncate', 'nocompress'],
  'copied-packed': ['copytruncate', 'compress', ...BY_SECOND],
}
const names = Object.keys(MODES)

let state = Number(seed)
/** 0 … 1, without 1. */
function random() {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
  return state / 0x80000000
}

const parameters = {
  directory: path.join(root, 'logs'),
  journal: path.join(root, 'journal'),
  gateways: names,
  inPieces: [],
  writeCloses: [],
  linesPerSecond: 1_000,
  speed: 40,
  startMs: Date.UTC(2026, 4, 28, 20),
  seed: Number(seed),
}
const writer = spawn(process.execPath, [path.resolve('test/support/torture/writer.mjs'), JSON.stringify(parameters)])
await once(writer.stdout, 'data')

fs.mkdirSync(path.join(root, 'work'))
fs.writeFileSync(path.join(root, 'rsyslog.conf'), rsyslogConfiguration())
for (const name of names)
  fs.writeFileSync(path.join(root, `${name}.conf`), logrotateConfiguration(name), { mode: 0o600 })

const endMs = performance.now() + Number(seconds) * 1000
let rotations = 0
let kills = 0
let peer = startPeer()
await sleep(2_000)
await Promise.all([...names.slice(1).map(rotateAgain), killing === 'kills' ? killAgain() : null])
writer.stdin.write('{"what":"stop"}\n')
await once(writer, 'close')
await sleep(5_000)
peer.kill('SIGTERM')
await once(peer, 'close')

const version = execFileSync('rsyslogd', ['-v'], { encoding: 'utf8' })
  .split('\n')[0]
  .replace(/ compiled with.*/, '')
console.log(`${version}; ${seconds} s, seed ${seed}, ${rotations} rotations, ${kills} kills\n`)
console.log(
  '| rotated by | lines written | of them not on disk any more | lost by the peer besides | read more than once |',
)
console.log('|---|---|---|---|---|')
names.forEach((name, index) => {
  const written = linesOf(fs.readFileSync(path.join(root, 'journal', `edgemicro-${name}-u${index}-1-api.log`)))
  const onDisk = new Set(filesOf(path.join(root, 'logs', name)).flatMap(linesOf))
  const read = linesOf(fs.readFileSync(path.join(root, `${name}.out`)))
  const once = new Set(read)
  const left = written.filter((line) => onDisk.has(line))
  const lost = left.filter((line) => !once.has(line)).length
  console.log(
    `| ${name} | ${written.length} | ${written.length - left.length} | ${lost} | ${read.length - once.size} |`,
  )
})
fs.rmSync(root, { recursive: true })

/** imfile by inotify, its state saved at every line, whole files reread after a cut: what its documentation advises. */
function rsyslogConfiguration() {
  const inputs = names.map(
    (name) =>
      `input(type="imfile" File="${root}/logs/${name}/edgemicro-*-api.log" Tag="t" ruleset="${name}" reopenOnTruncate="on" freshStartTail="off" PersistStateInterval="1")
ruleset(name="${name}") { action(type="omfile" file="${root}/${name}.out" template="line" asyncWriting="off" flushOnTXEnd="on") }`,
  )
  return `global(workDirectory="${root}/work" maxMessageSize="64k")
module(load="imfile" mode="inotify")
template(name="line" type="string" string="%msg%\\n")
${inputs.join('\n')}
`
}

function logrotateConfiguration(name) {
  const directives = MODES[name]
  const flag = `${root}/logs/${name}/reopen`
  const reopen = [
    'postrotate',
    `touch "${flag}"`,
    `kill -HUP ${writer.pid}`,
    `while [ -e "${flag}" ]; do sleep 0.01; done`,
    'endscript',
  ]
  const own = [...directives, ...(directives.includes('create') ? reopen : [])]
  return [
    `"${root}/logs/${name}/edgemicro-*-api.log" {`,
    'rotate 1000',
    'missingok',
    'notifempty',
    ...own,
    '}',
    '',
  ].join('\n')
}

function startPeer() {
  for (const name of names) fs.appendFileSync(path.join(root, `${name}.out`), '')
  return spawn('rsyslogd', ['-n', '-f', path.join(root, 'rsyslog.conf'), '-i', path.join(root, 'rsyslog.pid')], {
    stdio: 'ignore',
  })
}

async function rotateAgain(name) {
  while (performance.now() < endMs) {
    await sleep(random() * 1_200)
    const rotator = spawn(
      'logrotate',
      ['--force', '--state', path.join(root, `${name}.state`), path.join(root, `${name}.conf`)],
      { stdio: 'ignore' },
    )
    await once(rotator, 'close')
    rotations++
  }
}

async function killAgain() {
  while (performance.now() < endMs) {
    await sleep(300 + random() * 2_700)
    peer.kill('SIGKILL')
    await once(peer, 'close')
    fs.rmSync(path.join(root, 'rsyslog.pid'), { force: true })
    kills++
    peer = startPeer()
  }
}

function filesOf(directory) {
  return fs.readdirSync(directory).map((name) => {
    const bytes = fs.readFileSync(path.join(directory, name))
    return name.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes
  })
}

function linesOf(bytes) {
  return bytes
    .toString('latin1')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
