/** Functions of paid licences, and parameters that Kibana before 8.19 does not bind in rules. */
const FORBIDDEN = /\b(?:CATEGORIZE|CHANGE_POINT|COMPLETION|RERANK)\b|\?_t(?:start|end)\b/i

/** Spans that a query compares with the clock. */
const SPANS = /\bNOW\(\)\s*-\s*(\d+)\s*(second|minute|hour|day)s?\b/gi

const SPAN_UNITS_MS: Readonly<Record<string, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
}

/** What is wrong with the ES|QL of a rule besides what the server says of it. */
export function checkQuery(esql: string, leastSpanMs: number): readonly string[] {
  const faults: string[] = []
  const forbidden = FORBIDDEN.exec(esql)
  if (forbidden !== null) faults.push(`[esqlQuery]: ${forbidden[0]} is not in every licence and version`)
  for (const [span, count, unit] of esql.matchAll(SPANS)) {
    const spanMs = Number(count) * SPAN_UNITS_MS[unit.toLowerCase()]
    if (spanMs < leastSpanMs) faults.push(`[esqlQuery]: ${span} is less than ${leastSpanMs} ms: late data would count`)
  }
  const keys = groupColumns(esql)
  if (keys.length === 0) return [...faults, '[esqlQuery]: has no STATS … BY that tells alerts apart']
  const lost = keys.filter((key) => survives(key, esql) === null)
  if (lost.length > 0) {
    faults.push(
      `[esqlQuery]: ${lost.join(', ')} of the last STATS does not get into the answer: alerts would change names`,
    )
  }
  return faults
}

/**
 * The columns whose values name an alert of a rule with `groupBy: row`, as Kibana finds them (stack_alerts,
 * esql_query_utils.ts): those of the last STATS's BY that are in the answer, renames followed; where none is, all columns.
 */
export function alertIdColumns(esql: string, answer: readonly string[]): readonly string[] {
  const kept = groupColumns(esql)
    .map((key) => renamed(key, esql))
    .filter((name) => answer.includes(name))
  return kept.length > 0 ? kept : answer
}

/** Names of the columns that the last STATS groups by. */
function groupColumns(esql: string): readonly string[] {
  const stats = commandsOf(esql).findLast((command) => /^STATS\b/i.test(command))
  const by = stats === undefined ? null : /\bBY\s+([\s\S]+)$/i.exec(stats)
  if (by === null) return []
  return by[1].split(/,(?![^(]*\))/).map((part) => part.replace(/\s*=[\s\S]*$/, '').trim())
}

const behindStats = (esql: string): readonly string[] => {
  const commands = commandsOf(esql)
  return commands.slice(commands.findLastIndex((command) => /^STATS\b/i.test(command)) + 1)
}

function renamed(column: string, esql: string): string {
  return behindStats(esql).reduce((name, command) => renameBy(command, name), column)
}

function renameBy(command: string, column: string): string {
  if (!/^RENAME\b/i.test(command)) return column
  const pairs = command.replace(/^RENAME\s+/i, '').split(',')
  const pair = pairs.map((each) => each.trim().split(/\s+AS\s+/i)).find(([from]) => from === column)
  return pair?.[1] ?? column
}

/** The column's last name; null where a KEEP or DROP takes it out. */
function survives(column: string, esql: string): string | null {
  let name = column
  for (const command of behindStats(esql)) {
    name = renameBy(command, name)
    if (/^KEEP\b/i.test(command) && !listed(command, name)) return null
    if (/^DROP\b/i.test(command) && listed(command, name)) return null
  }
  return name
}

/** Whether a KEEP or DROP names the column, by itself or with `*`. */
function listed(command: string, column: string): boolean {
  const patterns = command.replace(/^\w+\s+/, '').split(',')
  return patterns.some((pattern) => {
    const [head, ...rest] = pattern.trim().split('*')
    if (rest.length === 0) return head === column
    return column.startsWith(head) && column.endsWith(rest.at(-1) ?? '')
  })
}

/** Commands of a query in order, without the text of its strings and comments. */
function commandsOf(esql: string): readonly string[] {
  const code = esql
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\/\/.*$/gm, '')
    .replace(/\/\*[\s\S]*?\*\//g, '')
  return code.split('|').map((command) => command.trim())
}
