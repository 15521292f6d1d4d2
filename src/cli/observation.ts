import { randomUUID } from 'node:crypto'
import type { PipelineConfig } from '../config/schema.js'
import type { ConfiguredProxy } from '../enrich/proxy.js'
import { serveHttp } from '../observability/http.js'
import { createMetrics } from '../observability/metrics.js'
import { RunObserver } from '../observability/observer.js'

export interface ObservationInput {
  readonly config: PipelineConfig
  readonly proxies: readonly ConfiguredProxy[]
  readonly version: string
  /** This machine's name. */
  readonly machine: string
  /** Told where metrics and health are served. */
  readonly onServe: (url: string) => void
}

/**
 * Does a run that is observed: its numbers go to the sinks as signs of life and, where the pipeline says `http`, to
 * whoever asks, from before the sinks are opened until the run has ended. Throws `PermanentError` (`address_unusable`).
 */
export async function withObservation<Result>(
  { config, proxies, version, machine, onServe }: ObservationInput,
  run: (observer: RunObserver) => Promise<Result>,
): Promise<Result> {
  const { http, name: pipeline } = config
  const observer = new RunObserver({
    reporter: { agent: { name: machine, id: randomUUID(), version }, pipeline },
    knownTargets: [...config.targets, ...proxies].map(({ target }) => target),
    // A `*` stands for many base paths.
    knownProxies: proxies.map(({ basePath }) => basePath.replace(/^\//, '')).filter((path) => !path.includes('*')),
  })
  if (http === undefined) return run(observer)
  const metrics = createMetrics({ snapshot: () => observer.snapshot, version, pipeline })
  const server = await serveHttp({ listen: http.listen, metrics, health: () => observer.health })
  onServe(server.url)
  try {
    return await run(observer)
  } finally {
    await server.close()
  }
}
