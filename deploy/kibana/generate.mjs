// Writes the files of this folder anew from the model in src/kibana/ (npm run generate, which builds first).
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kibanaFiles } from '../../dist/kibana/files.js'

const folder = dirname(fileURLToPath(import.meta.url))
for (const [name, text] of kibanaFiles()) {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}
