import { PermanentError } from '../errors.js'
import type { Change } from './change.js'
import { type Kibana, reasonOf } from './connection.js'
import { type Connector, findConnector } from './connector.js'
import { importObjects, stateOf } from './import.js'
import { inSpace, type Placement } from './names.js'
import { applyRule, compareRule, type KibanaRule } from './rules.js'
import { savedObjects } from './saved-objects.js'
import { askVersion, isAtLeast, type KibanaVersion } from './version.js'

/** What rules depend on. */
export interface Surroundings {
  readonly version: KibanaVersion
  readonly connector: Connector | null
}

export interface SetupOptions extends Placement {
  /** Only compares. */
  readonly dryRun: boolean
  /** Id of the connector that rules tell of alerts by; null where they only show them. */
  readonly connector: string | null
  /** The rules for this Kibana. */
  readonly rules: (surroundings: Surroundings) => readonly KibanaRule[]
}

export interface SetupResult {
  readonly version: KibanaVersion
  readonly changes: readonly Change[]
}

/**
 * Brings dashboards, data view, search and rules to what this version of hangup has. All is compared before the first
 * change; running it again changes nothing. What people changed in our own objects is overwritten and told as changed.
 */
export async function setupKibana(kibana: Kibana, options: SetupOptions): Promise<SetupResult> {
  const version = await askVersion(kibana)
  if (options.space !== null) await checkSpace(kibana, options.space)
  const bindsTimeRange = isAtLeast(version, { major: 8, minor: 16 })
  const objects = savedObjects({ prefix: options.prefix, space: options.space, bindsTimeRange })
  const connector = options.connector === null ? null : await findConnector(kibana, options.connector)
  const rules = options.rules({ version, connector }).map((rule) => ({ ...rule, id: inSpace(rule.id, options.space) }))
  const changes: Change[] = []
  for (const object of objects) changes.push({ type: object.type, id: object.id, state: await stateOf(kibana, object) })
  const ruleStates: Change['state'][] = []
  for (const rule of rules) ruleStates.push(await compareRule(kibana, rule))
  const result = [...changes, ...rules.map(({ id }, index) => ({ type: 'rule', id, state: ruleStates[index] }))]
  if (options.dryRun) return { version, changes: result }

  // References go to the data view: what is imported is imported with it.
  if (changes.some(({ state }) => state !== 'same')) await importObjects(kibana, objects)
  for (const [index, rule] of rules.entries()) await applyRule(kibana, rule, ruleStates[index])
  return { version, changes: result }
}

/** Kibana would store into a space that does not exist, and nobody would ever see it. */
async function checkSpace(kibana: Kibana, space: string): Promise<void> {
  const path = `/api/spaces/space/${encodeURIComponent(space)}`
  const { status, body } = await kibana.request({ method: 'GET', path, inSpace: false, answers: [404] })
  if (status !== 404) return
  throw new PermanentError(`no such space: ${space} (${reasonOf(body)})`, {
    code: 'store_incompatible',
    hint: 'make it in Kibana (Stack Management, Spaces), or give the id of one that is there, as it stands in URLs',
  })
}
