import { ours } from './corpus.mjs'

/** Deletes and counts, by the connection of the program itself. */
export class Store {
  #elasticsearch

  static async connect(url) {
    const { connectElasticsearch } = await ours('sinks/elasticsearch/connection.js')
    return new Store(connectElasticsearch({ node: url, timeoutMs: 120_000 }))
  }

  constructor(elasticsearch) {
    this.#elasticsearch = elasticsearch
  }

  /** Everything that a measurement needs is there before it begins: templates, and the index of the day. */
  async prepare(prefix, days) {
    const { installMissing } = await ours('sinks/elasticsearch/setup/setup.js')
    await installMissing(this.#elasticsearch, prefix)
    for (const day of days) {
      const path = `/${prefix}-failures-${day.replaceAll('-', '.')}`
      await this.#elasticsearch.request({ method: 'PUT', path, body: {}, answers: [400] })
    }
  }

  async version() {
    const { body } = await this.#elasticsearch.request({ method: 'GET', path: '/' })
    return body.version.number
  }

  async count(prefix, kind = 'failures') {
    const path = `/${prefix}-${kind}-*`
    await this.#elasticsearch.request({ method: 'POST', path: `${path}/_refresh` })
    const { body } = await this.#elasticsearch.request({ method: 'GET', path: `${path}/_count` })
    return body.count
  }

  /** The failures that the frequency documents add up to. */
  async counted(prefix) {
    await this.#elasticsearch.request({ method: 'POST', path: `/${prefix}-frequency-*/_refresh` })
    const { body } = await this.#elasticsearch.request({
      method: 'POST',
      path: `/${prefix}-frequency-*/_search`,
      body: { size: 0, aggs: { failures: { sum: { field: 'edgemicro.failures' } } } },
    })
    return body.aggregations.failures.value
  }

  async remove(prefix) {
    const query = { expand_wildcards: 'all', format: 'json', h: 'index' }
    const { body } = await this.#elasticsearch.request({ method: 'GET', path: `/_cat/indices/${prefix}-*`, query })
    for (const { index } of body) await this.#delete(`/${index}`)
    await this.#delete(`/_index_template/${prefix}-*`)
  }

  async #delete(path) {
    await this.#elasticsearch.request({ method: 'DELETE', path, answers: [400, 404] })
  }

  close() {
    return this.#elasticsearch.close()
  }
}
