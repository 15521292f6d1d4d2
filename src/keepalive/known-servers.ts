import { type Idle, idleFor, NEVER } from './idle.js'

/** What is known of a kind of server, client or balancer as it comes. */
export interface KnownServer {
  readonly name: string
  readonly title: string
  /** As the one that requests are sent to; absent: it never is, or this is not known. */
  readonly receives?: Idle
  /** As the one that sends requests; absent: it never does, or this is not known. */
  readonly sends?: Idle
  /** It hands bytes on, no requests: connections that are idle for so long are dropped, whoever holds them. */
  readonly limitMs?: number
  /** It closes a connection after so many requests, and says so in the last response. */
  readonly maxRequests?: number
  /** What the numbers rest on. */
  readonly basis: string
}

const SECOND = 1000

/** Defaults of usual servers. Versions and own settings differ, so each one can be overruled (`tomcat=60s`). */
export const KNOWN_SERVERS: readonly KnownServer[] = [
  {
    name: 'node',
    title: 'Node',
    receives: idleFor(5 * SECOND),
    sends: idleFor(5 * SECOND),
    basis: 'measured, Node 20',
  },
  {
    name: 'apache',
    title: 'Apache httpd',
    receives: idleFor(5 * SECOND),
    maxRequests: 100,
    basis: 'KeepAliveTimeout 5',
  },
  {
    name: 'nginx',
    title: 'nginx',
    receives: idleFor(75 * SECOND),
    sends: idleFor(60 * SECOND),
    maxRequests: 1000,
    basis: 'keepalive_timeout 75s; 60s in upstream',
  },
  {
    name: 'tomcat',
    title: 'Tomcat',
    receives: idleFor(20 * SECOND),
    maxRequests: 100,
    basis: 'connectionTimeout 20000 of the server.xml it comes with; 60 s without it',
  },
  { name: 'jetty', title: 'Jetty', receives: idleFor(30 * SECOND), basis: 'idleTimeout 30000, Jetty 12' },
  { name: 'gunicorn', title: 'gunicorn', receives: idleFor(2 * SECOND), basis: 'keepalive 2; sync workers keep none' },
  { name: 'uvicorn', title: 'uvicorn', receives: idleFor(5 * SECOND), basis: 'timeout_keep_alive 5' },
  { name: 'hypercorn', title: 'hypercorn', receives: idleFor(5 * SECOND), basis: 'keep_alive_timeout 5' },
  { name: 'waitress', title: 'waitress', receives: idleFor(120 * SECOND), basis: 'channel_timeout 120' },
  { name: 'aiohttp', title: 'aiohttp', receives: idleFor(75 * SECOND), basis: 'keepalive_timeout 75 of run_app' },
  { name: 'go', title: 'Go net/http', receives: NEVER, sends: idleFor(90 * SECOND), basis: 'IdleTimeout 0' },
  { name: 'puma', title: 'Puma', receives: idleFor(20 * SECOND), basis: 'persistent_timeout 20' },
  { name: 'fastify', title: 'Fastify', receives: idleFor(72 * SECOND), basis: 'keepAliveTimeout 72000' },
  { name: 'iis', title: 'IIS', receives: idleFor(120 * SECOND), basis: 'connectionTimeout 00:02:00' },
  {
    name: 'envoy',
    title: 'Envoy',
    receives: idleFor(3600 * SECOND),
    sends: idleFor(3600 * SECOND),
    basis: 'common_http_protocol_options.idle_timeout 1h',
  },
  {
    name: 'haproxy',
    title: 'HAProxy',
    receives: idleFor(50 * SECOND),
    basis: 'timeout client 50000 of the haproxy.cfg of Debian',
  },
  {
    name: 'aws-alb',
    title: 'AWS ALB',
    receives: idleFor(60 * SECOND),
    sends: idleFor(60 * SECOND),
    basis: 'idle_timeout.timeout_seconds 60',
  },
  { name: 'gclb', title: 'Google Cloud load balancer', sends: idleFor(600 * SECOND), basis: '600 s, fixed' },
  { name: 'aws-nlb', title: 'AWS NLB', limitMs: 350 * SECOND, basis: 'TCP idle timeout 350 s, then a reset' },
  { name: 'azure', title: 'Azure load balancer', limitMs: 240 * SECOND, basis: 'TCP idle timeout 4 minutes' },
]

/** The server of this name; undefined where it is not known. */
export function knownServer(name: string): KnownServer | undefined {
  return KNOWN_SERVERS.find((each) => each.name === name)
}

/** How far a measured time may be from a default of this length, as a share of it. */
const TOLERANCE = 0.02

/** Those that by default close a connection which has been idle for between `lowMs` and `highMs`. */
export function serversClosingAfter(lowMs: number, highMs: number): readonly KnownServer[] {
  return KNOWN_SERVERS.filter(({ receives, limitMs }) => {
    const ms = receives?.kind === 'after' ? receives.ms : limitMs
    return ms !== undefined && ms >= lowMs * (1 - TOLERANCE) && ms <= highMs * (1 + TOLERANCE)
  })
}
