import { IDLE_PLUGIN } from '../keepalive/plugin-name.js'
import type { CommandDeclaration } from './declaration.js'
import { LOG_OPTIONS, LOGS } from './log-declarations.js'

const GATEWAY = 'pipelines/gateway'

const CHECK: CommandDeclaration = {
  name: 'check',
  arguments: [],
  summary: 'which hop is in the wrong order, and what exactly to change',
  details:
    'At every hop, who sends the next request must give up an idle connection before the other side closes it; else a ' +
    'request now and then meets a connection that is just being closed, and fails (ECONNRESET, socket hang up). The ' +
    "gateway's own times come from its configuration. The others are described by WHAT: a time (5s, never), a server as it " +
    'comes (apache, aws-alb, aws-nlb, azure, envoy, fastify, gclb, go, gunicorn, haproxy, hypercorn, iis, jetty, nginx, ' +
    'node, puma, tomcat, uvicorn, waitress, aiohttp), both (tomcat=60s), or its own file (nginx:PATH, haproxy:PATH, ' +
    'apache:PATH, tomcat:PATH; of nginx and apache with what it includes). What is not described is unknown, neither ok nor ' +
    'wrong. Exit code 3 where something is wrong.',
  options: [
    {
      flags: '--gateway-config <PATH>',
      help: "the gateway's configuration, a file or directory",
      default: '~/.edgemicro',
    },
    { flags: '--org <ORG>', help: 'organization, where the directory holds several gateways' },
    { flags: '--env <ENV>', help: 'environment, where the directory holds several gateways' },
    { flags: '--client <WHAT>', help: 'who sends requests to the gateway, or to the balancer' },
    { flags: '--balancer <WHAT>', help: 'what lies between the client and the gateway' },
    {
      flags: '--target <HOST:PORT=WHAT>',
      help: 'a target of the gateway; may be given several times',
      repeatable: true,
    },
    {
      flags: '--logs <LOGS>',
      help: 'logs that tell when targets close which are not described; may be given several times',
      repeatable: true,
    },
    { flags: '--nat <WHAT>', help: 'what lies between gateway and targets and drops idle connections: 350s, aws-nlb' },
    {
      flags: '--plugin <NAME>',
      help: 'plugin of the gateway that drops idle connections to targets, as hangup keepalive plugin writes it',
      default: IDLE_PLUGIN,
    },
    { flags: '--rtt <TIME>', help: 'longest round trip of a hop; the margin is a second more', default: '100ms' },
    { flags: '--json', help: 'the same as one JSON object' },
  ],
  examples: [
    { command: `hangup keepalive check --gateway-config ${GATEWAY}`, says: 'what the configuration alone tells' },
    {
      command: `hangup keepalive check --gateway-config ${GATEWAY} --client aws-alb --nat 350s`,
      says: 'behind an AWS ALB, and with a NAT gateway before the targets',
    },
    {
      command: `hangup keepalive check --gateway-config ${GATEWAY} --target t1.backend.example:28021=5s`,
      says: 'a target that closes idle connections after 5 s',
    },
    {
      command: `hangup keepalive check --gateway-config ${GATEWAY} --logs pipelines/samples`,
      says: 'when targets close is taken from the logs',
    },
  ],
  load: () => import('./commands/keepalive-check.js'),
}

const PROBE: CommandDeclaration = {
  name: 'probe',
  arguments: [{ usage: 'HOST:PORT', help: 'a target, as the gateway reaches it' }],
  summary: 'when a target closes idle connections, measured',
  details:
    'Opens a few connections, sends one HEAD or GET on each, reads the whole answer, and waits until the target closes the ' +
    'idle connection. It says what it is going to do before it touches the host, and asks on a terminal. Run it where the ' +
    'gateway runs: what lies between may close connections, too. Exit code 0 also where the target keeps connections for ' +
    'longer than --max-wait, or keeps none; 1 where it cannot be measured.',
  options: [
    { flags: '--times <COUNT>', help: 'connections in all, 1 to 10', default: '3' },
    { flags: '--at-once <COUNT>', help: 'connections at a time, 1 to 5', default: '1' },
    { flags: '--max-wait <TIME>', help: 'how long an idle connection is watched, up to 1h', default: '2m' },
    { flags: '--method <METHOD>', help: 'HEAD or GET', default: 'HEAD' },
    { flags: '--path <PATH>', help: 'what is asked for', default: '/' },
    { flags: '--tls', help: 'the target speaks TLS' },
    { flags: '--insecure', help: 'accept any certificate' },
    { flags: '--servername <NAME>', help: 'host name in the request, and the TLS server name (default: HOST)' },
    { flags: '--yes', help: 'do not ask before the host is touched' },
    { flags: '--json', help: 'the same as one JSON object' },
  ],
  examples: [{ command: 'hangup keepalive probe 10.0.0.9:8080', says: 'three connections, one after the other' }],
  load: () => import('./commands/keepalive-probe.js'),
}

const PLUGIN: CommandDeclaration = {
  name: 'plugin',
  arguments: [],
  summary: 'write a gateway plugin that gives idle connections up before targets do',
  details:
    "The gateway's own agents keep idle connections to targets for ever, and no setting changes that. The plugin gives each " +
    "API's agent an idle timeout: choose it a second below the target's. It writes index.js, package.json and README.md, and " +
    'never over what is not its own; its README says how to turn it on.',
  options: [
    {
      flags: '--out <DIR>',
      help: "its directory, whose last part is the plugin's name",
      default: `plugins/${IDLE_PLUGIN}`,
    },
    { flags: '--timeout <TIME>', help: 'idle timeout of connections to targets', default: '4s' },
    {
      flags: '--for <WHAT=TIME>',
      help: 'another one for a base path (/v1/orders=2s) or a target (10.0.0.9:8080=2s); may be given several times',
      repeatable: true,
    },
  ],
  examples: [
    { command: 'hangup keepalive plugin --timeout 4s', says: 'for targets that close idle connections after 5 s' },
    { command: 'hangup keepalive plugin --for 10.0.0.9:8080=1s', says: 'for a target that does so after 2 s' },
  ],
  load: () => import('./commands/keepalive-plugin.js'),
}

const ESTIMATE: CommandDeclaration = {
  name: 'estimate',
  arguments: [LOGS],
  summary: 'after how long targets close idle connections, from logs alone, and what another timeout would change',
  details:
    'A target closes idle connections at about one idle time, and requests that meet it there fail; others fail at any idle ' +
    'time. Needs info lines: they tell which connection each request took. What another timeout would change is counted from ' +
    'the requests of these logs: there are as many races as requests come just as it ends.',
  options: [
    { flags: '--target <HOST:PORT>', help: 'only this target' },
    { flags: '--json', help: 'the same as one JSON object' },
    ...LOG_OPTIONS,
  ],
  examples: [{ command: 'hangup keepalive estimate pipelines/samples', says: 'of every target in the sample logs' }],
  load: () => import('./commands/keepalive-estimate.js'),
}

/** The commands of `hangup keepalive`, in the order of the help. */
export const KEEPALIVE_COMMANDS: readonly CommandDeclaration[] = [CHECK, ESTIMATE, PROBE, PLUGIN]
