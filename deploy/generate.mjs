// Writes what stands here and is made from the models in src/kibana/ and src/alerts/ (npm run generate, which builds first).
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alertFiles } from '../dist/alerts/files.js'
import { kibanaFiles } from '../dist/kibana/files.js'

const project = fileURLToPath(new URL('..', import.meta.url))
const dashboards = [...kibanaFiles()].map(([name, text]) => [`deploy/kibana/${name}`, text])
for (const [name, text] of [...dashboards, ...Object.entries(alertFiles())]) {
  mkdirSync(dirname(join(project, name)), { recursive: true })
  writeFileSync(join(project, name), text)
}
