import { PermanentError } from '../errors.js'
import type { Kibana } from './connection.js'

/** A connector, by which rules tell of alerts; made by people, since it holds their addresses and secrets. */
export interface Connector {
  readonly id: string
  /** As Kibana names it, `.server-log`; what an action says depends on it. */
  readonly type: string
}

/** Looks a connector up. Throws `PermanentError` where there is none. */
export async function findConnector(kibana: Kibana, id: string): Promise<Connector> {
  const path = `/api/actions/connector/${encodeURIComponent(id)}`
  const { status, body } = await kibana.request({ method: 'GET', path, answers: [404] })
  const type = (body as { readonly connector_type_id?: unknown } | null)?.connector_type_id
  if (status !== 404 && typeof type === 'string') return { id, type }
  throw new PermanentError(`no such connector: ${id}`, {
    code: 'store_incompatible',
    hint: 'make it in Kibana (Stack Management, Connectors) in this space, and give the id that stands in its URL',
  })
}
