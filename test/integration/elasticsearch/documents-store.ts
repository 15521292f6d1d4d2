import fs from 'node:fs'
import path from 'node:path'
import type { IndexDocument } from '../../../src/records.js'
import { connectElasticsearch, type Elasticsearch } from '../../../src/sinks/elasticsearch/connection.js'
import { projectDirectory } from '../../support/cli.js'
import { removeAll } from '../../support/elasticsearch/cluster.js'

/** The server of the integration tests; see CONTRIBUTING.md. */
export function testServer(): string {
  const url = process.env.HANGUP_TEST_ELASTICSEARCH_URL
  if (url === undefined) throw new Error('HANGUP_TEST_ELASTICSEARCH_URL is not set: run npm run test:integration')
  return url
}

/**
 * Indices of a prefix of its own, with the shipped templates, that a test fills and removes. Documents are written as they
 * are, each over what its id held before: nothing is merged.
 */
export class DocumentsStore {
  readonly connections: Elasticsearch[] = []
  readonly elasticsearch = this.connect()

  private constructor(readonly prefix: string) {}

  static async make(name: string): Promise<DocumentsStore> {
    const store = new DocumentsStore(`freq-${name}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`)
    const installed = KINDS.map((kind) => {
      const file = path.join(projectDirectory, `mappings/elasticsearch/${kind}.json`)
      const template = JSON.parse(fs.readFileSync(file, 'utf8').replaceAll('{prefix}', store.prefix))
      return store.elasticsearch.request({
        method: 'PUT',
        path: `/_index_template/${store.prefix}-${kind}`,
        body: { ...template, _meta: undefined },
      })
    })
    await Promise.all(installed)
    return store
  }

  /** One more connection; `remove` closes it. */
  connect(): Elasticsearch {
    const connection = connectElasticsearch({ node: testServer(), timeoutMs: 30_000 })
    this.connections.push(connection)
    return connection
  }

  async write(documents: readonly IndexDocument[]): Promise<void> {
    for (let at = 0; at < documents.length; at += 5_000) {
      await this.#bulk(
        documents.slice(at, at + 5_000).flatMap(({ kind, id, document }) => {
          const index = `${this.prefix}-${kind === 'failure' ? 'failures' : 'traffic'}-${dayOf(document['@timestamp'])}`
          return [{ index: { _index: index, _id: id } }, document]
        }),
      )
    }
  }

  async delete({ kind, id, document }: IndexDocument): Promise<void> {
    const index = `${this.prefix}-${kind === 'failure' ? 'failures' : 'traffic'}-${dayOf(document['@timestamp'])}`
    await this.#bulk([{ delete: { _index: index, _id: id } }])
  }

  /** Everything of the frequency indices, by index and id. */
  async frequency(): Promise<readonly StoredHit[]> {
    const pattern = `/${this.prefix}-frequency-*`
    await this.elasticsearch.request({ method: 'POST', path: `${pattern}/_refresh` })
    const { body } = await this.elasticsearch.request<{ readonly hits: { readonly hits: readonly StoredHit[] } }>({
      method: 'POST',
      path: `${pattern}/_search`,
      body: {
        size: 10_000,
        seq_no_primary_term: true,
        sort: [{ 'event.id': { order: 'asc', unmapped_type: 'keyword' } }],
      },
    })
    return body.hits.hits
  }

  async remove(): Promise<void> {
    await removeAll(this.prefix)
    for (const connection of this.connections) await connection.close()
  }

  async #bulk(lines: readonly object[]): Promise<void> {
    const { body } = await this.elasticsearch.request<{ readonly errors: boolean }>({
      method: 'POST',
      path: '/_bulk',
      lines: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    })
    if (body.errors) throw new Error(`not all was stored: ${JSON.stringify(body).slice(0, 1000)}`)
  }
}

export interface StoredHit {
  readonly _index: string
  readonly _id: string
  readonly _seq_no: number
  readonly _source: Readonly<Record<string, unknown>>
}

const KINDS = ['failures', 'traffic', 'frequency'] as const

function dayOf(timestamp: string): string {
  return timestamp.slice(0, 10).replaceAll('-', '.')
}
