import base from '../../jest.config.js'

export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/soak'],
  testPathIgnorePatterns: [],
  testTimeout: 1_200_000,
}
