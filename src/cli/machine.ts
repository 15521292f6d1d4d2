import { homedir, hostname, userInfo } from 'node:os'
import type { Context } from './context.js'

/**
 * This machine's name: what `HANGUP_HOST` says, else the system's own. In a container the system's own is that of the container, a
 * new one each time: lines that tell no host would belong to another host after each restart.
 */
export function machineName({ environment }: Pick<Context, 'environment'>): string {
  return environment.HANGUP_HOST || hostname()
}

/** The user's home. In a container a user may be a number that has none, and no variable says so: the root folder then, as there. */
export function homeDirectory(): string {
  try {
    return homedir()
  } catch {
    return '/'
  }
}

/** Who runs this. `name` is null where the system knows none for the number, as in containers. */
export function currentUser(): { readonly name: string | null; readonly isRoot: boolean } {
  try {
    const { username, uid } = userInfo()
    return { name: username, isRoot: uid === 0 }
  } catch {
    return { name: null, isRoot: false }
  }
}
