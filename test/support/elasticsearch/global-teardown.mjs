/** After all suites: stops the server that `global-setup.mjs` started, and removes its data. */
export default async function globalTeardown() {
  await globalThis.hangupTestElasticsearch?.remove()
}
