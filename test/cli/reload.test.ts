import { EventEmitter, once } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { runReloadable } from '../../src/cli/reload.js'
import { ConfigError, HangupError, PermanentError } from '../../src/errors.js'

const refusal = (message: string) => new ConfigError(message, { code: 'config', hint: '' })

/** Runs plans by their names. What happens is written down. */
class Play {
  readonly happened: string[] = []
  readonly stop = new AbortController()
  readonly end: Promise<unknown>
  /** What reading gives next: a plan, or an error. */
  file: string | HangupError = 'first'
  /** Plans that cannot begin, and those that do not come to a clean stop. */
  broken = new Set<string>()
  unclean = new Set<string>()
  readonly #requests = new EventEmitter()
  readonly #events = new EventEmitter()

  constructor() {
    this.end = runReloadable<string, void>({
      first: 'first',
      signal: this.stop.signal,
      onReload: (listener) => {
        this.#requests.on('reload', listener)
        return () => this.#requests.off('reload', listener)
      },
      read: async () => {
        if (this.file instanceof HangupError) throw this.file
        return this.file
      },
      run: async (plan, { signal, onRunning }) => {
        this.#note(`begin ${plan}`)
        if (this.broken.has(plan))
          throw new PermanentError(`cannot open: ${plan}`, { code: 'state_unusable', hint: '' })
        onRunning()
        if (!signal.aborted) await once(signal, 'abort')
        this.#note(`end ${plan}`)
        if (this.unclean.has(plan))
          throw new PermanentError(`not stored: ${plan}`, { code: 'state_unusable', hint: '' })
      },
      tell: {
        reloading: () => this.#note('reloading'),
        refused: ({ message }) => this.#note(`refused ${message}`),
        running: () => this.#note('running'),
        brokenOff: ({ message }) => this.#note(`broken off ${message}`),
      },
    })
    this.end.catch(() => {})
  }

  reload(file: string | HangupError): void {
    this.file = file
    this.#requests.emit('reload')
  }

  get listeners(): number {
    return this.#requests.listenerCount('reload')
  }

  /** Resolves when it happens the next time. */
  async until(what: string): Promise<void> {
    await once(this.#events, what)
  }

  #note(what: string): void {
    this.happened.push(what)
    this.#events.emit(what)
  }
}

describe('a reload', () => {
  test('lets the old plan come to its end before the new one begins', async () => {
    const play = new Play()
    play.reload('second')
    await play.until('begin second')
    play.stop.abort()
    await play.end
    expect(play.happened).toEqual([
      'begin first',
      'running',
      'reloading',
      'end first',
      'begin second',
      'running',
      'end second',
    ])
    expect(play.listeners).toBe(0)
  })

  test('of a bad plan leaves the old one running', async () => {
    const play = new Play()
    play.reload(refusal('unknown key'))
    await play.until('refused unknown key')
    play.reload('second')
    await play.until('begin second')
    expect(play.happened.slice(2)).toEqual([
      'reloading',
      'refused unknown key',
      'running',
      'reloading',
      'end first',
      'begin second',
      'running',
    ])
    play.stop.abort()
    await play.end
  })

  test('of a plan that cannot begin goes back to the old one', async () => {
    const play = new Play()
    play.broken.add('second')
    play.reload('second')
    await play.until('refused cannot open: second')
    play.stop.abort()
    await play.end
    expect(play.happened.slice(3)).toEqual([
      'end first',
      'begin second',
      'refused cannot open: second',
      'begin first',
      'running',
      'end first',
    ])
  })

  test('takes the new plan also where the old one could not store all: that may be why it is new', async () => {
    const play = new Play()
    play.unclean.add('first')
    play.reload('second')
    await play.until('begin second')
    expect(play.happened).toContain('broken off not stored: first')
    play.stop.abort()
    await play.end
  })

  test('that is asked for twice at once is made at most twice', async () => {
    const play = new Play()
    play.reload('second')
    play.reload('second')
    play.reload('second')
    await play.until('begin second')
    await play.until('begin second')
    play.stop.abort()
    await play.end
    expect(play.happened.filter((what) => what === 'reloading')).toHaveLength(2)
  })
})

test('a run that fails without a reload fails', async () => {
  const play = new Play()
  play.unclean.add('first')
  play.stop.abort()
  await expect(play.end).rejects.toThrow('not stored: first')
})
