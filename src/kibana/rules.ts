import { PermanentError } from '../errors.js'
import type { Change } from './change.js'
import { type Kibana, reasonOf } from './connection.js'
import { contains } from './contains.js'

/** An alert rule as Kibana's HTTP API takes it. */
export interface KibanaRule {
  /** Stable, so that a rule is found again. */
  readonly id: string
  /** Body of `POST /api/alerting/rule/{id}`. */
  readonly create: object
  /** Body of `PUT`: as `create`, without `rule_type_id`, `consumer` and `enabled`. */
  readonly update: object
}

/** What would have to be done for a rule to be there as it should. */
export async function compareRule(kibana: Kibana, rule: KibanaRule): Promise<Change['state']> {
  const { status, body } = await kibana.request({ method: 'GET', path: pathOf(rule), answers: [404] })
  if (status === 404) return 'new'
  const { rule_type_id: wanted } = rule.create as { readonly rule_type_id?: unknown }
  const { rule_type_id: found } = body as { readonly rule_type_id?: unknown }
  if (wanted !== found) {
    throw new PermanentError(`a rule of another type has this id: ${rule.id} (${String(found)})`, {
      code: 'store_incompatible',
      hint: 'delete that rule in Kibana, then run this again: the type of a rule cannot be changed',
    })
  }
  return contains(body, rule.update) ? 'same' : 'changed'
}

/**
 * Makes a rule, or brings it up to date; what people switched off stays off. A rule that came into being meanwhile is
 * updated.
 */
export async function applyRule(kibana: Kibana, rule: KibanaRule, state: Change['state']): Promise<void> {
  if (state === 'same') return
  if (state === 'new') {
    const request = { method: 'POST', path: pathOf(rule), body: rule.create, answers: [409] } as const
    const { status } = await kibana.request(request)
    if (status !== 409) return
  }
  const { status, body } = await kibana.request({
    method: 'PUT',
    path: pathOf(rule),
    body: { ...(await actionsOf(kibana, rule)), ...rule.update },
    answers: [404],
  })
  if (status === 404) {
    throw new PermanentError(`the id of a rule is taken in another space: ${rule.id} (${reasonOf(body)})`, {
      code: 'store_incompatible',
      hint: 'delete that rule in its space, or use another --prefix',
    })
  }
}

/** The actions that a rule has: an update without any would take away those that people gave it. */
async function actionsOf(kibana: Kibana, rule: KibanaRule): Promise<{ readonly actions?: readonly object[] }> {
  const { status, body } = await kibana.request({ method: 'GET', path: pathOf(rule), answers: [404] })
  if (status === 404) return {}
  const { actions = [] } = body as { readonly actions?: readonly Readonly<Record<string, unknown>>[] }
  // The type is told, and not taken back.
  return { actions: actions.map(({ connector_type_id: _, ...action }) => action) }
}

const pathOf = ({ id }: KibanaRule): string => `/api/alerting/rule/${encodeURIComponent(id)}`
