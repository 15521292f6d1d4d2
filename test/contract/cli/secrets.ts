import type { CorpusRun } from '../../support/truth.js'
import { oracleLines } from './oracle.js'

/** Shorter texts turn up by chance. */
const MIN_LENGTH = 6

const found = new Map<string, readonly string[]>()

/**
 * Every API key and every query value of a run (also with its name, so that `limit=71635` counts where `71635` could
 * be anything), as sent and as JSON writes it. Left out is what the log also says in a place that is nobody's secret.
 */
function secretsOf(run: CorpusRun): readonly string[] {
  const known = found.get(run.name)
  if (known !== undefined) return known
  const secrets = collect(run)
  found.set(run.name, secrets)
  return secrets
}

/** The secrets of a run that stand in an output, shortened: empty where it keeps them all. */
export function leaks(run: CorpusRun, output: string): readonly string[] {
  return [...standingIn(output, secretsOf(run))].map((secret) => secret.slice(0, 80))
}

function standingIn(text: string, secrets: readonly string[]): ReadonlySet<string> {
  // Thousands of pairs share a few names: where no name stands, no pair does.
  const names = new Set([...new Set(secrets.map(nameOf))].filter((name) => text.includes(name)))
  return new Set(secrets.filter((secret) => names.has(nameOf(secret)) && text.includes(secret)))
}

function nameOf(secret: string): string {
  return secret.slice(0, secret.indexOf('=') + 1)
}

function collect(run: CorpusRun): readonly string[] {
  const candidates = new Set([...run.truth.api_keys, ...run.truth.query_values])
  const open: string[] = []
  for (const { event, text } of oracleLines(run)) {
    if (event === null) {
      open.push(text)
      continue
    }
    const [path, query] = cutAt(event.url ?? '', '?')
    for (const secret of [...keysOf(event.clientId ?? ''), ...pairsOf(query)]) candidates.add(secret)
    open.push(
      `${event.host}][${path}][${event.errorMessage}`,
      `[${event.component}][${event.message}][${event.errorCode}]`,
    )
  }
  const longEnough = [...candidates].filter((secret) => secret.length >= MIN_LENGTH)
  const legitimate = standingIn(open.join('\n'), longEnough)
  const secrets = longEnough.filter((secret) => !legitimate.has(secret))
  return [...new Set(secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]))]
}

/** A key may hold what looks like fields; a wrong split would let a part of it through. */
function keysOf(clientId: string): readonly string[] {
  return [clientId, ...clientId.split(/\]\[|, /)]
}

function pairsOf(query: string): readonly string[] {
  const pairs = query.split('&').filter((pair) => cutAt(pair, '=')[1] !== '')
  return [...pairs, ...pairs.map((pair) => cutAt(pair, '=')[1])]
}

function cutAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
