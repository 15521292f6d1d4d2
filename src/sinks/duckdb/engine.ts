import { PermanentError } from '../../errors.js'

/**
 * Loads DuckDB, whose native part is installed by npm for one kind of machine. Await it before a module is imported that imports
 * DuckDB: where that fails beneath several modules, Node 20 ends the process, whoever catches it. Throws `PermanentError` where there is no
 * DuckDB for this machine.
 */
export async function loadEngine(load: () => Promise<unknown> = () => import('@duckdb/node-api')): Promise<void> {
  try {
    await load()
  } catch (error) {
    throw new PermanentError(`DuckDB cannot be loaded: ${process.platform}-${process.arch}, Node ${process.version}`, {
      code: 'tool_missing',
      hint: 'node_modules may come from another machine, or lack optional packages: run npm ci here, or use a store of another kind',
      cause: error,
    })
  }
}
