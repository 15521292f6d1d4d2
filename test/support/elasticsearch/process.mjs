import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A system property by which a server's command line names its folder. */
export const marker = (directory) => `-Dhangup.test.directory=${directory}`

export const pidFile = (directory) => path.join(directory, 'server.pid')

/** Process id of the server that runs on `directory`, or null. A number alone is not trusted: it may be another's by now. */
export function serverPid(directory) {
  let pid
  try {
    pid = Number(fs.readFileSync(pidFile(directory), 'utf8'))
  } catch {
    return null
  }
  return pid > 0 && commandLine(pid).includes(marker(directory)) ? pid : null
}

function commandLine(pid) {
  if (fs.existsSync('/proc/self/cmdline')) {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0') // Empty for a zombie.
    } catch {
      return []
    }
  }
  return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout.split(' ')
}

/** Ends the server of `directory` by its own id and waits until it is gone; `SIGKILL` where `SIGTERM` takes a minute. */
export async function endServer(directory, signal) {
  const pid = serverPid(directory)
  if (pid === null) return
  process.kill(pid, signal)
  const endMs = Date.now() + 60_000
  while (!isGone(pid)) {
    if (Date.now() > endMs) {
      if (signal === 'SIGKILL') throw new Error(`the process ${pid} does not end`)
      return endServer(directory, 'SIGKILL')
    }
    await sleep(20)
  }
}

/**
 * A zombie that nobody waits for is gone, and its port and files are free, when its last thread is: the first one may
 * be a zombie sooner.
 */
function isGone(pid) {
  try {
    process.kill(pid, 0)
    const isZombie = /^\d+ \(.*\) [ZX]/s.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return isZombie && fs.readdirSync(`/proc/${pid}/task`).length <= 1
  } catch (error) {
    return error.code === 'ESRCH' || (error.code === 'ENOENT' && fs.existsSync('/proc/self/stat'))
  }
}
