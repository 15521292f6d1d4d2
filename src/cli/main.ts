#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { homeDirectory } from './machine.js'
import { runShell } from './shell.js'
import { createTerminal } from './terminal/terminal.js'

const { stdin, stdout, stderr, env: environment } = process
const manifest: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)

await runShell({
  argv: process.argv.slice(2),
  signals: process,
  exit: (code) => process.exit(code),
  world: {
    stdin,
    stdout,
    stderr,
    environment,
    cwd: process.cwd(),
    home: homeDirectory(),
    version: manifest.version,
    terminal: createTerminal({ stdout, stderr, environment }),
  },
})
