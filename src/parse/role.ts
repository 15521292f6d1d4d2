import { type EventView, Field, Role } from '../event-view.js'
import { type Pattern, pattern } from '../words.js'

const MIDDLEWARE = pattern('plugins-middleware')
const CORE = pattern('microgateway-core')
const MESSAGES: readonly (readonly [Pattern, Role])[] = [
  [pattern('sourceRequest'), Role.sourceRequest],
  [pattern('targetRequest'), Role.targetRequest],
  [pattern('targetResponse'), Role.targetResponse],
  [pattern('sourceResponse'), Role.sourceResponse],
  [pattern('targetResponse close'), Role.targetResponseClose],
  [pattern('targetRequest error'), Role.targetRequestError],
  [pattern('targetResponse error'), Role.targetResponseError],
  [pattern('targetResponse aborted'), Role.targetResponseAborted],
  [pattern('sourceResponse on close, source request aborted - abort target request'), Role.clientAborted],
]

/** The messages by their length: no two lengths but 13, 14 and 20 have more than one. */
const BY_LENGTH = new Map<number, readonly (readonly [Pattern, Role])[]>()
for (const [message] of MESSAGES) {
  BY_LENGTH.set(
    message.bytes.length,
    MESSAGES.filter(([other]) => other.bytes.length === message.bytes.length),
  )
}
const LONGEST = Math.max(...BY_LENGTH.keys())
const ROLES_BY_LENGTH = Array.from({ length: LONGEST + 1 }, (_, length) => BY_LENGTH.get(length) ?? [])

/**
 * What an event means. A client half is an error of the core with a status; at level trace the core writes each of
 * its errors a second time, which is not another one.
 */
export function roleOf(view: EventView): Role {
  const { bytes, start, end } = view
  const componentStart = start[Field.component]
  const componentEnd = end[Field.component]
  if (isMiddleware(bytes, componentStart, componentEnd)) {
    const messageStart = start[Field.message]
    const messageEnd = end[Field.message]
    if (messageEnd - messageStart > LONGEST) return Role.other
    const messages = ROLES_BY_LENGTH[messageEnd - messageStart]
    for (let i = 0; i < messages.length; i++) {
      if (messages[i][0].equals(bytes, messageStart, messageEnd)) return messages[i][1]
    }
    return Role.other
  }
  const isError = bytes[start[Field.level]] === 0x65
  const hasStatus = start[Field.status] !== end[Field.status]
  if (isError && hasStatus && CORE.equals(bytes, componentStart, componentEnd)) return Role.client
  return Role.other
}

/** Whether a component is that which writes the lines of requests. */
export function isMiddleware(bytes: Uint8Array, start: number, end: number): boolean {
  return MIDDLEWARE.equals(bytes, start, end)
}
