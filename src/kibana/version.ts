import { PermanentError } from '../errors.js'
import type { Kibana } from './connection.js'

export interface KibanaVersion {
  readonly major: number
  readonly minor: number
  /** As Kibana writes it. */
  readonly number: string
}

/** The first with ES|QL panels that are not a preview. */
const OLDEST = { major: 8, minor: 14 }

/** Asks for the version. Throws `PermanentError` where it is not told or too old, besides what a request throws. */
export async function askVersion(kibana: Kibana): Promise<KibanaVersion> {
  const { body } = await kibana.request({ method: 'GET', path: '/api/status', inSpace: false })
  const { version, status } = (body ?? {}) as {
    readonly version?: { readonly number?: unknown }
    readonly status?: unknown
  }
  const number = version?.number
  if (typeof number !== 'string') {
    // Without credentials Kibana may tell how it is, but not what.
    if (status !== undefined) {
      throw new PermanentError(`Kibana does not tell its version: ${kibana.name}`, {
        code: 'store_denied',
        hint: 'set KIBANA_API_KEY, or KIBANA_USERNAME and KIBANA_PASSWORD (each also as …_FILE)',
      })
    }
    throw new PermanentError(`not a Kibana: ${kibana.name}`, {
      code: 'store_incompatible',
      hint: 'give the URL of a Kibana 8.14 or newer, with its base path',
    })
  }
  const [major, minor] = number.split('.').map(Number)
  if (!isAtLeast({ major, minor }, OLDEST)) {
    throw new PermanentError(`this Kibana is too old: ${kibana.name} (${number})`, {
      code: 'store_incompatible',
      hint: 'dashboards and rules need Kibana 8.14 or newer',
    })
  }
  return { major, minor, number }
}

type Release = Pick<KibanaVersion, 'major' | 'minor'>

/** Whether a version is another one or newer. */
export function isAtLeast(version: Release, other: Release): boolean {
  return version.major > other.major || (version.major === other.major && version.minor >= other.minor)
}
