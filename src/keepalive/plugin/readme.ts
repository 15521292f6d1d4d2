import type { PluginSettings } from './settings.js'

/** The plugin's `README.md`: what it does, how to turn it on, how to see that it works. */
export function pluginReadme(name: string, settings: PluginSettings): string {
  return `# ${name}

A plugin for Apigee Edge Microgateway 3.x. It gives idle connections to targets up after a time of your choice, so that the target never closes
one in the moment in which the gateway sends the next request on it. Such a request fails with \`502\`, \`socket hang up\`, \`ECONNRESET\`.

The gateway itself has no setting for this: its agents (one for each API, in each worker) keep idle connections until the target closes
them, and do not heed the target's \`Keep-Alive: timeout=…\`. \`edgemicro.keep_alive_timeout\` is for the connections of clients. The
keep-alive time of the operating system does not help either: its probes find dead peers, and never close a connection that is well.

## Turn it on

1. Copy this directory to each gateway host, into the directory of your plugins. Its name is the plugin's name.
2. Name it in \`ORG-ENV-config.yaml\`, last in the sequence, and say times where others than those below are wanted:

       edgemicro:
         plugins:
           dir: /path/to/plugins        # or: edgemicro start … -d /path/to/plugins
           sequence:
             - oauth
             - ${name}
       ${name}:
         timeout: ${settings.timeoutMs}            # or 4s, 500ms: less than the idle timeout of each target, by a second at least
         proxies:                 # by base path; goes first
           /v1/orders: 2s
         targets:                 # by host:port
           "10.0.0.9:8080": 2s

3. Start the gateway again (\`edgemicro reload\` or \`edgemicro start\`). A time that cannot be read stops it with a message.

Without a section of its own in the configuration it uses what stands in \`package.json\`:

${settingLines(settings).join('\n')}

## See that it works

At level info the log holds a line for each API and worker at its first request: \`${name}: /v1/orders: idle connections are closed after … ms\`.
\`hangup report\` then shows no keep-alive races for these targets.

## What it does not do

- It sets \`timeout\` of the agent that the gateway has made for the API. Requests under way are not cut: \`edgemicro.request_timeout\` and
  the timeout of a proxy hold as before. Node then heeds \`Keep-Alive: timeout=…\` of the target, too, where that is sooner.
- Idle connections that are used less often are opened anew more often: a handshake more after each longer silence.
- A target that closes connections for other reasons (a restart, so many requests each, a crash) still breaks requests.
- APIs that reach their target by a tunnel through an HTTP proxy keep no idle connections; there it does nothing.
- \`excludeUrls\` that skip this plugin skip it for their requests alone: an API is set up by its first other request.
`
}

function settingLines({ timeoutMs, proxies, targets }: PluginSettings): string[] {
  const others = [...Object.entries(proxies), ...Object.entries(targets)]
  return [`- ${timeoutMs} ms`, ...others.map(([what, time]) => `- \`${what}\`: ${time} ms`)]
}
