#!/usr/bin/env node
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { ensureData, FILES, nameOf } from './generator/files.mjs'

const HELP = `usage: node bench/generate.mjs [--only info|pairs] [--scale N] [--quick] [--directory DIR] [--force]
  --scale N   N times as many lines (info.log: 1 = about 460 MB, 10 = about 4.6 GB)
  --quick     100,000 lines and 30,000 lines, for a smoke test
  --force     make the files again even if they are there`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    scale: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    directory: { type: 'string', default: path.join(import.meta.dirname, 'data') },
    force: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  process.stdout.write(`${HELP}\n`)
} else {
  const scale = values.quick ? 0.05 : Number(values.scale)
  const names = values.only === undefined ? Object.keys(FILES) : [values.only]
  if (!(scale > 0) || names.some((name) => FILES[name] === undefined)) {
    process.stderr.write(`${HELP}\n`)
    process.exitCode = 2
  } else {
    for (const name of names) {
      if (values.force) fs.rmSync(path.join(values.directory, `${nameOf(name, scale)}.truth.json`), { force: true })
      ensureData({ directory: values.directory, name, scale, tell: (text) => process.stderr.write(text) })
    }
  }
}
