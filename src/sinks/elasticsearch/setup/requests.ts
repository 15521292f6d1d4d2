import { PermanentError } from '../../../errors.js'
import { type Answer, type Elasticsearch, type Request, reasonOf } from '../connection.js'
import { type Json, type JsonObject, objectOf, policyForm, templateForm } from './normal-form.js'
import type { Installed } from './plan.js'
import { nameOf, type SetupObject } from './shipped.js'

/** A cluster and the prefix of our names in it. */
export interface Place {
  readonly elasticsearch: Elasticsearch
  readonly prefix: string
}

/** What the user of the setup needs; lifecycle management deletes indices in the name of whoever put the policy. */
function privilegesOf(prefix: string): string {
  return `the cluster privileges manage_index_templates and manage_ilm, and manage on the indices ${prefix}-*`
}

/**
 * Whether the server has lifecycle management; it is not in every one (serverless, distributions without it). Where an
 * API is not there, a server answers as if its path were an index: an error that is a text, or an invalid index name.
 */
export async function hasLifecycle(place: Place): Promise<boolean> {
  const path = `/_ilm/policy/${encodeURIComponent(nameOf(place.prefix, 'failures'))}`
  const { status, body } = await ask<JsonObject>(place, { method: 'GET', path, answers: [400, 404, 405, 410] })
  if (status < 300) return true
  const error = body?.error
  if (typeof error === 'string' || status === 405 || status === 410) return false
  if (status === 404) return true
  if (objectOf(error).type === 'invalid_index_name_exception') return false
  throw refused('lifecycle management did not answer', place.elasticsearch.name, body)
}

/** What is installed under an object's name; null where nothing is. */
export async function readInstalled(place: Place, { path, name, type }: SetupObject): Promise<Installed | null> {
  const { status, body } = await ask<JsonObject>(place, { method: 'GET', path, answers: [404] })
  if (status === 404) return null
  if (type === 'lifecycle policy') {
    const policy = objectOf(objectOf(body[name]).policy)
    return { form: policyForm(policy), meta: policy._meta }
  }
  const [first] = Array.isArray(body.index_templates) ? (body.index_templates as readonly Json[]) : []
  const template = objectOf(objectOf(first).index_template)
  return { form: templateForm(template), meta: template._meta }
}

/** Puts an object, whatever is there. */
export async function putObject(place: Place, { path, name, type, body }: SetupObject): Promise<void> {
  const answer = await ask<JsonObject>(place, { method: 'PUT', path, body, answers: [400] })
  if (answer.status === 400) throw refused(`the ${type} was refused`, name, answer.body)
}

/** A request whose 403 says which privileges the setup needs. */
export async function ask<Body>({ elasticsearch, prefix }: Place, request: Request): Promise<Answer<Body>> {
  const answers = [...(request.answers ?? []), 403]
  const answer = await elasticsearch.request<Body>({ ...request, answers })
  if (answer.status !== 403) return answer
  const { method, path } = request
  throw new PermanentError(`not allowed: ${method} ${path} at ${elasticsearch.name} (${reasonOf(answer.body)})`, {
    code: 'store_denied',
    hint: `run hangup setup elasticsearch once as a user with ${privilegesOf(prefix)}; a sink whose user has less is then given setup: false`,
  })
}

/** What the server would not do, in its own words. */
export function refused(what: string, subject: string, body: unknown): PermanentError {
  return new PermanentError(`${what}: ${subject} (${reasonOf({ error: deepest(body as JsonObject) })})`, {
    code: 'store_incompatible',
    hint: 'change what the reason names, or give another prefix; mappings/README.md says what is installed',
  })
}

/** The outer reason only says that a template is invalid; the inner one says why. */
function deepest({ error }: JsonObject): Json {
  let inner = error
  while (objectOf(inner).caused_by !== undefined) inner = objectOf(inner).caused_by
  return inner
}
