import { expect, test } from '@jest/globals'
import { PermanentError } from '../../../src/errors.js'
import { loadEngine } from '../../../src/sinks/duckdb/engine.js'

test('loads DuckDB', async () => {
  await expect(loadEngine()).resolves.toBeUndefined()
})

test('says what to do where DuckDB has no native part for this machine', async () => {
  const missing = Object.assign(new Error("Cannot find module '@duckdb/node-bindings-linux-x64/duckdb.node'"), {
    code: 'MODULE_NOT_FOUND',
  })
  const error = await loadEngine(() => Promise.reject(missing)).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(PermanentError)
  expect(error).toMatchObject({
    message: expect.stringMatching(/^DuckDB cannot be loaded: /),
    hint: expect.stringContaining('npm ci'),
    cause: missing,
  })
})
