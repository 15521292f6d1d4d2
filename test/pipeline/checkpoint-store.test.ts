import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { HangupError } from '../../src/errors.js'
import { type Checkpoint, CheckpointStore } from '../../src/pipeline/checkpoint-store.js'

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-checkpoint-'))
let directories = 0

afterAll(() => fs.rmSync(root, { recursive: true }))

describe('the checkpoint store', () => {
  let directory: string
  let problems: HangupError[]

  beforeEach(() => {
    directory = path.join(root, `${directories++}`)
    problems = []
  })

  function open(pipelineName = 'edge'): Promise<CheckpointStore> {
    return CheckpointStore.open({ directory, pipelineName, onProblem: (problem) => problems.push(problem) })
  }

  function checkpoint(storedThrough: number): Checkpoint {
    const file = { identity: '1:2:0:', path: '/a.log', partition: '/a.log', storedThrough, floor: 0 }
    return { version: 2, pipeline: 'edge', floorTimeMs: { '/a.log': 1_624_420_344_110 }, files: [file] }
  }

  async function withStore<T>(use: (store: CheckpointStore) => Promise<T>, pipelineName?: string): Promise<T> {
    const store = await open(pipelineName)
    try {
      return await use(store)
    } finally {
      await store.close()
    }
  }

  test('has nothing at first', async () => {
    expect(await withStore((store) => store.load())).toBeNull()
  })

  test('gives back what was saved last, also after a restart', async () => {
    await withStore(async (store) => {
      await Promise.all([store.save(checkpoint(1)), store.save(checkpoint(2)), store.save(checkpoint(3))])
      expect(await store.load()).toEqual(checkpoint(3))
    })
    expect(await withStore((store) => store.load())).toEqual(checkpoint(3))
  })

  test('leaves nothing behind but the checkpoint', async () => {
    await withStore((store) => store.save(checkpoint(1)))
    expect(fs.readdirSync(directory)).toEqual(['edge.checkpoint'])
  })

  test('keeps the old checkpoint where a save was interrupted', async () => {
    await withStore((store) => store.save(checkpoint(1)))
    fs.writeFileSync(path.join(directory, 'edge.checkpoint.tmp'), '{"version":1,"pipe')
    expect(await withStore((store) => store.load())).toEqual(checkpoint(1))
    expect(problems).toEqual([])
  })

  test('keeps pipelines apart, whatever their names', async () => {
    for (const name of ['edge', 'a/b', '..', 'edge.checkpoint']) {
      await withStore((store) => store.save({ ...checkpoint(1), pipeline: name }), name)
      expect(await withStore((store) => store.load(), name)).toMatchObject({ pipeline: name })
    }
    expect(fs.readdirSync(directory)).toHaveLength(4)
  })

  test.each([
    ['cut short', '{"version":1,"pipeline":"edge"'],
    ['empty', ''],
    ['of another shape', '{"version":1,"pipeline":"edge","files":{}}'],
    ['of impossible values', JSON.stringify({ ...checkpoint(-5) })],
    ['of another pipeline', JSON.stringify({ ...checkpoint(1), pipeline: 'other' })],
  ])('sets a checkpoint aside that is %s, and tells of it', async (_name, text) => {
    fs.mkdirSync(directory)
    fs.writeFileSync(path.join(directory, 'edge.checkpoint'), text)
    fs.writeFileSync(path.join(directory, 'edge.checkpoint.corrupt-1'), 'an older one')
    expect(await withStore((store) => store.load())).toBeNull()
    expect(fs.readFileSync(path.join(directory, 'edge.checkpoint.corrupt-2'), 'utf8')).toBe(text)
    expect(problems).toMatchObject([
      { code: 'checkpoint_corrupt', message: expect.stringMatching(/: .*edge\.checkpoint\.corrupt-2$/) },
    ])
  })

  test('refuses a checkpoint of a newer version and leaves it where it is', async () => {
    fs.mkdirSync(directory)
    fs.writeFileSync(path.join(directory, 'edge.checkpoint'), '{"version":3}')
    await expect(withStore((store) => store.load())).rejects.toMatchObject({ code: 'state_unusable' })
    expect(fs.readdirSync(directory)).toEqual(['edge.checkpoint'])
  })

  describe('its lock', () => {
    const lock = () => path.join(directory, 'edge.lock')

    test('keeps a second one out until the first is closed', async () => {
      const first = await open()
      await expect(open()).rejects.toMatchObject({
        name: 'PermanentError',
        code: 'state_locked',
        hint: expect.stringContaining(String(process.pid)),
      })
      await first.close()
      await (await open()).close()
    })

    test('lets other pipelines in', async () => {
      const first = await open()
      await (await open('other')).close()
      await first.close()
    })

    test('holds the pid', async () => {
      await withStore(async () => {
        expect(Number.parseInt(fs.readFileSync(lock(), 'utf8'), 10)).toBe(process.pid)
      })
      expect(fs.existsSync(lock())).toBe(false)
    })

    test('is respected while its process lives, and taken over when that is dead', async () => {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
      await once(child, 'spawn')
      fs.mkdirSync(directory)
      fs.writeFileSync(lock(), `${child.pid}\n`)
      await expect(open()).rejects.toMatchObject({
        code: 'state_locked',
        hint: expect.stringContaining(String(child.pid)),
      })
      expect(fs.readFileSync(lock(), 'utf8')).toBe(`${child.pid}\n`)
      child.kill('SIGKILL')
      await once(child, 'exit')
      await withStore((store) => store.save(checkpoint(1)))
      expect(fs.readdirSync(directory)).toEqual(['edge.checkpoint'])
    })

    test.each([
      ['whose pid another process has now', () => `${process.ppid} 1`],
      ['of our own pid from another life', () => `${process.pid}`],
      ['that says nothing', () => ''],
    ])('is taken over from a lock %s', async (_name, text) => {
      fs.mkdirSync(directory)
      fs.writeFileSync(lock(), text())
      await (await open()).close()
      expect(fs.readdirSync(directory)).toEqual([])
    })
  })

  test('says where the state directory cannot be used', async () => {
    fs.writeFileSync(directory, 'a file')
    await expect(open()).rejects.toMatchObject({ name: 'PermanentError', code: 'state_unusable' })
  })

  test('says that the disk is full and keeps the old checkpoint', async () => {
    await withStore(async (store) => {
      await store.save(checkpoint(1))
      fs.symlinkSync('/dev/full', path.join(directory, 'edge.checkpoint.tmp'))
      await expect(store.save(checkpoint(2))).rejects.toMatchObject({ name: 'PermanentError', code: 'disk_full' })
      fs.rmSync(path.join(directory, 'edge.checkpoint.tmp'))
      expect(await store.load()).toEqual(checkpoint(1))
      await store.save(checkpoint(3))
    })
    expect(await withStore((store) => store.load())).toEqual(checkpoint(3))
  })
})
