import { PermanentError } from '../../../errors.js'
import type { Elasticsearch } from '../connection.js'
import { createIndex, hasIndex, indexName, isOverruled, isTaken, otherIndices } from './indices.js'
import { type Installed, isKept, planSetup, type Step } from './plan.js'
import { hasLifecycle, type Place, putObject, readInstalled } from './requests.js'
import { DOCUMENT_KINDS, type Retention, type SetupObject, shippedObjects } from './shipped.js'

export interface SetupOptions {
  readonly prefix: string
  /** Says which indices are today's. */
  readonly nowMs: number
  /** Changes nothing. */
  readonly dryRun: boolean
  /** Also puts what a person or a newer version changed back to what this version ships. */
  readonly overwrite: boolean
  /** Kinds that are not in it keep the retention that an earlier run was given. */
  readonly retention: Retention
}

/** What was done, or with `dryRun` what would be. */
export interface SetupOutcome {
  readonly lifecycle: boolean
  readonly steps: readonly Step[]
  /** Empty indices that were made, for aliases that had none. */
  readonly indices: readonly string[]
  /** Templates that a template of somebody else's overrules. */
  readonly overruled: readonly string[]
  /** Indices that keep another mapping than the templates have. */
  readonly otherIndices: readonly string[]
}

/**
 * Installs lifecycle policies, index templates and the first index of each alias, and leaves what is as it should be.
 * Throws `PermanentError` (`store_denied`, with the privileges that are missing; `store_incompatible`) and
 * `TransientError`; what has been put by then stays, and another run goes on from there.
 */
export async function setUpElasticsearch(elasticsearch: Elasticsearch, options: SetupOptions): Promise<SetupOutcome> {
  const place = { elasticsearch, prefix: options.prefix }
  const { lifecycle, steps } = await plan(place, options)
  if (!options.dryRun) await putAll(place, steps)
  const indices = await createFirstIndices(place, options)
  return { lifecycle, steps, indices, ...(await obstacles(place, steps, options)) }
}

/**
 * What a sink does when it starts: puts what is not there, changes nothing that is, and returns what the operator should
 * know, one line each. Throws as `setUpElasticsearch`.
 */
export async function installMissing(
  elasticsearch: Elasticsearch,
  prefix: string,
  { nowMs = Date.now() }: { readonly nowMs?: number } = {},
): Promise<readonly string[]> {
  const place = { elasticsearch, prefix }
  const { lifecycle, steps } = await plan(place, { overwrite: false, retention: {} })
  const missing = steps.filter(({ state }) => state === 'new')
  const different = steps.filter(({ state }) => state !== 'new' && state !== 'same')
  await putAll(place, missing)
  await createFirstIndices(place, { nowMs, dryRun: false })
  const inTheWay = await obstacles(place, missing, { nowMs, dryRun: false })
  return [
    ...(missing.length > 0 ? [`installed: ${missing.map(({ object }) => titleOf(object)).join(', ')}`] : []),
    ...noticesOf({ lifecycle: lifecycle || missing.length === 0, ...inTheWay }),
    ...different.map(
      ({ object }) =>
        `not as this version ships it, and left as it is: ${titleOf(object)}; hangup setup elasticsearch --prefix ${prefix} --dry-run shows the difference`,
    ),
  ]
}

/** What an operator should know besides what was done, one line each. */
export function noticesOf(outcome: Pick<SetupOutcome, 'lifecycle' | 'overruled' | 'otherIndices'>): readonly string[] {
  const { lifecycle, overruled, otherIndices: others } = outcome
  return [
    ...(lifecycle ? [] : [NO_LIFECYCLE]),
    ...overruled.map(
      (name) => `overruled by another index template: ${name}; give the other one a lower priority than it has`,
    ),
    ...(others.length > 0 ? [`made with other mappings, which they keep: ${listOf(others)}`] : []),
  ]
}

const NO_LIFECYCLE =
  'no lifecycle management in this server: nothing deletes old indices, so delete them when you no longer want them'

/** The first of many. */
function listOf(names: readonly string[]): string {
  const [shown, left] = [names.slice(0, 3), names.length - 3]
  return `${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''}`
}

/** As messages name it. */
export function titleOf({ type, name }: SetupObject): string {
  return `${type} ${name}`
}

async function plan(
  place: Place,
  options: Pick<SetupOptions, 'overwrite' | 'retention'>,
): Promise<{ readonly lifecycle: boolean; readonly steps: readonly Step[] }> {
  const { prefix } = place
  const lifecycle = await hasLifecycle(place)
  if (!lifecycle && Object.keys(options.retention).length > 0) throw noRetention(place)
  const installed = new Map<string, Installed>()
  for (const object of shippedObjects({ prefix, lifecycle })) {
    const there = await readInstalled(place, object)
    if (there !== null) installed.set(object.path, there)
  }
  return { lifecycle, steps: planSetup({ ...options, prefix, lifecycle }, installed) }
}

function noRetention({ elasticsearch }: Place): PermanentError {
  return new PermanentError(`no lifecycle management, so no retention: ${elasticsearch.name}`, {
    code: 'store_incompatible',
    hint: 'leave the retention out, and delete indices that you no longer want',
  })
}

async function putAll(place: Place, steps: readonly Step[]): Promise<void> {
  for (const { object, put } of steps) if (put) await putObject(place, object)
}

/** Today's index, for each alias that has none yet; their names. */
async function createFirstIndices(
  place: Place,
  { nowMs, dryRun }: Pick<SetupOptions, 'nowMs' | 'dryRun'>,
): Promise<readonly string[]> {
  const created: string[] = []
  for (const kind of DOCUMENT_KINDS) {
    if (await hasIndex(place, kind)) continue
    const name = indexName(place.prefix, kind, nowMs)
    if (dryRun ? !(await isTaken(place, name)) : await createIndex(place, name)) created.push(name)
  }
  return created
}

/** What is in the way of templates: of those that are, or after a dry run would be, as this version ships them. */
async function obstacles(
  place: Place,
  steps: readonly Step[],
  { nowMs, dryRun }: Pick<SetupOptions, 'nowMs' | 'dryRun'>,
) {
  const overruled: string[] = []
  const others: string[] = []
  for (const step of steps) {
    if (step.object.type !== 'index template' || isKept(step)) continue
    const isThere = step.state !== 'new' || !dryRun
    if (isThere && (await isOverruled(place, step.object, nowMs))) overruled.push(step.object.name)
    others.push(...(await otherIndices(place, step.object)))
  }
  return { overruled, otherIndices: others }
}
