import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A system property by which the command lines of a server and of its launcher name the server's folder. */
export const marker = (directory) => `-Dhangup.test.directory=${directory}`

/** The server writes this file. */
export const pidFile = (directory) => path.join(directory, 'server.pid')

/** The starter writes this one. The launcher lives until the server is ready, or has failed. */
export const launcherPidFile = (directory) => path.join(directory, 'launcher.pid')

/** Process id of the server that runs on `directory`, or null. */
export const serverPid = (directory) => runningPid(pidFile(directory), directory)

/** The process whose id `file` holds, or null. The number alone is not trusted: it may be another's by now. */
function runningPid(file, directory) {
  let pid
  try {
    pid = Number(fs.readFileSync(file, 'utf8'))
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

/**
 * Ends the server of `directory` by its own id and waits until it is gone; by `SIGKILL` where the signal takes longer
 * than a minute. One that is still being launched is waited for and ended as well.
 */
export async function endServer(directory, signal) {
  let endMs = Date.now() + 60_000
  let told = null
  let isForced = false
  while (true) {
    const server = serverPid(directory)
    if (server !== null && server !== told) {
      send(server, signal)
      told = server
    }
    const left = told !== null && !isGone(told) ? told : runningPid(launcherPidFile(directory), directory)
    if (left === null) return
    if (Date.now() > endMs) {
      if (isForced) throw new Error(`the process ${left} does not end`)
      send(left, 'SIGKILL')
      isForced = true
      endMs += 10_000
    }
    await sleep(20)
  }
}

function send(pid, signal) {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
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
