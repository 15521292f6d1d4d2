import { type Json, type JsonObject, objectOf } from './normal-form.js'
import { ask, type Place, refused } from './requests.js'
import { type DocumentKind, MANAGED_BY, nameOf, type SetupObject } from './shipped.js'

/** The index of a kind that holds this time: one a day, for frequency one a month, UTC. */
export function indexName(prefix: string, kind: DocumentKind, timeMs: number): string {
  const digits = kind === 'frequency' ? 7 : 10
  return `${nameOf(prefix, kind)}-${new Date(timeMs).toISOString().slice(0, digits).replaceAll('-', '.')}`
}

/**
 * Whether any index has the alias of a kind. Without one, ES|QL fails with "Unknown index". Not `HEAD`, whose answers
 * have no room for the reason of a refusal.
 */
export async function hasIndex(place: Place, kind: DocumentKind): Promise<boolean> {
  const path = `/_alias/${encodeURIComponent(nameOf(place.prefix, kind))}`
  const { status } = await ask(place, { method: 'GET', path, answers: [404] })
  return status < 300
}

/** Whether there is an index or alias of this name. */
export async function isTaken(place: Place, name: string): Promise<boolean> {
  const { status } = await ask(place, { method: 'GET', path: `/${encodeURIComponent(name)}`, answers: [404] })
  return status < 300
}

/** Makes an empty index. False where there is one of that name. */
export async function createIndex(place: Place, name: string): Promise<boolean> {
  const path = `/${encodeURIComponent(name)}`
  const { status, body } = await ask<JsonObject>(place, { method: 'PUT', path, answers: [400] })
  if (status !== 400) return true
  if (objectOf(body.error).type === 'resource_already_exists_exception') return false
  throw refused('the index was refused', name, body)
}

/** Indices of a template's kind whose mapping is not that of its version: made before it, or with another template. */
export async function otherIndices(place: Place, { kind, version }: SetupObject): Promise<readonly string[]> {
  const path = `/${encodeURIComponent(nameOf(place.prefix, kind))}-*/_mapping`
  const { body } = await ask<JsonObject>(place, { method: 'GET', path })
  return Object.entries(body)
    .filter(([, index]) => {
      const meta = objectOf(objectOf(objectOf(index).mappings)._meta)
      return meta.managed_by !== MANAGED_BY || meta.version !== version
    })
    .map(([name]) => name)
    .sort()
}

/** Whether another template, of a higher priority, makes the new indices of this one's kind. */
export async function isOverruled(place: Place, { kind, name }: SetupObject, timeMs: number): Promise<boolean> {
  const index = encodeURIComponent(indexName(place.prefix, kind, timeMs))
  const path = `/_index_template/_simulate_index/${index}`
  const { body } = await ask<JsonObject>(place, { method: 'POST', path })
  const beaten: readonly Json[] = Array.isArray(body.overlapping) ? body.overlapping : []
  return beaten.some((each) => objectOf(each).name === name)
}
