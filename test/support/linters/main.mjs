import { linters } from './layout.mjs'

// node test/support/linters/main.mjs      fetches and builds what checks deploy/, and prints where it is

try {
  console.log(JSON.stringify(linters(), undefined, 2))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
