/** One sample of a scrape. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A whole scrape. */
export interface Exposition {
  readonly samples: readonly Sample[]
  /** Type by name of metric. */
  readonly types: ReadonlyMap<string, string>
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
  /** Adds up the samples of a metric by one of its labels. */
  sumsBy(name: string, label: string): Readonly<Record<string, number>>
}

/**
 * Reads the text format 0.0.4 (prometheus.io, exposition formats) and throws at whatever Prometheus would not take: a line
 * of another form, an escape that does not exist, a character that ends its lexer, a metric without HELP and TYPE or with
 * two, samples that stand apart from their metric, a series that stands twice.
 */
export function readExposition(bytes: Uint8Array): Exposition {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const samples: Sample[] = []
  const types = new Map<string, string>()
  const helps = new Set<string>()
  const series = new Set<string>()
  let current = ''
  for (const line of text.slice(0, -1).split('\n')) {
    if (/[\0\r]/.test(line)) throw new Error(`a control character: ${line}`)
    if (line === '') continue
    const told = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line)
    if (told !== null) {
      const [, keyword, name, rest] = told
      if (keyword === 'HELP') {
        if (helps.has(name) || /\\(?![\\n])/.test(rest)) throw new Error(`wrong HELP: ${line}`)
        helps.add(name)
      } else {
        if (types.has(name) || !/^(?:counter|gauge|histogram|summary)$/.test(rest))
          throw new Error(`wrong TYPE: ${line}`)
        types.set(name, rest)
        current = name
      }
      continue
    }
    const sample = readSample(line)
    const base = types.get(current) === 'histogram' ? sample.name.replace(/_(?:bucket|sum|count)$/, '') : sample.name
    if (base !== current || !helps.has(base)) throw new Error(`not of the metric above: ${line}`)
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
    if (series.has(key)) throw new Error(`a series stands twice: ${line}`)
    series.add(key)
    if (types.get(current) === 'counter' && !(sample.value >= 0)) throw new Error(`no counter: ${line}`)
    samples.push(sample)
  }
  return {
    samples,
    types,
    value: (name, labels = {}) =>
      samples.find((each) => each.name === name && JSON.stringify(each.labels) === JSON.stringify(labels))?.value,
    sumsBy: (name, label) => {
      const sums: Record<string, number> = Object.create(null)
      for (const each of samples) {
        if (each.name === name) sums[each.labels[label]] = (sums[each.labels[label]] ?? 0) + each.value
      }
      return sums
    },
  }
}

const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y

function readSample(line: string): Sample {
  const parts = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$/s.exec(line)
  if (parts === null) throw new Error(`no sample: ${line}`)
  const [, name, inner = '', number] = parts
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < inner.length) {
    const label = LABEL.exec(inner)
    if (label === null || label[1] in labels) throw new Error(`wrong labels: ${line}`)
    labels[label[1]] = label[2].replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
  }
  if (!/^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|nan)$/i.test(number)) throw new Error(`no number: ${line}`)
  return { name, labels, value: number.endsWith('Inf') ? Number(`${number}inity`) : Number(number) }
}
