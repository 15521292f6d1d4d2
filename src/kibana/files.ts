import { apiDashboards } from './dashboards-api.js'
import { exportFile, savedObjects } from './saved-objects.js'

/** The files of `deploy/kibana/`, by their path in it, for the prefix `hangup` and the default space. */
export function kibanaFiles(): ReadonlyMap<string, string> {
  const placement = { prefix: 'hangup', space: null }
  const files = new Map([
    ['hangup.ndjson', exportFile(savedObjects({ ...placement, bindsTimeRange: true }))],
    ['hangup-8.14.ndjson', exportFile(savedObjects({ ...placement, bindsTimeRange: false }))],
  ])
  for (const { id, body } of apiDashboards(placement)) {
    files.set(`dashboards-api/${id}.json`, `${JSON.stringify(body, null, 2)}\n`)
  }
  return files
}
