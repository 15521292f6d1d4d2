import fs from 'node:fs'
import path from 'node:path'

const PAUSES = new Set(['(idle)', '(program)', '(root)'])

/** The functions that took most of the busy time themselves, by the profiles (`--cpu-prof`) in a directory. */
export function topFunctions(directory, count) {
  const shares = new Map()
  let busy = 0
  for (const file of fs.readdirSync(directory)) {
    const { nodes, samples, timeDeltas } = JSON.parse(fs.readFileSync(path.join(directory, file), 'utf8'))
    const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
    for (const [index, id] of samples.entries()) {
      const name = names.get(id)
      if (PAUSES.has(name)) continue
      shares.set(name, (shares.get(name) ?? 0) + timeDeltas[index])
      busy += timeDeltas[index]
    }
  }
  return [...shares]
    .map(([name, time]) => ({ name, share: time / busy }))
    .sort((one, other) => other.share - one.share)
    .slice(0, count)
}

function nameOf({ functionName, url, lineNumber }) {
  const name = functionName === '' ? 'anonymous' : functionName
  if (url === '') return name
  const [place] = /(?:dist|node_modules)\/.*$/.exec(url) ?? [url]
  return `${name} (${place}:${lineNumber + 1})`
}
