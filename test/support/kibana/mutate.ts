/** Changes the one object of an export file that `type` names first; everything in it is decoded before, encoded after. */
export function mutate(ndjson: string, type: string, change: (object: Loose) => void): string {
  let done = false
  const lines = ndjson.trimEnd().split('\n')
  const changed = lines.map((line) => {
    const object = JSON.parse(line)
    if (done || object.type !== type) return line
    done = true
    change(object)
    return JSON.stringify(object)
  })
  return `${changed.join('\n')}\n`
}

/** Changes the panels of the first dashboard. */
export function mutatePanels(ndjson: string, change: (panels: Loose[]) => void): string {
  return mutate(ndjson, 'dashboard', ({ attributes }) => {
    const panels = JSON.parse(attributes.panelsJSON)
    change(panels)
    attributes.panelsJSON = JSON.stringify(panels)
  })
}

/** The state of a panel's visualization. */
export const lensOf = (panel: Loose): Loose => panel.embeddableConfig.attributes

/** The one layer of a panel. */
export const layerOf = (panel: Loose): Loose =>
  Object.values<Loose>(lensOf(panel).state.datasourceStates.textBased.layers)[0]

// biome-ignore lint/suspicious/noExplicitAny: mutations reach into any place of a file whose shape they break.
export type Loose = any
