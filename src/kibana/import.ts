import { PermanentError } from '../errors.js'
import type { Change } from './change.js'
import { type Kibana, type KibanaAnswer, reasonOf } from './connection.js'
import { contains } from './contains.js'
import { exportFile, type SavedObject } from './saved-objects.js'

/** An import that Kibana refused, with what it says of each object. */
export class ImportError extends PermanentError {
  constructor(
    message: string,
    private readonly faults: readonly string[],
  ) {
    super(message, { code: 'store_incompatible', hint: 'nothing but what was listed as imported has changed' })
  }

  lines(): readonly string[] {
    return this.faults
  }
}

/** Compares an object with what Kibana holds under its id, as an export gives it. */
export async function stateOf(
  kibana: Kibana,
  { type, id, attributes, references }: SavedObject,
): Promise<Change['state']> {
  const answer = await kibana.request({
    method: 'POST',
    path: '/api/saved_objects/_export',
    body: { objects: [{ type, id }], excludeExportDetails: true },
    answers: [400],
  })
  if (answer.status === 400) {
    if (isMissing(answer)) return 'new'
    throw new ImportError(`Kibana cannot export what it has: ${kibana.name}`, [
      `${type} ${id}: ${reasonOf(answer.body)}`,
    ])
  }
  const found = exported(answer.body).find((each) => each.type === type && each.id === id)
  if (found === undefined) return 'new'
  return contains(found, { attributes, references }) ? 'same' : 'changed'
}

/** Imports all of them, over what is there. Throws `ImportError` where some were refused. */
export async function importObjects(kibana: Kibana, objects: readonly SavedObject[]): Promise<void> {
  const { status, body } = await kibana.request({
    method: 'POST',
    path: '/api/saved_objects/_import?overwrite=true',
    file: { name: 'hangup.ndjson', content: exportFile(objects) },
    answers: [400, 413, 415, 422],
  })
  const { success, errors = [] } = (body ?? {}) as {
    readonly success?: unknown
    readonly errors?: readonly ImportFault[]
  }
  if (status === 200 && success === true) return
  const faults = errors.length > 0 ? errors.map(faultOf) : [reasonOf(body)]
  throw new ImportError(`Kibana refused the import: ${kibana.name} (${status})`, faults)
}

interface ImportFault {
  readonly type: string
  readonly id: string
  readonly error?: {
    readonly type?: string
    readonly message?: string
    readonly references?: readonly { readonly type: string; readonly id: string }[]
  }
}

function faultOf({ type, id, error }: ImportFault): string {
  const references = (error?.references ?? []).map((reference) => `${reference.type} ${reference.id}`)
  const details = [error?.message, ...references].filter((detail) => detail !== undefined)
  return `${type} ${id}: ${[error?.type ?? 'refused', ...details].join(', ')}`
}

/** Kibana answers 400 for an export of what is not there, and says so of the object. */
function isMissing({ body }: KibanaAnswer): boolean {
  const { attributes } = (body ?? {}) as {
    readonly attributes?: { readonly objects?: readonly { readonly error?: { readonly statusCode?: number } }[] }
  }
  return attributes?.objects?.[0]?.error?.statusCode === 404
}

/** The lines of an export; a single one was parsed as JSON already. */
function exported(body: unknown): readonly SavedObject[] {
  if (typeof body !== 'string') return [body as SavedObject]
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
