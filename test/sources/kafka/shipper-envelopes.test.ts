import { describe, expect, test } from '@jest/globals'
import { unwrapShipper } from '../../../src/sources/kafka/shipper-envelopes.js'

const LINE = '2021-06-23T03:52:24.110Z [error][a:1][3]'
const FILE = '/var/tmp/edgemicro-gw-1-5f0c-1-api.log'

const unwrapped = (entry: unknown): ReturnType<typeof unwrapShipper> =>
  unwrapShipper(Buffer.from(typeof entry === 'string' ? entry : JSON.stringify(entry)))

describe('the JSON of', () => {
  test('Filebeat 8 gives line, file, host and place', () => {
    const entry = {
      '@timestamp': '2021-06-23T03:52:24.110Z',
      '@metadata': { beat: 'filebeat', type: '_doc', version: '8.19.0' },
      log: { offset: 4711, file: { path: FILE, inode: '1', device_id: '2' } },
      message: LINE,
      input: { type: 'filestream' },
      host: { name: 'gw-1' },
      agent: { type: 'filebeat', name: 'agent-1', id: 'x', version: '8.19.0' },
    }
    expect(unwrapped(entry)).toEqual({ text: LINE, path: FILE, host: 'gw-1', offset: 4711 })
  })

  test("Filebeat without a host's name gives its agent's", () => {
    const entry = { message: LINE, log: { file: { path: FILE } }, agent: { hostname: 'gw-1', name: 'other' } }
    expect(unwrapped(entry)).toEqual({ text: LINE, path: FILE, host: 'gw-1', offset: null })
  })

  test('Filebeat 6 gives the same by its own names', () => {
    const entry = { message: LINE, source: FILE, offset: 7, beat: { hostname: 'gw-1', name: 'gw-1', version: '6.8.0' } }
    expect(unwrapped(entry)).toEqual({ text: LINE, path: FILE, host: 'gw-1', offset: 7 })
  })

  test('Fluent Bit gives the line of its tail input, and what it was told to add', () => {
    const entry = { '@timestamp': 1624420344.11, log: LINE, file: FILE, hostname: 'gw-1', offset: 12 }
    expect(unwrapped(entry)).toEqual({ text: LINE, path: FILE, host: 'gw-1', offset: 12 })
    expect(unwrapped({ '@timestamp': 1, message: LINE, filename: FILE, host: 'h' })).toMatchObject({
      path: FILE,
      host: 'h',
    })
    expect(unwrapped({ date: 1, log: LINE, path: FILE })).toMatchObject({ text: LINE, path: FILE, host: null })
    expect(unwrapped({ log: LINE })).toEqual({ text: LINE, path: null, host: null, offset: null })
  })

  test('Fluent Bit behind its cri parser becomes the CRI line again, whose pieces the parser joins', () => {
    const entry = { '@timestamp': 1, stream: 'stdout', logtag: 'P', message: LINE }
    expect(unwrapped(entry)?.text).toBe(`1970-01-01T00:00:00.000000000Z stdout P ${LINE}`)
  })

  test('Vector gives line, file and host, and the place where it tells one', () => {
    const entry = { file: FILE, host: 'gw-1', message: LINE, source_type: 'file', timestamp: '2021-06-23T03:52:25Z' }
    expect(unwrapped(entry)).toEqual({ text: LINE, path: FILE, host: 'gw-1', offset: null })
    expect(unwrapped({ ...entry, offset: 0 })?.offset).toBe(0)
  })

  test.each([
    ['Filebeat', { namespace: 'edge', pod: { name: 'emg-7d', uid: 'x' }, container: { name: 'edgemicro' }, node: {} }],
    ['Fluent Bit', { namespace_name: 'edge', pod_name: 'emg-7d', container_name: 'edgemicro', host: 'node-1' }],
    ['Vector', { pod_namespace: 'edge', pod_name: 'emg-7d', container_name: 'edgemicro', pod_labels: {} }],
  ])('%s in a cluster names the container, not the node', (_, kubernetes) => {
    const entry = { message: LINE, host: { name: 'node-1' }, kubernetes: { ...kubernetes, labels: { app: 'x' } } }
    expect(unwrapped(entry)).toEqual({ text: LINE, path: null, host: 'edge/emg-7d/edgemicro', offset: null })
  })

  test('Filebeat and Vector beside Docker name the container', () => {
    expect(unwrapped({ message: LINE, container: { id: 'x', name: '/emg' }, host: { name: 'h' } })?.host).toBe('emg')
    expect(unwrapped({ message: LINE, container_name: 'emg', host: 'h' })?.host).toBe('emg')
  })

  test('labels that name no pod leave the host', () => {
    for (const kubernetes of [{}, { pod: 7 }, { pod: { name: '' }, namespace: 'edge' }, 'x', []]) {
      expect(unwrapped({ message: LINE, host: 'h', kubernetes })?.host).toBe('h')
    }
  })

  test('a topic that a shipper has read gives no place: its offset is none in a file', () => {
    expect(unwrapped({ message: LINE, file: FILE, topic: 'raw', partition: 1, offset: 9 })?.offset).toBeNull()
  })

  test("Docker's json-file driver is left to the parser", () => {
    expect(unwrapped({ log: `${LINE}\n`, stream: 'stdout', time: '2021-06-23T03:52:24.110Z' })).toBeNull()
    expect(unwrapped({ log: LINE, stream: 'stdout', time: '2021-06-23T03:52:24.110Z', attrs: { a: 'b' } })).toBeNull()
  })

  test("Docker's, as Fluent Bit passes it on, is taken out of it", () => {
    const entry = { '@timestamp': 1, log: `${LINE}\n`, stream: 'stdout', time: '2021-06-23T03:52:24.110Z', file: FILE }
    expect(unwrapped(entry)).toEqual({ text: `${LINE}\n`, path: FILE, host: null, offset: null })
  })
})

describe('what is no envelope', () => {
  test.each([
    ['broken JSON', '{"message":"a"'],
    ['a list', '[{"message":"a"}]'],
    ['no object', '"message"'],
    ['an object without a text', { level: 'info', msg: 'a' }],
    ['a text that is none', { message: { a: 1 }, log: 5 }],
    ['nothing', ''],
    ['a deep one', `{"message":${'['.repeat(100_000)}`],
    ['two objects', '{"message":"a"}\n{"message":"b"}'],
  ])('is left as it is: %s', (_, entry) => {
    expect(unwrapped(entry)).toBeNull()
  })

  test('is one that no line could fit in', () => {
    expect(unwrapped({ message: 'x'.repeat(8 << 20) })).toBeNull()
  })
})

test('names and places that are none are not taken for one', () => {
  const entry = { message: LINE, file: '', host: 5, log: { offset: -1, file: { path: [FILE] } } }
  expect(unwrapped(entry)).toEqual({ text: LINE, path: null, host: null, offset: null })
  for (const offset of [-1, 1.5, 2 ** 53, '7', null]) {
    expect(unwrapped({ message: LINE, log: { offset, file: { path: FILE } } })?.offset).toBeNull()
  }
})
