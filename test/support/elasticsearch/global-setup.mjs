import { SELECTED_PROFILE } from './selection.mjs'

/**
 * Before all suites: starts the one server that they share, where `HANGUP_TEST_ELASTICSEARCH_URL` names none, and puts
 * its URL there. Jest's workers inherit the variable.
 */
export default async function globalSetup() {
  if (process.env.HANGUP_TEST_ELASTICSEARCH_URL) return
  const { startElasticsearch } = await import('./server.mjs')
  const server = await startElasticsearch({ profile: SELECTED_PROFILE })
  globalThis.hangupTestElasticsearch = server
  process.env.HANGUP_TEST_ELASTICSEARCH_URL = server.url
}
