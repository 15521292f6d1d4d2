import { execFile } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from '@jest/globals'
import { systemCode } from '../../../src/errors.js'
import { projectDirectory } from '../../support/cli.js'

const DIRECTORY = path.join(projectDirectory, 'deploy/prometheus')
const RULES = 'hangup.rules.yml'
const TESTS = 'hangup.rules.test.yml'

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-promtool-'))
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }))

/** Runs Prometheus's own tool; what it prints, and whether it was content. */
async function promtool(
  directory: string,
  ...commandLine: readonly string[]
): Promise<{ readonly good: boolean; readonly output: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)('promtool', commandLine, { cwd: directory })
    return { good: true, output: stdout + stderr }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      throw new Error('promtool is not there: install it (Debian and Ubuntu: apt-get install prometheus)')
    }
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string }
    return { good: false, output: stdout + stderr }
  }
}

describe('the rules for Prometheus', () => {
  test('are valid', async () => {
    const { good, output } = await promtool(DIRECTORY, 'check', 'rules', RULES)
    expect(output).toMatch(/SUCCESS: \d+ rules found/)
    expect(good).toBe(true)
  })

  test.each([TESTS, 'hangup.rules.days.test.yml'])(
    'fire for what they should, stay quiet and recover: %s',
    async (tests) => {
      const { good, output } = await promtool(DIRECTORY, 'test', 'rules', tests)
      expect(output).toContain('SUCCESS')
      expect(good).toBe(true)
    },
  )

  test('are tested by name, each of them', () => {
    const alerts = [...read(RULES).matchAll(/alert: (\w+)/g)].map(([, name]) => name)
    const tested = [TESTS, 'hangup.rules.days.test.yml'].flatMap((file) =>
      [...read(file).matchAll(/^ {6}- alertname: (\w+)$/gm)].map(([, name]) => name),
    )
    expect([...new Set(tested)].sort()).toEqual(alerts.sort())
  })

  test.each([
    ['without a floor of requests', />= 50\n/, '>= 1\n'],
    ['with a wait that is longer', 'for: 1m', 'for: 5m'],
    ['that take the resets of processes without requests', / and on \(job, instance, target\).*> 0\)/, ')'],
    ['that count each failure as a reset', 'code="ECONNRESET", ', ''],
    ['that take a silent log for a slow one', / and on \(job, instance\) \(sum.*\)$/m, ''],
    ['that take one spike for a lag', 'min_over_time(hangup_lag', 'max_over_time(hangup_lag'],
  ])('would not pass their tests %s', async (_, pattern, replacement) => {
    const broken = read(RULES).replace(pattern, replacement)
    expect(broken).not.toBe(read(RULES))
    fs.writeFileSync(path.join(scratch, RULES), broken)
    fs.copyFileSync(path.join(DIRECTORY, TESTS), path.join(scratch, TESTS))
    const { good, output } = await promtool(scratch, 'test', 'rules', TESTS)
    expect(output).toContain('FAILED')
    expect(good).toBe(false)
  })
})

const read = (name: string): string => fs.readFileSync(path.join(DIRECTORY, name), 'utf8')
