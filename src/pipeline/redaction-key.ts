import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PermanentError, systemCode } from '../errors.js'

const KEY_BYTES = 32

/**
 * The key of the hash that stands for API keys: made at first use in the state directory, readable by its owner only.
 * The same key gives the same hashes, so instances that write to one store share it. Throws `PermanentError`
 * (`state_unusable`).
 */
export async function loadRedactionKey(stateDirectory: string): Promise<Uint8Array> {
  const path = join(stateDirectory, 'redact.key')
  try {
    return await readKey(path)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw unusable(path, error)
  }
  try {
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
    await createKey(path)
    return await readKey(path)
  } catch (error) {
    throw unusable(path, error)
  }
}

/** What a pipeline says of the key. */
export interface KeyPlace {
  readonly redact: { readonly keyFile?: string }
  readonly state: { readonly directory: string }
}

/** The key of a pipeline: out of the file that it names, which is not made, else that of its state directory. */
export function redactionKeyOf({ redact, state }: KeyPlace, { mayMake }: { readonly mayMake: boolean }) {
  const { keyFile } = redact
  if (keyFile !== undefined) return readKey(keyFile).catch((error: unknown) => Promise.reject(noKey(keyFile, error)))
  return mayMake ? loadRedactionKey(state.directory) : existingRedactionKey(state.directory)
}

/**
 * The key that was made before, for whoever must get the same hashes: none is made. Throws `PermanentError`
 * (`state_unusable`).
 */
async function existingRedactionKey(stateDirectory: string): Promise<Uint8Array> {
  const path = join(stateDirectory, 'redact.key')
  return readKey(path).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw unusable(path, error)
    throw new PermanentError(`no redaction key: ${path}`, {
      code: 'state_unusable',
      hint: 'give the state directory that the pipeline ran with: --state DIR or HANGUP_STATE',
      cause: error,
    })
  })
}

/** A link to a complete file, so that another process that starts now reads all of it or finds none. */
async function createKey(path: string): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  await writeFile(temporary, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx', flush: true })
  try {
    await link(temporary, path)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  } finally {
    await unlink(temporary)
  }
}

async function readKey(path: string): Promise<Uint8Array> {
  const text = (await readFile(path, 'utf8')).trim()
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error('it does not hold 64 hex digits')
  return Buffer.from(text, 'hex')
}

function noKey(path: string, cause: unknown): PermanentError {
  const reason = systemCode(cause) ?? (cause instanceof Error ? cause.message : String(cause))
  return new PermanentError(`cannot use the redaction key: ${path} (${reason})`, {
    code: 'state_unusable',
    hint: 'give a file with 64 hex digits in redact.keyFile, such as `openssl rand -hex 32` prints, the same for all instances',
    cause,
  })
}

function unusable(path: string, cause: unknown): PermanentError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new PermanentError(`cannot use the redaction key: ${path} (${reason})`, {
    code: 'state_unusable',
    hint:
      systemCode(cause) === undefined
        ? 'restore the file from a copy, or remove it: a new key is made, and API keys get other hashes from then on'
        : 'choose a writable state directory with --state DIR or HANGUP_STATE',
    cause,
  })
}
