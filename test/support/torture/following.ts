import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CliResult, ndjson, type Sandbox, told } from '../cli.js'
import { inodeAt } from './destroyed-logs.js'

/** What a process has told of a file. `bytes`: those that it knows to be lost. */
export interface ToldLoss {
  readonly what: string
  readonly path: string
  readonly bytes: number
}

/** What a process has counted. */
export interface Numbers {
  readonly readBytes: number
  readonly lostBytes: number
  readonly losses: number
}

const [KEPT_LOOKS, KEPT_LOOK_MS] = [6, 20]

/** A process of hangup whose numbers can be asked for. */
export class Following {
  readonly #url: Promise<string>
  #said = ''

  constructor(
    readonly child: ReturnType<Sandbox['start']>,
    readonly ended: Promise<CliResult>,
  ) {
    this.#url = told(child, /"url":"([^"]+)","msg":"serving metrics/)
    this.#url.catch(() => {})
    child.stderr.on('data', (chunk) => {
      this.#said += chunk
    })
  }

  /** What it has told of files that were cut, or are gone. */
  get losses(): readonly ToldLoss[] {
    const whole = this.#said.slice(0, this.#said.lastIndexOf('\n') + 1)
    return ndjson(whole).flatMap(({ msg, hint }) => {
      const [, what, path] =
        /^file that was followed is (gone): (.*)|^file was (cut) while it was followed: (.*)/
          .exec(msg)
          ?.filter((group) => group !== undefined) ?? []
      return path === undefined ? [] : [{ what, path, bytes: Number(/(\d+) bytes/.exec(hint)?.[1] ?? 0) }]
    })
  }

  /** Whether it keeps the file open that is, or was, at this path: what it only looks at is closed in a moment. */
  async keeps(file: string, inode: string): Promise<boolean> {
    for (let look = 0; look < KEPT_LOOKS; look++) {
      if (look > 0) await sleep(KEPT_LOOK_MS)
      if (!this.#holds(file, inode)) return false
    }
    return true
  }

  #holds(file: string, inode: string): boolean {
    const directory = `/proc/${this.child.pid}/fd`
    if (!fs.existsSync(directory)) return false
    return fs.readdirSync(directory).some((name) => {
      try {
        const descriptor = `${directory}/${name}`
        return fs.readlinkSync(descriptor).startsWith(file) && inodeAt(descriptor) === inode
      } catch {
        // Closed since it was listed.
        return false
      }
    })
  }

  async numbers(): Promise<Numbers> {
    return {
      readBytes: await this.metric('hangup_read_bytes_total'),
      lostBytes: await this.metric('hangup_lost_bytes_total'),
      losses: await this.metric('hangup_input_losses_total'),
    }
  }

  /** The sum of one metric over its labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${await this.#url}/metrics`)).text()
    const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].map(([, value]) =>
      Number(value),
    )
    return values.reduce((sum, value) => sum + value, 0)
  }
}
