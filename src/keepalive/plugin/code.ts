/**
 * The plugin's `index.js`, the same for everybody: what it does is in `package.json` and in the gateway's configuration.
 * CommonJS for every Node that the gateway runs on (8 and newer), and no dependency. It relies on what microgateway-core 3.x does
 * (`lib/config-proxy-middleware.js`): an agent for each proxy, made at the start, in `res.proxy.agent`.
 */
export const PLUGIN_CODE = `'use strict'

// Gives idle connections to targets up before the target does. Written by hangup keepalive plugin; see README.md.

const http = require('http')

const DEFAULTS = require('./package.json').hangup.settings

module.exports.init = function (config, logger) {
  const settings = readSettings(config || {})
  // Agents that are set up, and those that keep no idle connections.
  const seen = new WeakSet()

  return {
    onrequest: function (req, res, next) {
      const proxy = res.proxy
      if (proxy && proxy.agent) {
        if (!seen.has(proxy.agent)) {
          seen.add(proxy.agent)
          setUp(proxy, timeoutOf(proxy, settings), logger)
        }
        dropDestroyed(proxy.agent)
      }
      next()
    },
  }
}

function setUp(proxy, timeoutMs, logger) {
  const agent = proxy.agent
  if (!(agent instanceof http.Agent)) {
    // A tunnel through an HTTP proxy: its agent closes each connection after its request.
    tell(logger, proxy.base_path + ': no idle connections are kept, nothing to do')
    return
  }
  // From now on Node closes each connection that has been idle for so long; a request under way is left alone.
  agent.options.timeout = timeoutMs
  // What was idle before this plugin saw a first request (excludeUrls).
  eachFree(agent, function (socket) {
    socket.setTimeout(timeoutMs)
  })
  tell(logger, proxy.base_path + ': idle connections are closed after ' + timeoutMs + ' ms')
}

// A connection that was closed in this very turn of the event loop is still in the pool and would be used.
function dropDestroyed(agent) {
  if (!(agent instanceof http.Agent)) return
  Object.keys(agent.freeSockets).forEach(function (name) {
    const sockets = agent.freeSockets[name]
    for (let index = sockets.length - 1; index >= 0; index--) {
      if (sockets[index].destroyed || !sockets[index].writable) sockets.splice(index, 1)
    }
    if (sockets.length === 0) delete agent.freeSockets[name]
  })
}

function eachFree(agent, act) {
  Object.keys(agent.freeSockets).forEach(function (name) {
    agent.freeSockets[name].forEach(act)
  })
}

function timeoutOf(proxy, settings) {
  const url = proxy.parsedUrl || {}
  const target = url.hostname + ':' + (url.port || (url.protocol === 'https:' ? 443 : 80))
  return settings.proxies[withoutSlash(proxy.base_path)] || settings.targets[withoutBrackets(target)] || settings.timeoutMs
}

function readSettings(config) {
  return {
    timeoutMs: config.timeout === undefined ? DEFAULTS.timeoutMs : milliseconds(config.timeout, 'timeout'),
    proxies: readTimes(config.proxies, DEFAULTS.proxies, 'proxies', withoutSlash),
    targets: readTimes(config.targets, DEFAULTS.targets, 'targets', withoutBrackets),
  }
}

function readTimes(given, defaults, section, normal) {
  const times = Object.create(null)
  Object.keys(defaults).forEach(function (name) {
    times[normal(name)] = defaults[name]
  })
  Object.keys(given || {}).forEach(function (name) {
    times[normal(name)] = milliseconds(given[name], section + '.' + name)
  })
  return times
}

function milliseconds(value, name) {
  const match = /^(\\d+(?:\\.\\d+)?)(ms|s|m)?$/.exec(String(value))
  const time = match ? Math.round(Number(match[1]) * { ms: 1, s: 1000, m: 60000 }[match[2] || 'ms']) : 0
  if (time > 0 && time <= 0x7fffffff) return time
  throw new Error(NAME + ': not a time: ' + name + ': ' + value + ' (write 4s, 500ms, or milliseconds)')
}

function withoutSlash(basePath) {
  return String(basePath).replace(/\\/+$/, '')
}

// An IPv6 address is written with them, and known without.
function withoutBrackets(target) {
  return String(target).replace(/[[\\]]/g, '')
}

function tell(logger, text) {
  if (logger && typeof logger.info === 'function') logger.info({}, NAME + ': ' + text)
}

const NAME = require('path').basename(__dirname)
`
