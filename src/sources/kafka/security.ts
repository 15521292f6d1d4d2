import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import type { SASLOptions } from 'kafkajs'
import { ConfigError, systemCode } from '../../errors.js'

/** How to log in, as in a pipeline file. */
export interface KafkaSecurity {
  readonly tls: boolean
  /** Files (PEM). */
  readonly ca?: string
  readonly certificate?: string
  readonly key?: string
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  }
}

/** What kafkajs is told about security. Throws `ConfigError` where a file cannot be read. */
export function securityOptions({ tls, ca, certificate, key, sasl }: KafkaSecurity): {
  ssl?: ConnectionOptions
  sasl?: SASLOptions
} {
  return {
    ...(tls && {
      ssl: {
        ...(ca !== undefined && { ca: [readPem(ca, "certificate authority's certificate")] }),
        ...(certificate !== undefined && { cert: readPem(certificate, "client's certificate") }),
        ...(key !== undefined && { key: readPem(key, "client's private key") }),
      },
    }),
    ...(sasl !== undefined && {
      sasl: { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password } as SASLOptions,
    }),
  }
}

function readPem(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`cannot read the ${what}: ${file} (${systemCode(error) ?? 'unreadable'})`, {
      code: 'config',
      hint: 'check the path and its permissions',
      cause: error,
    })
  }
}
