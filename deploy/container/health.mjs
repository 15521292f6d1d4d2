// Asks a run whether it is alive, for a HEALTHCHECK: ends with 0 or 1. The image has no curl.
//
//   node health.mjs [URL]        http://127.0.0.1:9464/livez by default

const [url = 'http://127.0.0.1:9464/livez'] = process.argv.slice(2)

try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(4_000) })
  process.stdout.write(`${answer.status} ${await answer.text()}`)
  process.exitCode = answer.ok ? 0 : 1
} catch (error) {
  process.stdout.write(`${url}: ${error.cause?.code ?? error.message}\n`)
  process.exitCode = 1
}
