import type { IncomingHttpHeaders } from 'node:http'
import { type Answer, fault, ok, type State, type Stored } from './answer.js'
import { ATTRIBUTES } from './saved-objects-gate.js'

/** `_export` and `_import` of saved objects. */
export function importAnswer(path: string, headers: IncomingHttpHeaders, content: string, state: State): Answer {
  if (path === '/api/saved_objects/_export') return exported(JSON.parse(content), state)
  if (path.startsWith('/api/saved_objects/_import')) {
    const overwrite = path.includes('overwrite=true')
    const file = fileOf(headers['content-type'] ?? '', content)
    if (typeof file !== 'string') return file
    return imported(file, overwrite, state)
  }
  return fault(404, 'Not Found', 'Not Found')
}

interface Named {
  readonly type: string
  readonly id: string
}

function exported({ objects }: { readonly objects: readonly Named[] }, { objects: held }: State): Answer {
  const missing = objects.filter(({ type, id }) => !held.has(`${type}:${id}`))
  if (missing.length > 0) {
    return {
      status: 400,
      body: {
        statusCode: 400,
        error: 'Bad Request',
        message: 'Error fetching objects to export',
        attributes: {
          objects: missing.map(({ type, id }) => ({
            id,
            type,
            error: { statusCode: 404, error: 'Not Found', message: `Saved object [${type}/${id}] not found` },
          })),
        },
      },
    }
  }
  return ok(objects.map(({ type, id }) => `${JSON.stringify(held.get(`${type}:${id}`))}\n`).join(''))
}

/** The one file of a form, or why it is refused. */
function fileOf(contentType: string, content: string): string | Answer {
  const [, boundary] = /^multipart\/form-data; ?boundary=(.+)$/.exec(contentType) ?? []
  if (boundary === undefined) return fault(415, 'Unsupported Media Type', 'Unsupported Media Type')
  const [before, part, end] = content.split(`--${boundary}`)
  const [head, ...body] = (part ?? '').split('\r\n\r\n')
  if (before !== '' || end !== '--\r\n' || !/\r\nContent-Disposition: form-data; name="file"/.test(head)) {
    return fault(400, 'Bad Request', '[request body.file]: expected value of type [Stream] but got [undefined]')
  }
  const [, extension] = /filename="[^"]*(\.[^".]+)"/.exec(head) ?? []
  if (extension !== '.ndjson') return fault(400, 'Bad Request', `Invalid file extension ${extension}`)
  return body.join('\r\n\r\n').replace(/\r\n$/, '')
}

/** The newest versions that each Kibana knows. */
function newest(type: string, { version }: State): string | undefined {
  const [major, minor] = version.split('.').map(Number)
  const modern = major > 8 || minor >= 16
  const known: Readonly<Record<string, string>> = {
    dashboard: modern ? '10.2.0' : '10.1.0',
    'index-pattern': '8.0.0',
    search: modern ? '10.5.0' : '10.2.0',
    lens: '10.1.0',
  }
  return known[type]
}

interface Line extends Stored {
  readonly typeMigrationVersion?: string
}

function imported(file: string, overwrite: boolean, state: State): Answer {
  const lines: readonly Line[] = file
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .filter((line) => !('exportedCount' in line))
  for (const { type, id, typeMigrationVersion: version, attributes } of lines) {
    const known = newest(type, state)
    if (known === undefined) continue
    if (version === undefined)
      return fault(
        500,
        'Internal Server Error',
        "Cannot read properties of undefined (reading 'currentIndexPatternId')",
      )
    if (isNewer(version, known)) {
      const message = `Document "${id}" belongs to a more recent version of Kibana [${version}] when the last known version is [${known}].`
      return fault(422, 'Unprocessable Entity', message)
    }
    const shape = ATTRIBUTES[type].safeParse(attributes)
    if (!shape.success) {
      const [{ path, message }] = shape.error.issues
      return fault(400, 'Bad Request', `[attributes.${path.join('.')}]: ${message}`)
    }
  }
  const errors = lines.flatMap((line) => refusals(line, lines, overwrite, state))
  const good = lines.filter(({ id }) => !errors.some((error) => error.id === id))
  for (const { type, id, attributes, references } of good) {
    // Kibana adds what it keeps of an object for itself.
    state.objects.set(`${type}:${id}`, { type, id, attributes: { ...attributes, added: true }, references })
  }
  const successResults = good.map(({ type, id }) => ({ type, id, overwrite }))
  return ok({
    successCount: good.length,
    success: errors.length === 0,
    ...(good.length > 0 && { successResults }),
    ...(errors.length > 0 && { errors }),
  })
}

function refusals({ type, id, references }: Line, lines: readonly Line[], overwrite: boolean, state: State) {
  const at = { type, id, meta: {} }
  if (newest(type, state) === undefined) return [{ ...at, error: { type: 'unsupported_type' } }]
  const missing = (references as readonly Named[]).filter(
    (wanted) =>
      !state.objects.has(`${wanted.type}:${wanted.id}`) &&
      !lines.some((line) => line.type === wanted.type && line.id === wanted.id),
  )
  if (missing.length > 0) return [{ ...at, error: { type: 'missing_references', references: missing } }]
  return state.objects.has(`${type}:${id}`) && !overwrite ? [{ ...at, error: { type: 'conflict' } }] : []
}

function isNewer(version: string, known: string): boolean {
  const [one, other] = [version, known].map((text) => text.split('.').map(Number))
  const index = one.findIndex((part, place) => part !== other[place])
  return index !== -1 && one[index] > other[index]
}
