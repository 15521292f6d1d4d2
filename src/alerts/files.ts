import { stringify } from 'yaml'
import { elastAlertRules } from './elastalert.js'
import { kibanaRules } from './kibana.js'
import { alertsWith } from './model.js'
import { prometheusRules } from './prometheus.js'

const GENERATED = 'Made by `npm run generate` out of src/alerts/; a test compares it. Change it there.'

/** What is checked in below `deploy/`, by path, for the prefix `hangup` and the numbers as they are. */
export function alertFiles(): Readonly<Record<string, string>> {
  const prefix = 'hangup'
  const alerts = alertsWith()
  const files: Record<string, string> = {
    'deploy/prometheus/hangup.rules.yml': yaml(prometheusRules(alerts)),
  }
  for (const { id, create } of kibanaRules({ prefix })) files[`deploy/kibana/rules/${id}.json`] = json(create)
  for (const [name, rule] of Object.entries(elastAlertRules({ prefix }, alerts))) {
    files[`deploy/elastalert2/rules/${prefix}-${name}.yaml`] = yaml(rule)
  }
  return files
}

/** As Biome formats it: lists of plain values on one line. */
const json = (content: object): string =>
  `${JSON.stringify(content, null, 2).replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, items: string) => `[${items.replace(/\n\s+/g, ' ')}]`)}\n`

const yaml = (content: object): string => `# ${GENERATED}\n${stringify(content, { lineWidth: 0 })}`
