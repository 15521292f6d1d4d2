import type { Manifest } from '../../bundle/manifest.js'
import { formatCount, formatSize } from '../terminal/numbers.js'
import { renderTable } from '../terminal/table.js'
import type { Surface } from '../terminal/terminal.js'
import { visible, wrap } from '../terminal/text.js'

export interface WrittenBundle {
  /** Null where nothing was written. */
  readonly file: string | null
  /** Of the archive. */
  readonly bytes: number | null
  readonly manifest: Manifest
}

/** What went, or would go, into an archive, and what was masked. */
export function renderBundle({ file, bytes, manifest }: WrittenBundle, { style, width }: Surface): string[] {
  const { files, masked, left_out: leftOut } = manifest
  const textWidth = Math.min(width, MAX_WIDTH)
  const unpacked = files.reduce((sum, each) => sum + each.bytes, 0)
  const count = `${formatCount(files.length)} files, ${formatSize(unpacked)} unpacked`
  const items = (texts: readonly string[]): string[] =>
    texts.flatMap((text) =>
      wrap(visible(text), textWidth - 4).map((line, index) => `${index === 0 ? '  - ' : '    '}${line}`),
    )
  const columns = [{ title: 'file' }, { title: 'size', align: 'right' }] as const
  return [
    file === null ? style.bold(`Would go into the archive: ${count}`) : style.bold(visible(file)),
    ...(file === null ? [] : [`${formatSize(bytes ?? 0)}: ${count}`]),
    '',
    ...renderTable(
      { columns, rows: files.map((each) => [each.name, formatSize(each.bytes)]) },
      { width, indent: 2, style },
    ),
    ...(masked.length === 0 ? [] : ['', style.bold('Masked'), ...items(maskedTexts(manifest))]),
    ...(leftOut.length === 0 ? [] : ['', style.bold('Not in it'), ...items(leftOut)]),
    ...(file === null ? [] : ['', 'Look it through before you send it: secrets were masked by rules.']),
  ]
}

const MAX_WIDTH = 110
const MAX_SETTINGS = 40

function maskedTexts({ masked }: Manifest): readonly string[] {
  const texts = masked.map(({ file, setting, why }) => `${file}: ${setting === undefined ? '' : `${setting}: `}${why}`)
  if (texts.length <= MAX_SETTINGS) return texts
  return [
    ...texts.slice(0, MAX_SETTINGS),
    `and ${formatCount(texts.length - MAX_SETTINGS)} more: MANIFEST.json has all`,
  ]
}
