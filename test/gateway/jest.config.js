import base from '../../jest.config.js'

/** Suites that run the real gateway out of npm: `npm ci --prefix test/gateway` first. */
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/gateway'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 180_000,
}
