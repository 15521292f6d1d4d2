import fs from 'node:fs'
import path from 'node:path'
import { expect } from '@jest/globals'
import { connectElasticsearch } from '../../../src/sinks/elasticsearch/connection.js'
import { setUpElasticsearch } from '../../../src/sinks/elasticsearch/setup/setup.js'
import { type CliOptions, type CliResult, Sandbox } from '../../support/cli.js'
import { demand } from '../../support/elasticsearch/cluster.js'
import type { ElasticsearchServer } from '../../support/elasticsearch/server.mjs'

/** What a key may do: a role descriptor of Elasticsearch. */
export interface Privileges {
  readonly cluster: readonly string[]
  /** On `<prefix>-*`. */
  readonly indices: readonly string[]
}

export interface Key {
  readonly id: string
  /** As it is given to clients. */
  readonly encoded: string
}

/**
 * The built program in front of a secured server. Every password and key that is told to it by `hide` must not come out
 * of it: `hangup` looks through both outputs, `filesWithSecrets` through what it wrote to files.
 */
export class Secured {
  readonly sandbox = new Sandbox()
  readonly #hidden = new Set<string>()

  constructor(readonly server: ElasticsearchServer) {
    this.hide(server.password!)
    this.hide(Buffer.from(`${server.username}:${server.password}`).toString('base64'))
  }

  /** Takes a secret, and gives it back. */
  hide(secret: string): string {
    this.#hidden.add(secret)
    return secret
  }

  /** The server's superuser, as commands and `pipelines/tail-to-elasticsearch.yaml` take it from the environment. */
  get superuser(): Readonly<Record<string, string>> {
    const { username, password } = this.server
    return { ELASTICSEARCH_USERNAME: username!, ELASTICSEARCH_PASSWORD: password! }
  }

  /** Where the server is, and whom to trust. */
  get place(): Readonly<Record<string, string>> {
    return { ELASTICSEARCH_URL: this.server.url, ELASTICSEARCH_CA: this.server.caFile! }
  }

  /** Makes a key that may do this and nothing else. */
  async keyFor(prefix: string, { cluster, indices }: Privileges): Promise<Key> {
    const names = indices.length === 0 ? [] : [{ names: [`${prefix}-*`], privileges: indices }]
    const body = { name: prefix, role_descriptors: { hangup: { cluster, indices: names } } }
    const key = await demand<Key & { api_key: string }>('POST', '/_security/api_key', body, this.server)
    this.hide(key.encoded)
    this.hide(key.api_key)
    return key
  }

  /** What `hangup setup elasticsearch` does, as the superuser. */
  async setUp(prefix: string): Promise<void> {
    const { url, caFile, username, password } = this.server
    const auth = { username, password }
    const elasticsearch = connectElasticsearch({ node: url, ca: caFile, auth, timeoutMs: 30_000 })
    try {
      const options = { prefix, nowMs: Date.now(), dryRun: false, overwrite: false, retention: {} }
      await setUpElasticsearch(elasticsearch, options)
    } finally {
      await elasticsearch.close()
    }
  }

  /** Writes a file that holds a secret, with the end of line that editors leave. */
  secretFile(name: string, secret: string): string {
    return this.sandbox.write(name, `${this.hide(secret)}\n`)
  }

  /** Runs `hangup`, by default in the sandbox's state, with the place of the server in its environment. */
  async hangup(commandLine: readonly string[], environment: CliOptions['environment'] = {}): Promise<CliResult> {
    const options = { environment: { ...this.place, ...environment }, timeoutMs: 120_000 }
    const result = await this.sandbox.hangup(commandLine, options)
    this.expectHidden(result)
    return result
  }

  expectHidden({ stdout, stderr }: Pick<CliResult, 'stdout' | 'stderr'>): void {
    expect(this.#hiddenIn(`${stdout}\n${stderr}`)).toBe(false)
  }

  /** Names of files below `directory` that hold a secret. */
  filesWithSecrets(directory: string): string[] {
    return fs
      .readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((file) => this.#hiddenIn(fs.readFileSync(file, 'latin1')))
  }

  /** As a boolean, so that a failing test does not print them either. */
  #hiddenIn(text: string): boolean {
    return [...this.#hidden].some((secret) => text.includes(secret))
  }
}
