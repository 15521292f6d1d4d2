import type { CommandDeclaration, OptionDeclaration } from './declaration.js'
import { LOGS } from './log-declarations.js'

const SAMPLES = 'pipelines/samples'

const GATEWAY_OPTIONS: readonly OptionDeclaration[] = [
  {
    flags: '--gateway-config <PATH>',
    help: "the gateway's configuration, a file or directory (default: ~/.edgemicro, where that is)",
  },
  { flags: '--org <ORG>', help: 'organization, where the directory holds several gateways' },
  { flags: '--env <ENV>', help: 'environment, where the directory holds several gateways' },
]

export const CAPTURE: CommandDeclaration = {
  name: 'capture',
  arguments: [LOGS],
  summary: 'the tcpdump command for the targets that fail now, or its run',
  details:
    'Takes the targets that failed in the last 15 minutes of LOGS, looks up where they are, here and now, and prints a ' +
    'command that can be pasted: filtered by address and port, in a ring of ten files that never fills the disk, with the first ' +
    'bytes of each packet. These hold headers of TCP and, where it is in clear, the first lines of HTTP, so API keys may be in ' +
    'them: hangup bundle cuts them off. --run runs it, without a shell, until --for has passed or Ctrl-C, and says where the ' +
    'files are. Run it on the host of the gateway, and wait until the failure has come again. tcpdump needs root or its capabilities.',
  options: [
    {
      flags: '--target <HOST:PORT>',
      help: 'this target, in place of those in LOGS; may be given several times',
      repeatable: true,
    },
    {
      flags: '--since <TIME>',
      help: 'targets that failed from this time on: ISO, 14:30, 2h (default: the last 15 minutes)',
    },
    { flags: '--limit <COUNT>', help: 'the targets with most failures, at most', default: '5' },
    {
      flags: '--gateway-config <PATH>',
      help: "the gateway's configuration: targets that the log does not name, log directory, port",
    },
    { flags: '--clients', help: 'also packets between clients and the gateway, by the port that it listens on' },
    { flags: '--interface <NAME>', help: 'where to capture (default: the one that leads to the targets, else any)' },
    {
      flags: '--snaplen <BYTES>',
      help: 'bytes to keep of each packet, 64 to 262144; 0: all, with bodies',
      default: '200',
    },
    { flags: '--size <SIZE>', help: 'of all files together; the oldest is written over', default: '1GB' },
    { flags: '--for <TIME>', help: 'with --run: how long', default: '10m' },
    {
      flags: '--out <FILE>',
      help: 'a number is added to it (default: hangup-HOST-TIME.pcap in the current directory)',
    },
    { flags: '--run', help: 'run tcpdump' },
    { flags: '--json', help: 'one JSON object: targets, addresses, the command word by word' },
  ],
  examples: [
    { command: 'hangup capture --target 10.0.0.9:8080', says: 'the command for a target, without logs' },
    {
      command: 'hangup capture --target localhost:8080 --clients --json',
      says: 'both sides of the gateway, for a script',
    },
  ],
  load: () => import('./commands/capture.js'),
}

export const BUNDLE: CommandDeclaration = {
  name: 'bundle',
  arguments: [LOGS],
  summary: 'one archive for support: logs of a time, configuration, report, captures; without secrets',
  details:
    "Makes one .tar.gz of the logs, the gateway's configuration, the report and the keep-alive check (text and JSON), facts of " +
    'the operating system, versions, and headers of captures. API keys become hashes; query strings, passwords and what looks ' +
    'like a token become ***; settings that may be secret are masked by name and by form; payload of captures is cut. ' +
    'MANIFEST.json lists every file with its checksum, and what was masked and why. It says where the log level is not info. ' +
    'Look it through before you send it: rules cannot know every secret. Nothing is ever overwritten.',
  options: [
    { flags: '--since <TIME>', help: 'lines from this time on: ISO, 14:30, 2h, 3d, today, yesterday' },
    { flags: '--until <TIME>', help: 'lines up to, not including, this time: as --since, or now' },
    ...GATEWAY_OPTIONS,
    {
      flags: '--pcap <FILE>',
      help: 'add a packet capture, headers only; a file or glob, may be given several times',
      repeatable: true,
    },
    { flags: '--out <FILE>', help: 'the archive (default: hangup-HOST-TIME.tar.gz in the current directory)' },
    { flags: '--dry-run', help: 'say what would go in, and what would be masked, and write nothing' },
    { flags: '--json', help: 'print the manifest as one JSON object' },
  ],
  examples: [
    { command: `hangup bundle ${SAMPLES} --gateway-config pipelines/gateway --dry-run`, says: 'what would go in' },
    {
      command: `hangup bundle ${SAMPLES} --pcap ${SAMPLES}/races.pcap.gz`,
      says: 'with the headers of a capture',
    },
  ],
  load: () => import('./commands/bundle.js'),
}
