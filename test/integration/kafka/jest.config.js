import base from '../../../jest.config.js'

/** Suites against a real Kafka: each starts its own (`startKafka`), and none needs Elasticsearch. */
export default {
  ...base,
  rootDir: '../../..',
  roots: ['<rootDir>/test/integration/kafka'],
  testPathIgnorePatterns: [],
  testTimeout: 300_000,
}
