import { ConfigError } from '../errors.js'

/** One thing that is wrong in a pipeline file. */
export interface Fault {
  /** Counted from 1; null where the value came from an override. */
  readonly line: number | null
  readonly column: number | null
  /** The option, such as `sinks[0].duckdb.path`; empty for the file as a whole. */
  readonly path: string
  readonly message: string
  /** The nearest right word, where there is one. */
  readonly suggestion: string | null
}

/** A pipeline file that cannot be used, with everything that is wrong in it, in the order of its lines. */
export class PipelineConfigError extends ConfigError {
  readonly file: string
  readonly faults: readonly Fault[]

  constructor(file: string, faults: readonly Fault[]) {
    super(`invalid pipeline: ${file}: ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`, {
      code: 'config',
      hint: 'correct what is named above; `hangup check --options` lists every option',
    })
    this.file = file
    this.faults = [...faults].sort(byPlace)
  }

  /** One line for each fault: `pipelines/x.yaml:7:5  sinks[0].duckdb.pth: unknown option; did you mean "path"?` */
  lines(): readonly string[] {
    return this.faults.map(({ line, column, path, message, suggestion }) => {
      const place = line === null ? '--set' : `${this.file}:${line}:${column ?? 1}`
      const option = path === '' ? '' : `${path}: `
      return `${place}  ${option}${message}${suggestion === null ? '' : `; did you mean "${suggestion}"?`}`
    })
  }
}

/** How a path of keys is written: `sinks[0].duckdb.path`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}

/** Overrides come last. */
function byPlace(a: Fault, b: Fault): number {
  const last = Number.MAX_SAFE_INTEGER
  return (a.line ?? last) - (b.line ?? last) || (a.column ?? last) - (b.column ?? last)
}
