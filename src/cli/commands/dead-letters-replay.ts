import path from 'node:path'
import { type HangupError, TransientError } from '../../errors.js'
import { openDeadLetters } from '../../pipeline/read-dead-letters.js'
import { replayLetters } from '../../pipeline/replay-letters.js'
import { RemainingLetters } from '../../sinks/dead-letters/remaining-letters.js'
import type { Context } from '../context.js'
import { tellProblem } from '../errors.js'
import type { DeadLettersOptions } from '../options.js'
import { remainingOf, renderReplay, replayJson } from '../render/replay.js'
import { surroundings } from '../surroundings.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'
import { readPipelineOf } from './run.js'

/** Done, but some letters remain (contract.md, exit codes). */
const REMAIN = 3

/** Gives letters back to the pipeline, and says what came of it. */
export async function replay(file: string | undefined, options: DeadLettersOptions, context: Context): Promise<number> {
  if (file === undefined)
    throw usageError('argument missing: PIPELINE', 'give the pipeline that is to take the letters')
  const config = await readPipelineOf(file, options, context)
  const place = options.from ?? config.deadLetters
  const remainingFile = options.remaining
  if (remainingFile !== undefined && isSameFile(remainingFile, place)) {
    throw usageError(
      `the letters are read from that file: --remaining ${remainingFile}`,
      'give another file, and put it in the place of the first one when the replay has ended',
    )
  }
  let exitCode = 0
  const onProblem = (problem: HangupError): void => {
    if (!(problem instanceof TransientError)) exitCode = 1
    tellProblem(problem, context)
  }
  const onNotice = (notice: string): void => context.terminal.tell(`hangup: ${notice}`)
  const around = await surroundings(config, context)
  const { letters, measure } = openDeadLetters(place, { ...around, onProblem, onNotice })
  const remaining = remainingFile === undefined ? null : new RemainingLetters(remainingFile)
  const progress = context.terminal.startProgress(measure, {
    whileWriting: !options.dryRun && config.sinks.some(({ kind }) => kind === 'stdout'),
  })
  const result = await replayLetters({
    ...around,
    letters,
    reason: options.reason,
    isDryRun: options.dryRun,
    onProblem,
    onNotice,
    onRemaining: async (batch) => remaining?.add(batch),
  })
    .then(async (done) => {
      await remaining?.keep()
      return done
    })
    .finally(async () => {
      progress.end()
      await remaining?.close()
    })
  const form = { isDryRun: options.dryRun, remainingFile }
  for (const line of renderReplay(result, form)) context.terminal.tell(line)
  if (options.json) await writeOutput(context.stdout, `${replayJson(result, form)}\n`)
  return exitCode !== 0 || remainingOf(result) === 0 ? exitCode : REMAIN
}

function isSameFile(file: string, place: Parameters<typeof openDeadLetters>[0]): boolean {
  const other = typeof place === 'string' ? place : place.kind === 'file' ? place.path : null
  return other !== null && path.resolve(file) === path.resolve(other)
}
