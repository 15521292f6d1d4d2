import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

/** How the log of one gateway is rotated, and which of its files are among the paths of the pipeline. */
export interface Mode {
  readonly name: string
  /** Directives of logrotate, or what the writer is told to do. */
  readonly by: readonly string[] | Command
  readonly paths: 'live' | 'all'
  /** The rotator itself loses what is written between its copy and its cut. */
  readonly hasHole?: boolean
  /** Its rotations are so many times as far apart as those of others. */
  readonly pace?: number
}

/** `next`: the gateway goes on in its next file. `recreate`: its log is deleted and begun anew. `truncate`: its log is cut. */
export type Command = 'next' | 'recreate' | 'truncate'

/**
 * Of gateways on Node 12, which log no `targetResponse close`, connections depend on where reading began: after a kill they are told from other lines
 * than by one pass. So those whose failures are compared after a kill are newer ones.
 */
export const writesCloses = (mode: Mode): boolean => mode.hasHole !== true && !destroys(mode)

/** Of what it destroys, nothing is left on disk: what nobody had read or held open is lost to everybody. */
export const destroys = ({ by }: Mode): boolean => by === 'recreate' || by === 'truncate'

const BY_SECOND = ['dateext', 'dateformat -%Y%m%d-%s']

/** So that something of each file is stored before it is gone. */
const PACE_OF_DESTRUCTION = 4

export const MODES: readonly Mode[] = [
  { name: 'rename', by: ['create'], paths: 'live' },
  { name: 'renamed-within', by: ['create'], paths: 'all' },
  { name: 'packed', by: ['create', 'compress'], paths: 'live' },
  { name: 'dated', by: ['create', 'compress', 'delaycompress', ...BY_SECOND], paths: 'live' },
  { name: 'own', by: 'next', paths: 'live' },
  { name: 'copied', by: ['copytruncate', 'nocompress'], paths: 'all', hasHole: true },
  { name: 'copied-packed', by: ['copytruncate', 'compress', ...BY_SECOND], paths: 'live', hasHole: true },
  { name: 'recreated', by: 'recreate', paths: 'live', pace: PACE_OF_DESTRUCTION },
  { name: 'truncated', by: 'truncate', paths: 'live', pace: PACE_OF_DESTRUCTION },
]

/** What stays of a log: no test is to lose what nobody has had the time to read. */
const KEPT = 1_000

/** Debian's logrotate on the logs of one gateway. */
export class Logrotate {
  readonly #configuration: string
  readonly #state: string

  /** `writerPid` is told to open its logs again after each rename. */
  constructor(directory: string, logs: string, name: string, directives: readonly string[], writerPid: number) {
    this.#configuration = path.join(directory, `logrotate-${name}.conf`)
    this.#state = path.join(directory, `logrotate-${name}.state`)
    // Packing begins behind it: what a gateway still writes to a file that is being packed is lost to everybody.
    const flag = `${logs}/reopen`
    const wait = [`touch "${flag}"`, `kill -HUP ${writerPid}`, `while [ -e "${flag}" ]; do sleep 0.01; done`]
    const reopen = directives.includes('create') ? ['postrotate', ...wait, 'endscript'] : []
    const lines = [
      `"${logs}/edgemicro-*-api.log" {`,
      `rotate ${KEPT}`,
      'missingok',
      'notifempty',
      ...directives,
      ...reopen,
      '}',
    ]
    fs.writeFileSync(this.#configuration, `${lines.join('\n')}\n`, { mode: 0o600 })
  }

  /** Names that hold the second are there for one rotation in each; then this one is left out. */
  async rotate(): Promise<void> {
    const rotating = promisify(execFile)('logrotate', ['--force', '--state', this.#state, this.#configuration])
    await rotating.catch((error) => {
      if (!String(error.stderr).includes('already exists, skipping rotation')) throw error
    })
  }
}
