import { formatCount, formatDuration, formatSize } from './numbers.js'

/** How far long work is. `total` is null (or 0) where the end is not known: standard input, a followed file. */
export interface Measure {
  readonly done: number
  readonly total: number | null
  /** `milliseconds`: time that must pass, of at most `total`. */
  readonly unit: 'bytes' | 'messages' | 'milliseconds'
}

export interface Progress {
  /** Takes the bar away for good. May be called again. */
  end(): void
}

export interface Screen {
  readonly columns?: number
  write(text: string): unknown
}

export interface ProgressInput {
  readonly screen: Screen
  readonly measure: () => Measure
  /** A clock that never goes back, in milliseconds. */
  readonly nowMs?: () => number
}

/** A bar that redraws itself in one line. Whoever writes to the same screen erases it first. */
export class ProgressBar implements Progress {
  readonly #input: ProgressInput
  readonly #nowMs: () => number
  readonly #startedMs: number
  readonly #timer: NodeJS.Timeout
  #drawn = false
  #ended = false

  constructor(input: ProgressInput) {
    this.#input = input
    this.#nowMs = input.nowMs ?? (() => performance.now())
    this.#startedMs = this.#nowMs()
    this.#timer = setInterval(() => this.draw(), REDRAW_INTERVAL_MS)
    this.#timer.unref()
  }

  draw(): void {
    if (this.#ended) return
    const { screen, measure } = this.#input
    const text = renderProgress(measure(), this.#nowMs() - this.#startedMs, (screen.columns ?? 80) - 1)
    screen.write(`\r${text}\x1b[K`)
    this.#drawn = true
  }

  erase(): void {
    if (this.#drawn) this.#input.screen.write('\r\x1b[K')
    this.#drawn = false
  }

  end(): void {
    clearInterval(this.#timer)
    this.erase()
    this.#ended = true
  }
}

/** One line of at most `width` columns: ` 62 % ████████░░░░  280 MB of 450 MB  120 MB/s  1.4 s left`. */
export function renderProgress({ done, total, unit }: Measure, elapsedMs: number, width: number): string {
  if (unit === 'milliseconds') return renderWait(done, total ?? 0, width)
  const perSecond = elapsedMs > 0 ? (done / elapsedMs) * 1_000 : 0
  const rate = `${AMOUNTS[unit](perSecond)}/s`
  if (!total) return `${AMOUNTS[unit](done)} read  ${rate}`.slice(0, width)
  const share = Math.min(1, done / total)
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`
  const left = perSecond > 0 ? formatDuration((Math.max(0, total - done) / perSecond) * 1_000) : '?'
  return withBar(share, { percent, rest: `${OF_TOTAL[unit](done, total)}  ${rate}  ${left} left` }, width)
}

function renderWait(waitedMs: number, totalMs: number, width: number): string {
  const share = totalMs > 0 ? Math.min(1, waitedMs / totalMs) : 0
  const rest = `waited ${formatDuration(waitedMs)} of ${formatDuration(totalMs)}`
  return withBar(share, { percent: '', rest }, width)
}

function withBar(
  share: number,
  { percent, rest }: { readonly percent: string; readonly rest: string },
  width: number,
): string {
  const barWidth = Math.min(MAX_BAR_WIDTH, width - percent.length - rest.length - 3)
  if (barWidth < MIN_BAR_WIDTH) return `${percent}  ${rest}`.trimStart().slice(0, width)
  const filled = Math.floor(share * barWidth)
  return `${percent} ${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}  ${rest}`
}

const AMOUNTS = {
  bytes: formatSize,
  messages: (count: number): string => `${formatCount(count)} ${Math.round(count) === 1 ? 'message' : 'messages'}`,
} as const

const OF_TOTAL = {
  bytes: (done: number, total: number): string => `${formatSize(done)} of ${formatSize(total)}`,
  messages: (done: number, total: number): string => `${formatCount(done)} of ${AMOUNTS.messages(total)}`,
} as const

const REDRAW_INTERVAL_MS = 100
const MAX_BAR_WIDTH = 30
const MIN_BAR_WIDTH = 5
