import type { Elasticsearch } from '../../../src/sinks/elasticsearch/connection.js'
import { askAsKibana, type Range } from './envelope.js'

interface Panel {
  readonly panelIndex: string
  readonly embeddableConfig: {
    readonly attributes: {
      readonly state: { readonly datasourceStates: { readonly textBased: { readonly layers: Record<string, Layer> } } }
    }
  }
}

interface Layer {
  readonly query: { readonly esql: string }
  readonly columns: readonly { readonly fieldName: string; readonly meta: { readonly esType: string } }[]
}

/** Asks every query of a file of saved objects, and tells of each column that the answer lacks or has otherwise. */
export async function checkQueries(elasticsearch: Elasticsearch, ndjson: string, range: Range): Promise<string[]> {
  const faults: string[] = []
  for (const { type, id, attributes } of ndjson
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))) {
    if (type !== 'dashboard') continue
    for (const { panelIndex, embeddableConfig } of JSON.parse(attributes.panelsJSON) as readonly Panel[]) {
      for (const layer of Object.values(embeddableConfig.attributes.state.datasourceStates.textBased.layers)) {
        faults.push(...(await checkLayer(elasticsearch, layer, range)).map((fault) => `${id} ${panelIndex}: ${fault}`))
      }
    }
  }
  return faults
}

async function checkLayer(elasticsearch: Elasticsearch, layer: Layer, range: Range): Promise<readonly string[]> {
  try {
    const { columns } = await askAsKibana(elasticsearch, layer.query.esql, range)
    const types = new Map(columns.map(({ name, type }) => [name, type]))
    return layer.columns
      .filter(({ fieldName, meta }) => types.get(fieldName) !== meta.esType)
      .map(({ fieldName, meta }) => `${fieldName} is ${types.get(fieldName) ?? 'missing'}, not ${meta.esType}`)
  } catch (error) {
    return [String(error)]
  }
}
