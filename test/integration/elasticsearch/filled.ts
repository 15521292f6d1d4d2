import { randomBytes } from 'node:crypto'
import type { IndexDocument } from '../../../src/records.js'
import { connectElasticsearch, type Elasticsearch } from '../../../src/sinks/elasticsearch/connection.js'

/** Indices of one prefix on the server of the tests, filled by hand. */
export class Filled {
  readonly prefix = `ver-${randomBytes(6).toString('hex')}`
  readonly node = serverUrl()
  readonly connection: Elasticsearch = connectElasticsearch({ node: this.node, timeoutMs: 30_000 })

  /** As the sink does: by the day of the document's time. */
  async put(documents: readonly IndexDocument[]): Promise<void> {
    if (documents.length === 0) return
    const lines = documents.map(({ kind, id, document }) => {
      const index = this.index(kind, document['@timestamp'].slice(0, 10))
      return `${JSON.stringify({ index: { _index: index, _id: id } })}\n${JSON.stringify(document)}\n`
    })
    const { body } = await this.connection.request<{ readonly errors: boolean }>({
      method: 'POST',
      path: '/_bulk',
      lines: lines.join(''),
    })
    if (body.errors) throw new Error(JSON.stringify(body))
  }

  /** `day` as in a timestamp. */
  index(kind: IndexDocument['kind'], day: string): string {
    return `${this.prefix}-${kind === 'failure' ? 'failures' : 'traffic'}-${day.replaceAll('-', '.')}`
  }

  async remove(): Promise<void> {
    const { body } = await this.connection.request<Readonly<Record<string, unknown>>>({
      method: 'GET',
      path: `/${this.prefix}-*`,
    })
    for (const index of Object.keys(body)) await this.connection.request({ method: 'DELETE', path: `/${index}` })
    await this.connection.close()
  }
}

function serverUrl(): string {
  const url = process.env.HANGUP_TEST_ELASTICSEARCH_URL
  if (url === undefined) throw new Error('HANGUP_TEST_ELASTICSEARCH_URL does not say where Elasticsearch is')
  return url
}
