/** Kinds of connectors that need no more than what is known here. The first two are in the free licence, Basic. */
export type ConnectorType = '.server-log' | '.index' | '.slack' | '.teams' | '.webhook'

export interface Connector {
  readonly id: string
  readonly type: ConnectorType
  /** Action group of the rule's type in which an alert begins. */
  readonly group: string
}

/** Tells when an alert begins and when it ends, once each. */
export function actionsOf({ id, type, group }: Connector): readonly object[] {
  return [
    { ...shared(id), group, params: paramsOf(type, 'active') },
    { ...shared(id), group: 'recovered', params: paramsOf(type, 'recovered') },
  ]
}

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
