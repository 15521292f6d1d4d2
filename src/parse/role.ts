import { type EventView, Field, Role } from '../event-view.js'
import { ascii, equals } from './bytes.js'

const MIDDLEWARE = ascii('plugins-middleware')
const CORE = ascii('microgateway-core')
const MESSAGES: readonly (readonly [Uint8Array, Role])[] = [
  [ascii('sourceRequest'), Role.sourceRequest],
  [ascii('targetRequest'), Role.targetRequest],
  [ascii('targetResponse'), Role.targetResponse],
  [ascii('sourceResponse'), Role.sourceResponse],
  [ascii('targetResponse close'), Role.targetResponseClose],
  [ascii('targetRequest error'), Role.targetRequestError],
  [ascii('targetResponse error'), Role.targetResponseError],
  [ascii('targetResponse aborted'), Role.targetResponseAborted],
  [ascii('sourceResponse on close, source request aborted - abort target request'), Role.clientAborted],
]

/** The messages by their length: no two lengths but 13, 14 and 20 have more than one. */
const BY_LENGTH = new Map<number, readonly (readonly [Uint8Array, Role])[]>()
for (const [message] of MESSAGES) {
  BY_LENGTH.set(
    message.length,
    MESSAGES.filter(([other]) => other.length === message.length),
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
  if (equals(bytes, componentStart, componentEnd, MIDDLEWARE)) {
    const messageStart = start[Field.message]
    const messageEnd = end[Field.message]
    if (messageEnd - messageStart > LONGEST) return Role.other
    for (const [message, role] of ROLES_BY_LENGTH[messageEnd - messageStart]) {
      if (equals(bytes, messageStart, messageEnd, message)) return role
    }
    return Role.other
  }
  const isError = bytes[start[Field.level]] === 0x65
  const hasStatus = start[Field.status] !== end[Field.status]
  if (isError && hasStatus && equals(bytes, componentStart, componentEnd, CORE)) return Role.client
  return Role.other
}
