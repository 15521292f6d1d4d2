/** One job on one file as a Markdown table; the ratio is ours to theirs, so above 1 we are faster. */
export function resultTable(title, results) {
  const ours = results.find((result) => result.ours)
  const rows = results.map((result) => [result.name, ...figures(result, ours)])
  return markdown(
    title,
    ['program', 'thousand lines per CPU-second', 'hangup is faster by', 'CPU s', 'wall s', 'peak MB', 'answer'],
    rows,
  )
}

/** Columns are padded as the formatter wants them, and so that the table can be read as it stands. */
export function markdown(title, header, rows) {
  const widths = header.map((_, column) => Math.max(3, ...[header, ...rows].map((cells) => cells[column].length)))
  const line = (cells, filler = ' ') =>
    `| ${cells.map((text, column) => text.padEnd(widths[column], filler)).join(' | ')} |`
  const rule = header.map(() => '')
  return [`### ${title}`, '', line(header), line(rule, '-'), ...rows.map((cells) => line(cells)), ''].join('\n')
}

function figures(result, ours) {
  if (result.missing) return ['', '', '', '', '', result.missing]
  if (result.failed) return ['', '', '', '', '', `failed: ${cell(result.failed)}`]
  const ratio = ours?.linesPerCpuSecond === undefined ? null : ours.linesPerCpuSecond / result.linesPerCpuSecond
  return [
    Math.round(result.linesPerCpuSecond / 1_000).toLocaleString('en'),
    result === ours || ratio === null ? '' : `${ratio.toFixed(2)} ×`,
    result.cpuSeconds.toFixed(2),
    result.wallSeconds.toFixed(2),
    megabytes(result.peakBytes),
    answer(result),
  ]
}

export function megabytes(bytes) {
  return bytes === null ? '–' : String(Math.round(bytes / 1_048_576))
}

function answer({ faults, note }) {
  if (faults.length > 0) return `**wrong**: ${cell(faults.join('; '))}`
  return note ?? 'right'
}

function cell(text) {
  return text.replaceAll('|', '\\|')
}
