import { IDLE_PLUGIN } from '../keepalive/plugin-name.js'
import type { CommandDeclaration } from './declaration.js'

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
  ],
  load: () => import('./commands/keepalive-check.js'),
}

/** The commands of `hangup keepalive`, in the order of the help. */
export const KEEPALIVE_COMMANDS: readonly CommandDeclaration[] = [CHECK]
