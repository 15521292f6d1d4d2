import base from '../../jest.config.js'
import { SELECTED_PROFILE } from '../support/elasticsearch/selection.mjs'

/**
 * All suites run against Elasticsearch 8.19. The 9.4 out of Maven Central has no ES|QL, so its run takes the suites
 * of test/integration/elasticsearch/, less those that ask in ES|QL and those that start a server of their own,
 * by their names. Those of test/integration/kafka/ have a configuration of their own.
 */
const selection =
  SELECTED_PROFILE === '9.4'
    ? {
        roots: ['<rootDir>/test/integration/elasticsearch'],
        testPathIgnorePatterns: ['\\.(esql|server)\\.test\\.ts$', '/server\\.test\\.ts$'],
      }
    : { roots: ['<rootDir>/test/integration'], testPathIgnorePatterns: ['/test/integration/kafka/'] }

export default {
  ...base,
  ...selection,
  rootDir: '../..',
  globalSetup: '<rootDir>/test/support/elasticsearch/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/elasticsearch/global-teardown.mjs',
  testTimeout: 300_000,
}
