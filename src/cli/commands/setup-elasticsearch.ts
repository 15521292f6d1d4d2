import { INDEX_PREFIX } from '../../config/index-prefix.js'
import { PermanentError } from '../../errors.js'
import { isKept } from '../../sinks/elasticsearch/setup/plan.js'
import { type SetupOutcome, setUpElasticsearch, titleOf } from '../../sinks/elasticsearch/setup/setup.js'
import {
  DOCUMENT_KINDS,
  type DocumentKind,
  type Retention,
  shippedObjects,
} from '../../sinks/elasticsearch/setup/shipped.js'
import type { Context } from '../context.js'
import { connectFrom } from '../elasticsearch-environment.js'
import type { SetupOptions } from '../options.js'
import { renderSetup } from '../render/setup.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'

export async function run(_: readonly string[], options: SetupOptions, context: Context): Promise<number> {
  const { prefix, dryRun, overwrite } = options
  if (!INDEX_PREFIX.regex.test(prefix)) {
    throw usageError(`no prefix of index names: --prefix ${prefix}`, `write ${INDEX_PREFIX.means}`)
  }
  const retention = readRetention(options.retention)
  if (options.print) {
    await writeOutput(context.stdout, `${JSON.stringify(requestsOf(prefix, retention), null, 2)}\n`)
    return 0
  }
  const elasticsearch = connectFrom(context, options)
  try {
    const outcome = await setUpElasticsearch(elasticsearch, { prefix, nowMs: Date.now(), dryRun, overwrite, retention })
    context.terminal.print(
      renderSetup(outcome, { dryRun, name: elasticsearch.name, style: context.terminal.messages.style }),
    )
    if (dryRun) return isInOrder(outcome) ? 0 : BAD
    refuseKept(outcome)
    refuseOverruled(outcome)
    return 0
  } finally {
    await elasticsearch.close()
  }
}

/** Done, but the answer is bad: the server is not as this version would have it (contract.md, exit codes). */
const BAD = 3

function isInOrder({ steps, indices, overruled }: SetupOutcome): boolean {
  return steps.every(({ state }) => state === 'same') && indices.length === 0 && overruled.length === 0
}

/** Everything else has been done by now. */
function refuseKept({ steps }: SetupOutcome): void {
  const kept = steps.filter(isKept).map(({ object }) => titleOf(object))
  if (kept.length === 0) return
  throw new PermanentError(`changed by somebody else and left as it is: ${kept.join(', ')}`, {
    code: 'store_incompatible',
    hint: "--overwrite puts this version's in its place; --dry-run shows the difference",
  })
}

function refuseOverruled({ overruled }: SetupOutcome): void {
  if (overruled.length === 0) return
  throw new PermanentError(`overruled by another index template: ${overruled.join(', ')}`, {
    code: 'store_incompatible',
    hint: 'give the other one a lower priority than it has; indices that are made meanwhile have its mapping',
  })
}

/** `failures=90d`. The last one of a kind counts. */
function readRetention(texts: readonly string[]): Retention {
  return Object.fromEntries(
    texts.map((text) => {
      const [, kind, minAge] = /^([a-z]+)=([1-9]\d{0,4}d)$/.exec(text) ?? []
      if (DOCUMENT_KINDS.includes(kind as DocumentKind)) return [kind, minAge]
      const hint = `write days of one of ${DOCUMENT_KINDS.join(', ')}: failures=90d`
      throw usageError(`no retention: --retention ${text}`, hint)
    }),
  )
}

/** All that is ever put, for a server with lifecycle management. */
function requestsOf(prefix: string, retention: Retention) {
  return shippedObjects({ prefix, lifecycle: true, retention }).map(({ path, body }) => ({ method: 'PUT', path, body }))
}
