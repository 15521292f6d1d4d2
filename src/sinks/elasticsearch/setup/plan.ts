import { type Difference, differencesBetween, digestOf, type Json, type NormalForm, objectOf } from './normal-form.js'
import { MANAGED_BY, type Retention, type SetupObject, type ShippedInput, shippedObjects } from './shipped.js'

/** What the server has under the name of an object. */
export interface Installed {
  readonly form: NormalForm
  readonly meta: Json | undefined
}

/**
 * How an object stands to what is installed under its name.
 *
 * - `new`: nothing is. `same`: the same content, whoever put it there.
 * - `changed`: a hangup put it there, nobody touched it, and this one has other content.
 * - `by_hand`: its content is not what a hangup put there, or no hangup did.
 * - `newer`: a newer hangup put it there.
 */
export type State = 'new' | 'same' | 'changed' | 'by_hand' | 'newer'

export interface Step {
  readonly object: SetupObject
  readonly state: State
  /** Whether the object is to be put. */
  readonly put: boolean
  /** From what is installed to the object; empty for `new`. */
  readonly differences: readonly Difference[]
}

export interface PlanInput extends ShippedInput {
  readonly retention: Retention
  readonly overwrite: boolean
}

/**
 * What is to be done, in this order, given what is installed, by path. A retention that an earlier run was given lasts
 * until a run is given another.
 */
export function planSetup(
  { prefix, lifecycle, retention, overwrite }: PlanInput,
  installed: ReadonlyMap<string, Installed>,
): readonly Step[] {
  const kept = shippedObjects({ prefix, lifecycle }).flatMap(({ kind, path, type }) => {
    const there = installed.get(path)
    const minAge = type === 'lifecycle policy' && there && isUntouched(there) && there.form.get('delete min_age')
    return minAge ? [[kind, minAge]] : []
  })
  return shippedObjects({ prefix, lifecycle, retention: { ...Object.fromEntries(kept), ...retention } }).map((object) =>
    planStep(object, installed.get(object.path) ?? null, { overwrite }),
  )
}

/**
 * What is to be done for an object. What a person or a newer version put there is left as it is unless `overwrite` is
 * set: nobody's longer retention or stricter mapping is lost to a routine run.
 */
function planStep(
  object: SetupObject,
  installed: Installed | null,
  { overwrite }: { readonly overwrite: boolean },
): Step {
  if (installed === null) return { object, state: 'new', put: true, differences: [] }
  const differences = differencesBetween(installed.form, object.form)
  const state = differences.length === 0 ? 'same' : stateOf(object, installed)
  return { object, state, put: state === 'changed' || (state !== 'same' && overwrite), differences }
}

/** Whether a step leaves the object other than wanted. */
export function isKept({ state, put }: Step): boolean {
  return state !== 'same' && !put
}

/** Whether a hangup put it there and nobody has touched it since. */
function isUntouched({ form, meta }: Installed): boolean {
  const { managed_by, digest } = objectOf(meta)
  return managed_by === MANAGED_BY && digest === digestOf(form)
}

function stateOf(object: SetupObject, installed: Installed): State {
  if (!isUntouched(installed)) return 'by_hand'
  return Number(objectOf(installed.meta).version) > object.version ? 'newer' : 'changed'
}
