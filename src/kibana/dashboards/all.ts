import type { Dashboard } from '../model.js'
import type { Names } from '../names.js'
import { overview } from './overview.js'
import { shipperHealth } from './shipper-health.js'
import { target } from './target.js'

/** Every dashboard, in the order in which they are listed. */
export const dashboards = (names: Names): readonly Dashboard[] => [overview(names), target(names), shipperHealth(names)]
