import { describe, expect, test } from '@jest/globals'
import { Role } from '../../src/event-view.js'
import { type EventSketch, eventLine, parsed } from '../support/lines.js'

const roleOf = (sketch: EventSketch) => parsed(eventLine(sketch)).events[0].role

describe('roleOf', () => {
  test.each([
    ['sourceRequest', Role.sourceRequest],
    ['targetRequest', Role.targetRequest],
    ['targetResponse', Role.targetResponse],
    ['sourceResponse', Role.sourceResponse],
    ['targetResponse close', Role.targetResponseClose],
    ['targetRequest error', Role.targetRequestError],
    ['targetResponse error', Role.targetResponseError],
    ['targetResponse aborted', Role.targetResponseAborted],
    ['sourceResponse on close, source request aborted - abort target request', Role.clientAborted],
  ])('knows the middleware message %s at any level', (message, role) => {
    for (const level of ['info', 'warn', 'error', 'debug', 'trace']) {
      expect(roleOf({ component: 'plugins-middleware', message, level })).toBe(role)
    }
  })

  test.each([
    ['a message of the same length', 'targetRequesT error'],
    ['a longer message', 'targetRequest error!'],
    ['a message longer than all', 'x'.repeat(200)],
    ['no message', ''],
    ['a refusal of a plugin', 'source request failed.'],
  ])('does not take %s for one of them', (_, message) => {
    expect(roleOf({ component: 'plugins-middleware', message })).toBe(Role.other)
  })

  test.each<[string, EventSketch, Role]>([
    ['an error of the core with a status is the client half', {}, Role.client],
    ['a 404 of the core is the client half too', { status: '404', errorCode: '' }, Role.client],
    ['the same at level trace is not another one', { level: 'trace' }, Role.other],
    ['an error of the core without status is none', { status: '' }, Role.other],
    ["a Host that names a target makes no target half of the core's record", { host: '10.0.0.9:8080' }, Role.client],
    ["the core's record with a target's message stays a client half", { message: 'targetRequest error' }, Role.client],
    ['a target message of another component means nothing', { component: 'x', message: 'targetRequest' }, Role.other],
  ])('%s', (_, sketch, role) => {
    expect(roleOf(sketch)).toBe(role)
  })
})
