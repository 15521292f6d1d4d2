import base from '../../jest.config.js'

export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/fault'],
  testPathIgnorePatterns: [],
  testTimeout: 180_000,
}
