import { type Logger, pino } from 'pino'
import type { PipelineConfig } from '../config/schema.js'
import { type HangupError, InputError } from '../errors.js'
import { liveness } from '../observability/health.js'
import { runPipeline } from '../pipeline/run.js'
import type { Context } from './context.js'
import { faultsOf } from './errors.js'
import { withObservation } from './observation.js'
import { type ReloadListener, runReloadable } from './reload.js'
import { ServiceManager } from './service-manager.js'
import { surroundings } from './surroundings.js'

/**
 * Runs a pipeline as a service, until it is stopped: messages are structured log lines on stderr. At SIGHUP the pipeline is read
 * anew by `read`, and goes on in the same process, with its metrics.
 */
export async function follow(
  config: PipelineConfig,
  context: Context,
  read: () => Promise<PipelineConfig>,
): Promise<number> {
  const log = pino({ name: 'hangup', base: { pipeline: config.name } }, pino.destination({ fd: 2, sync: true }))
  const { environment, signal, version, onReload } = context
  const manager = new ServiceManager({ environment, processId: process.pid, onFailure: (message) => log.warn(message) })
  signal.addEventListener('abort', () => manager.stopping(), { once: true })
  const first = await surroundings(config, context)
  const onServe = (url: string): void => log.info({ url }, 'serving metrics and health')
  try {
    await withObservation({ ...first, version, onServe }, async (observer, serve) => {
      manager.watch(() => liveness(observer.health).reasons.length === 0)
      let runs = 0
      await runReloadable({
        first,
        signal,
        onReload,
        tell: toldTo(log, manager),
        read: async () => {
          if (config.source.kind === 'stdin') throw inputCannotBeHandedOver()
          return surroundings(await read(), context)
        },
        run: async (plan, { signal, onRunning }) => {
          if (runs++ > 0) observer.ended()
          await serve(plan.config.http)
          await runOne({ ...plan, signal, observer }, { log, onRunning })
        },
      })
    })
  } finally {
    await manager.close()
  }
  return 0
}

type Run = Omit<Parameters<typeof runPipeline>[0], 'once' | 'onProblem' | 'onNotice' | 'onStart'>

async function runOne(run: Run, { log, onRunning }: { readonly log: Logger; readonly onRunning: () => void }) {
  const { source, sinks } = run.config
  const { ledger, losses, documents, refused, shipped, lostInput } = await runPipeline({
    ...run,
    once: false,
    onProblem: ({ message, hint, code }) => log.warn({ code, hint }, message),
    onNotice: (notice) => log.info(notice),
    onStart: () => {
      log.info({ source: source.kind, sinks: sinks.map(({ kind }) => kind) }, 'started')
      onRunning()
    },
  })
  log.info({ ledger, ...losses, documents, refused, shipped, lostInput }, 'stopped')
}

function toldTo(log: Logger, manager: ServiceManager): ReloadListener {
  return {
    reloading: () => {
      log.info('reloading')
      manager.reloading()
    },
    refused: (error: HangupError) => {
      const { code, hint, message } = error
      log.error({ code, hint, faults: faultsOf(error) }, `new pipeline refused: ${message}`)
    },
    running: () => manager.ready(),
    brokenOff: ({ message, hint, code }: HangupError) => log.error({ code, hint }, `not all was stored: ${message}`),
  }
}

function inputCannotBeHandedOver(): InputError {
  return new InputError('standard input cannot be handed over: -', {
    code: 'input_unreadable',
    hint: 'stop the run and start it anew',
  })
}
