import { ConfigError } from '../errors.js'

/** Kinds of connectors that need to be told no more than is known here. The first two are in the free licence, Basic. */
const CONNECTOR_TYPES = ['.server-log', '.index', '.slack', '.teams', '.webhook'] as const

type ConnectorType = (typeof CONNECTOR_TYPES)[number]

export interface ConnectorUse {
  readonly id: string
  /** As Kibana names it. */
  readonly type: string
  /** Action group of the rule's type in which an alert begins. */
  readonly group: string
}

/**
 * Tells when an alert begins and when it ends, once each. Throws `ConfigError` where the connector needs more than that: an
 * addressee, a channel.
 */
export function actionsOf({ id, type, group }: ConnectorUse): readonly object[] {
  if (!isKnown(type)) {
    throw new ConfigError(`a connector of type ${type} needs more than rules can say: ${id}`, {
      code: 'config',
      hint: `Use one of ${CONNECTOR_TYPES.join(', ')}; or name none, and add your own to the rules in Kibana.`,
    })
  }
  return [
    { ...shared(id), group, params: paramsOf(type, 'active') },
    { ...shared(id), group: 'recovered', params: paramsOf(type, 'recovered') },
  ]
}

const isKnown = (type: string): type is ConnectorType => (CONNECTOR_TYPES as readonly string[]).includes(type)

const shared = (id: string): object => ({
  id,
  frequency: { summary: false, notify_when: 'onActionGroupChange', throttle: null },
})

/**
 * `alert.id` is the target, gateway or shipper where there is one alert for each; every type of rule has it. Where all
 * rows are one alert, its hits say which.
 */
function paramsOf(type: ConnectorType, state: 'active' | 'recovered'): object {
  const isActive = state === 'active'
  const text = `{{rule.name}}: {{alert.id}}${isActive ? '\n{{context.message}}{{#context.hits}}\n{{_source}}{{/context.hits}}' : ' is well again'}`
  switch (type) {
    case '.server-log':
      return { level: isActive ? 'error' : 'info', message: text }
    case '.index':
      return {
        documents: [{ '@timestamp': '{{date}}', rule: '{{rule.id}}', alert: '{{alert.id}}', state, message: text }],
      }
    case '.slack':
    case '.teams':
      return { message: text }
    case '.webhook':
      return { body: JSON.stringify({ rule: '{{rule.id}}', alert: '{{alert.id}}', state }) }
  }
}
