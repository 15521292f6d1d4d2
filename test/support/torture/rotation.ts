import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

/** How the log of one gateway is rotated, and which of its files are among the paths of the pipeline. */
export interface Mode {
  readonly name: string
  /** Directives of logrotate; null where the gateway itself rotates. */
  readonly directives: readonly string[] | null
  readonly paths: 'live' | 'all'
  /** The rotator itself loses what is written between its copy and its cut. */
  readonly hasHole?: boolean
}

const BY_SECOND = ['dateext', 'dateformat -%Y%m%d-%s']

export const MODES: readonly Mode[] = [
  { name: 'rename', directives: ['create'], paths: 'live' },
  { name: 'renamed-within', directives: ['create'], paths: 'all' },
  { name: 'packed', directives: ['create', 'compress'], paths: 'live' },
  { name: 'dated', directives: ['create', 'compress', 'delaycompress', ...BY_SECOND], paths: 'live' },
  { name: 'own', directives: null, paths: 'live' },
  { name: 'copied', directives: ['copytruncate', 'nocompress'], paths: 'all', hasHole: true },
  { name: 'copied-packed', directives: ['copytruncate', 'compress', ...BY_SECOND], paths: 'live', hasHole: true },
]

/** What stays of a log: no test is to lose what nobody has had the time to read. */
const KEPT = 1_000

/** Debian's logrotate on the logs of one gateway. */
export class Logrotate {
  readonly #configuration: string
  readonly #state: string

  /** `writerPid` is told to open its logs again after each rename. */
  constructor(directory: string, logs: string, { name, directives }: Mode, writerPid: number) {
    this.#configuration = path.join(directory, `logrotate-${name}.conf`)
    this.#state = path.join(directory, `logrotate-${name}.state`)
    // Packing begins behind it: what a gateway still writes to a file that is being packed is lost to everybody.
    const flag = `${logs}/reopen`
    const wait = [`touch "${flag}"`, `kill -HUP ${writerPid}`, `while [ -e "${flag}" ]; do sleep 0.01; done`]
    const reopen = directives?.includes('create') ? ['postrotate', ...wait, 'endscript'] : []
    const lines = [
      `"${logs}/edgemicro-*-api.log" {`,
      `rotate ${KEPT}`,
      'missingok',
      'notifempty',
      ...(directives ?? []),
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
