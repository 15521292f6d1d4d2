import type { IncomingHttpHeaders } from 'node:http'
import { type Answer, fault, ok, type State } from './answer.js'
import { refusalOfBody, refusalOfParams } from './rule-gate.js'

type Rule = Record<string, unknown>

/** Rules are known by their id in all of Kibana, and are seen in one space. */
export function ruleAnswer(
  method: string,
  path: string,
  headers: IncomingHttpHeaders,
  content: string,
  state: State,
  otherSpaces: readonly State[],
): Answer {
  const id = decodeURIComponent(path.slice('/api/alerting/rule/'.length))
  const found = state.rules.get(id)
  const absent = fault(404, 'Not Found', `Saved object [alert/${id}] not found`)
  if (method === 'GET') return found === undefined ? absent : ok(found)
  if (!/^application\/json/.test(headers['content-type'] ?? ''))
    return fault(415, 'Unsupported Media Type', 'Unsupported Media Type')
  if (method !== 'POST' && method !== 'PUT') return fault(404, 'Not Found', 'Not Found')
  const body: Rule = JSON.parse(content)
  const refusal = refusalOfBody(method, body)
  if (refusal !== null) return fault(400, 'Bad Request', refusal)
  if (method === 'PUT' && found === undefined) return absent
  const ruleType = String(found?.rule_type_id ?? body.rule_type_id)
  const invalid = refusalOfParams(ruleType, body.params as Rule, knowsRow(state))
  if (invalid !== null) return fault(400, 'Bad Request', `params invalid: ${invalid}`)
  if (method === 'POST' && (found !== undefined || otherSpaces.some(({ rules }) => rules.has(id)))) {
    return fault(409, 'Conflict', `Saved object [alert/${id}] conflict`)
  }
  const actions = ((body.actions as readonly Rule[] | undefined) ?? []).map((action, index) => ({
    ...action,
    uuid: `uuid-${index}`,
    connector_type_id: '.index',
  }))
  const rule = { enabled: true, tags: [], ...found, ...body, id, actions, revision: Number(found?.revision ?? -1) + 1 }
  state.rules.set(id, rule)
  return ok(rule)
}

/** One alert for each row: since 8.19 and 9.1. */
function knowsRow({ version }: State): boolean {
  const [major, minor] = version.split('.').map(Number)
  return major > 9 || (major === 8 ? minor >= 19 : minor >= 1)
}
