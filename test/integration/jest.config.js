import base from '../../jest.config.js'

export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/integration'],
  testPathIgnorePatterns: [],
  testTimeout: 180_000,
}
