import { storedInElasticsearch } from '../../../src/sinks/elasticsearch/stored.js'
import { describeStored } from '../../contract/stored-contract.js'
import { Filled } from './filled.js'

describeStored('elasticsearch', async () => {
  const filled = new Filled()
  return {
    fill: (documents) => filled.put(documents),
    // A connection of its own, since closing the documents closes it.
    open: async () => storedInElasticsearch(new Filled().connection, filled.prefix),
    remove: () => filled.remove(),
  }
})
