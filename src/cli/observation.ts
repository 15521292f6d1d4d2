import { randomUUID } from 'node:crypto'
import type { PipelineConfig } from '../config/schema.js'
import type { ConfiguredProxy } from '../enrich/proxy.js'
import { type HttpServer, serveHttp } from '../observability/http.js'
import { createMetrics, type Metrics } from '../observability/metrics.js'
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

/** Serves metrics and health where a pipeline says, from now on. Throws `PermanentError` (`address_unusable`). */
export type Serve = (http: PipelineConfig['http']) => Promise<void>

/**
 * Does a run that is observed, or several of one process after another: their numbers go to the sinks as signs of life and, where
 * the pipeline says `http`, to whoever asks, from before the sinks are opened until the run has ended. Throws `PermanentError`
 * (`address_unusable`).
 */
export async function withObservation<Result>(
  { config, proxies, version, machine, onServe }: ObservationInput,
  run: (observer: RunObserver, serve: Serve) => Promise<Result>,
): Promise<Result> {
  const { name: pipeline } = config
  const observer = new RunObserver({
    reporter: { agent: { name: machine, id: randomUUID(), version }, pipeline },
    knownTargets: [...config.targets, ...proxies].map(({ target }) => target),
    // A `*` stands for many base paths.
    knownProxies: proxies.map(({ basePath }) => basePath.replace(/^\//, '')).filter((path) => !path.includes('*')),
  })
  let metrics: Metrics | null = null
  let served: { readonly listen: string; readonly server: HttpServer } | null = null
  const serve: Serve = async (http) => {
    const listen = JSON.stringify(http?.listen)
    if (served?.listen === listen) return
    const before = served
    served = null
    await before?.server.close()
    if (http === undefined) return
    metrics ??= createMetrics({ snapshot: () => observer.snapshot, version, pipeline })
    const server = await serveHttp({ listen: http.listen, metrics, health: () => observer.health })
    served = { listen, server }
    onServe(server.url)
  }
  await serve(config.http)
  try {
    return await run(observer, serve)
  } finally {
    await serve(undefined)
  }
}
