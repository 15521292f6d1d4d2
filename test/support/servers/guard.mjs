import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Ends the servers of `directories` when this process ends, however it does. */
export function guard(...directories) {
  const program = fileURLToPath(new URL('guardian.mjs', import.meta.url))
  const child = spawn(process.execPath, [program, ...directories], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  child.unref()
  child.stdin.unref()
  child.stdin.on('error', () => {})
  return child
}

/** Sends a guardian away, and waits until it has gone: it would end the next server of the folder too. */
export async function release(guardian) {
  if (guardian === null || guardian.exitCode !== null) return
  guardian.ref() // A process that has nothing else to do would end here.
  const gone = once(guardian, 'exit')
  guardian.stdin.end()
  await gone
}
