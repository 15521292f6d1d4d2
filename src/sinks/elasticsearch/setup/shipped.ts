import { readFileSync } from 'node:fs'
import { digestOf, type JsonObject, type NormalForm, objectOf, policyForm, templateForm } from './normal-form.js'

/** The kinds of documents, each with an index template, a lifecycle policy and an alias of its name. */
export const DOCUMENT_KINDS = ['failures', 'traffic', 'frequency', 'shipper'] as const

export type DocumentKind = (typeof DOCUMENT_KINDS)[number]

/** How long the indices of each kind are kept, as Elasticsearch writes it (`30d`); absent: as the file says. */
export type Retention = Readonly<Partial<Record<DocumentKind, string>>>

export interface SetupObject {
  readonly type: 'lifecycle policy' | 'index template'
  readonly kind: DocumentKind
  /** In the server. */
  readonly name: string
  /** Goes up with each change of its file. */
  readonly version: number
  /** Where it is read and put. */
  readonly path: string
  /** What is put: with `_meta`, by which it is known again. */
  readonly body: JsonObject
  readonly form: NormalForm
}

export interface ShippedInput {
  readonly prefix: string
  /** Whether the server has lifecycle management: without it, it refuses the settings that name a policy. */
  readonly lifecycle: boolean
  readonly retention?: Retention
}

/** What `mappings/elasticsearch/` says for a prefix, in the order in which it is installed. */
export function shippedObjects({ prefix, lifecycle, retention = {} }: ShippedInput): readonly SetupObject[] {
  const policies = lifecycle ? DOCUMENT_KINDS.map((kind) => shippedPolicy(prefix, kind, retention[kind])) : []
  return [...policies, ...DOCUMENT_KINDS.map((kind) => shippedTemplate(prefix, kind, lifecycle))]
}

/** Who made an object, in its `_meta`. */
export const MANAGED_BY = 'hangup'

function shippedPolicy(prefix: string, kind: DocumentKind, minAge: string | undefined): SetupObject {
  const file = read(`lifecycle/${kind}.json`, prefix)
  const version = Number(file.version)
  const policy = minAge === undefined ? objectOf(file.policy) : withRetention(objectOf(file.policy), minAge)
  const form = policyForm(policy)
  const name = nameOf(prefix, kind)
  return {
    type: 'lifecycle policy',
    kind,
    name,
    version,
    path: `/_ilm/policy/${encodeURIComponent(name)}`,
    body: { policy: { ...policy, _meta: metaOf(version, form) } },
    form,
  }
}

function withRetention(policy: JsonObject, minAge: string): JsonObject {
  const phases = objectOf(policy.phases)
  return { ...policy, phases: { ...phases, delete: { ...objectOf(phases.delete), min_age: minAge } } }
}

function shippedTemplate(prefix: string, kind: DocumentKind, lifecycle: boolean): SetupObject {
  const file = read(`${kind}.json`, prefix)
  const version = Number(file.version)
  const name = nameOf(prefix, kind)
  const template = objectOf(file.template)
  const index = objectOf(objectOf(template.settings).index)
  const body = {
    ...file,
    template: {
      ...template,
      settings: { index: lifecycle ? { ...index, lifecycle: { name } } : index },
      // In every index too, so that one with another mapping can be told.
      mappings: { ...objectOf(template.mappings), _meta: { managed_by: MANAGED_BY, version } },
    },
  }
  const form = templateForm(body)
  const path = `/_index_template/${encodeURIComponent(name)}`
  return {
    type: 'index template',
    kind,
    name,
    version,
    path,
    body: { ...body, _meta: metaOf(version, form) },
    form,
  }
}

/** Of the alias, the template and the policy of a kind alike. */
export function nameOf(prefix: string, kind: DocumentKind): string {
  return `${prefix}-${kind}`
}

function metaOf(version: number, form: NormalForm): JsonObject {
  return { managed_by: MANAGED_BY, version, digest: digestOf(form) }
}

/** A prefix holds nothing that JSON would have to escape. */
function read(name: string, prefix: string): JsonObject {
  const text = readFileSync(new URL(`../../../../mappings/elasticsearch/${name}`, import.meta.url), 'utf8')
  return JSON.parse(text.replaceAll('{prefix}', prefix))
}
