import fs from 'node:fs'
import { afterAll, describe, expect, test } from '@jest/globals'
import { Sandbox } from '../../support/cli.js'
import { clientHalf, targetHalf } from '../../support/lines.js'
import { expectError } from './expect-error.js'

const sandbox = new Sandbox()
afterAll(() => sandbox.remove())

const MINUTE = 60_000

function log(name: string, failures: readonly { readonly host: string; readonly at: number }[]): string {
  const lines = failures.flatMap(({ host, at }, index) => {
    const correlationId = `${name}-${index}`
    return [targetHalf({ host, at, correlationId }), clientHalf({ at: at + 1, correlationId })]
  })
  return sandbox.write(name, `${lines.join('\n')}\n`)
}

const capture = (...args: readonly string[]) => sandbox.hangup(['capture', ...args])

describe('capture', () => {
  test('prints the command for the targets that failed of late, those with most failures first', async () => {
    const file = log('recent.log', [
      { host: '10.0.0.1:81', at: 0 },
      { host: '127.0.0.2:8080', at: 20 * MINUTE },
      { host: '127.0.0.3:8081', at: 21 * MINUTE },
      { host: '127.0.0.3:8081', at: 22 * MINUTE },
    ])
    const { code, stdout, stderr } = await capture(file)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /^target +failures +codes +here and now\n127\.0\.0\.3:8081 +2 +ECONNRESET 2 +127\.0\.0\.3\n127\.0\.0\.2:8080 +1 /,
    )
    const filter = '(tcp port 8081 and host 127.0.0.3) or (tcp port 8080 and host 127.0.0.2)'
    const command = /^(?:sudo )?tcpdump -i lo\d* -n -p -B 8192 -s 200 -C 100 -W 10 (?:-Z \S+ )?-w (\S+) '(.*)'$/m.exec(
      stdout,
    )
    expect(command?.slice(1)).toEqual([expect.stringMatching(/^\/.*\/hangup-[\w.-]+-\d{8}T\d{6}Z\.pcap$/), filter])
    expect(stdout).toContain(`hangup pcap ${command?.[1]}* --logs ${file}\n`)
    expect(fs.readdirSync(sandbox.directory).filter((name) => name.includes('.pcap'))).toEqual([])
  })

  test('looks further back with --since, and takes no more targets than --limit', async () => {
    const file = log('since.log', [
      { host: '10.0.0.1:81', at: 0 },
      { host: '10.0.0.1:81', at: 0 },
      { host: '10.0.0.2:82', at: 60 * MINUTE },
    ])
    const { stdout } = await capture(file, '--since', '2020-01-01', '--limit', '1', '--json')
    const { targets, notes, run } = JSON.parse(stdout)
    expect(targets).toEqual([
      {
        target: '10.0.0.1:81',
        host: '10.0.0.1',
        port: 81,
        addresses: ['10.0.0.1'],
        failures: 2,
        by_code: { ECONNRESET: 2 },
      },
    ])
    expect({ notes, run }).toEqual({
      notes: [
        'another target failed: --limit 2 takes them all',
        expect.stringMatching(/^the last failure in these logs was .* ago, at 20\d\d-/),
      ],
      run: null,
    })
  })

  test('takes named targets without logs, with their clients, as wanted', async () => {
    const out = sandbox.path("it's $(touch pwned).pcap")
    const config = sandbox.write('gateway/acme-test-config.yaml', 'edgemicro:\n  port: 9001\n')
    const settings = ['--clients', '--gateway-config', config, '--snaplen', '0', '--size', '50MB', '--out', out]
    const { code, stdout } = await capture('--target', '[::1]:443', ...settings, '--json')
    expect(code).toBe(0)
    const { command, shell, filter, file } = JSON.parse(stdout)
    expect(command).toEqual(expect.arrayContaining(['-i', 'any', '-s', '0', '-C', '5', '-w', out]))
    expect(file).toBe(out)
    expect(shell).toContain(`-w '${out.replace("'", "'\\''")}' `)
    expect(filter).toBe('(tcp port 443 and host ::1) or (tcp port 9001)')
  })

  test('lets nothing of a hostile name out of a log into the command, nor to the terminal', async () => {
    const hostile = [
      '$(reboot):80',
      '-w/etc/passwd:80',
      'a;reboot:80',
      '10.0.0.9 or port 22:80',
      'x\u001b[2J:80',
      "a'b:80",
    ]
    const file = log(
      'hostile.log',
      [...hostile, '127.0.0.2:8080'].map((host) => ({ host, at: 0 })),
    )
    const { code, stdout } = await capture(file)
    expect(code).toBe(0)
    expect(stdout.split('\n').find((line) => line.includes('tcpdump'))).toMatch(
      / 'tcp port 8080 and host 127\.0\.0\.2'$/,
    )
    expect(stdout).toContain('$(reboot):80 is left out: it is neither an address nor the name of a host')
    expect(stdout).not.toContain('\u001b')
    const { command } = JSON.parse((await capture(file, '--json')).stdout)
    expect(command[command.length - 1]).toBe('tcp port 8080 and host 127.0.0.2')
  })

  test('says so where no target failed, or none has an address', async () => {
    const healthy = sandbox.write('healthy.log', `${clientHalf({ status: '404', correlationId: '' })}\n`)
    const nothing = await capture(healthy)
    expectError(nothing, 1)
    expect(nothing.stderr).toContain('no failure of a known target')
    const unknown = await capture('--target', 'no-such-host.invalid:80')
    expectError(unknown, 1)
    expect(unknown.stderr).toContain('no target has an address here: no-such-host.invalid:80')
  })

  test.each([
    ['a target', ['--target', 'a b:80']],
    ['an interface', ['--target', '10.0.0.9:80', '--interface', '-x']],
    ['bytes', ['--target', '10.0.0.9:80', '--snaplen', '5']],
    ['a size', ['--target', '10.0.0.9:80', '--size', '1MB']],
    ['a time', ['--target', '10.0.0.9:80', '--for', '0s']],
    ['a count', ['--target', '10.0.0.9:80', '--limit', '0']],
    ['a name for a terminal', ['--target', '10.0.0.9:80', '--out', 'a\u001b[2J.pcap']],
  ])('ends with 2 for what is not %s', async (_, args) => {
    expectError(await capture(...args), 2)
  })

  test('writes over nothing', async () => {
    const out = sandbox.write('taken.pcap3', 'mine').replace(/3$/, '')
    expectError(await capture('--target', '10.0.0.9:80', '--out', out), 2)
  })
})
