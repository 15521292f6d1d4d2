import { expect, test } from '@jest/globals'
import { renderExplanation } from '../../../src/cli/render/explanation.js'
import type { EventEntry } from '../../../src/records.js'
import { PLAIN_STYLE } from '../support.js'

const ENTRY: EventEntry = {
  kind: 'event',
  timestamp: '2026-11-23T02:41:41.381Z',
  level: 'info',
  host: 't1.backend.example:28021',
  pid: '2',
  org: 'acme',
  env: 'test',
  url: 'v2/orders',
  clientIp: null,
  clientId: null,
  correlationId: 'id-1',
  component: 'plugins-middleware',
  message: 'targetRequest',
  method: 'GET',
  status: null,
  errorMessage: null,
  errorCode: null,
  timeTakenMs: null,
  continuation: null,
  position: { source: 'edgemicro.log', offset: 0 },
}

function textOf(message: string): string {
  const explanation = { id: 'id-1', entries: [{ ...ENTRY, message }], failure: null, story: [] }
  return renderExplanation(explanation, { width: 90, style: PLAIN_STYLE }).join('\n')
}

test('says what a line of the gateway means', () => {
  expect(textOf('targetRequest')).toContain('the gateway sent it on to the target: t1.backend.example:28021')
})

test.each(['constructor', '__proto__', 'spike arrest'])('tells the unknown message %s as it is', (message) => {
  expect(textOf(message)).toContain(`+0 ms  ${message}: t1.backend.example:28021`)
})
