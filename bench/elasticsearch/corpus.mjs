import path from 'node:path'
import { pathToFileURL } from 'node:url'

const DIST = path.join(import.meta.dirname, '..', '..', 'dist')

/** A module of the built program. */
export function ours(module) {
  return import(pathToFileURL(path.join(DIST, module)).href)
}

/** The documents that `hangup run --once` makes of a log, failures alone, up to `most` of them. */
export async function failuresOf(log, most) {
  const { openLogs } = await ours('pipeline/open-logs.js')
  const { Processor } = await ours('pipeline/processor.js')
  const { Redactor } = await ours('redact/redactor.js')
  const redactor = new Redactor({ clientId: 'hash', query: 'drop', text: 'mask' }, Buffer.alloc(32, 1))
  const processor = new Processor({
    ...{ redactor, windowMs: 5_000, latenessMs: 60_000, maxPending: 100_000 },
    ...{ emit: 'final', proxies: [], closedUntilMs: new Map() },
  })
  const { source } = await openLogs({ inputs: [log], stdin: process.stdin, onProblem: () => {} })
  const failures = []
  for await (const block of source.read(new AbortController().signal)) {
    processor.process(block)
    processor.advance()
    for (const document of processor.take()) if (document.kind === 'failure') failures.push(document)
    if (failures.length >= most) break
  }
  return failures.slice(0, most)
}
