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
