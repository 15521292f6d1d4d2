import { SaxesParser } from 'saxes'
import { ConfigError } from '../../errors.js'
import { type Idle, idleFor, NEVER, UNKNOWN } from '../idle.js'
import { faultIn, MAX_DEPTH, type ServerFile, type ServerSetting, type SourceText, withLimit } from './server-file.js'

const DEFAULT_CONNECTION_MS = 60_000
const DEFAULT_REQUESTS = 100

/**
 * Reads `keepAliveTimeout` (else `connectionTimeout`) and `maxKeepAliveRequests` of each HTTP connector of Tomcat's
 * server.xml. Entities of its own are refused, so nothing is expanded or fetched. Throws `ConfigError` with file and line.
 */
export function parseTomcat({ file, text }: SourceText): ServerFile {
  const receives: ServerSetting[] = []
  const parser = new SaxesParser({ xmlns: false })
  let depth = 0
  let startLine = 1
  let isServer = false
  parser.on('error', () => {
    throw faultIn('tomcat', { file, line: parser.line }, 'is no XML')
  })
  parser.on('opentagstart', () => {
    startLine = parser.line
  })
  parser.on('opentag', ({ name, attributes }) => {
    if (++depth > MAX_DEPTH) throw faultIn('tomcat', { file, line: startLine }, 'elements are nested too deeply')
    if (name === 'Server' && depth === 1) isServer = true
    if (name === 'Connector' && !/ajp/i.test(attributes.protocol ?? '')) {
      receives.push(connectorOf(attributes, { file, line: startLine }))
    }
  })
  parser.on('closetag', () => {
    depth--
  })
  try {
    parser.write(text).close()
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw faultIn('tomcat', { file, line: parser.line }, 'is no XML')
  }
  if (!isServer) throw faultIn('tomcat', { file, line: 1 }, 'is no server.xml: its root is not Server')
  return { format: 'tomcat', file, receives, sends: [] }
}

type Attributes = Readonly<Record<string, string | undefined>>

function connectorOf(attributes: Attributes, place: { readonly file: string; readonly line: number }): ServerSetting {
  const number = (name: string): number | 'variable' | null => {
    const text = attributes[name]
    if (text === undefined) return null
    if (text.includes('${')) return 'variable'
    if (!/^-?\d{1,12}$/.test(text)) throw faultIn('tomcat', place, `${name} is not a whole number`)
    return Number(text)
  }
  const port = number('port')
  const ms = number('keepAliveTimeout') ?? number('connectionTimeout') ?? DEFAULT_CONNECTION_MS
  const requests = number('maxKeepAliveRequests') ?? DEFAULT_REQUESTS
  // 1 switches keep-alive off, 0 and less is no limit (Http11Processor).
  const maxRequests = requests === 'variable' || requests <= 0 ? null : requests
  return {
    ...place,
    ports: new Set(typeof port === 'number' && port > 0 ? [port] : []),
    idle: withLimit(idleOf(ms), maxRequests),
    maxRequests,
    ...(ms === 'variable' ? { why: 'the time comes from a property' } : {}),
  }
}

function idleOf(ms: number | 'variable'): Idle {
  if (ms === 'variable') return UNKNOWN
  // As SocketWrapperBase has it: what is not above 0 is no timeout.
  return ms <= 0 ? NEVER : idleFor(ms)
}
