import {mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {gunzipSync} from 'node:zlib';
import {expect, onTestFinished, test} from 'vitest';
import {canaryLog} from '../testing/canary-log.ts';
import {FakeClock, flushPromises} from '../testing/fake-clock.ts';
import {CallSid} from '../protocol/ids.ts';
import {readCaptureKey} from '../recordings/capture-key.ts';
import {CaptureFolder} from './capture-folder.ts';
import {readCapture} from './read-capture.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);

const ofEdge = expect.stringMatching(/^CA1+\.edge-00\.\d+\.jsonl$/);

function folder() {
  const CAPTURE_DIR = mkdtempSync(join(tmpdir(), 'captures-'));
  onTestFinished(() => rmSync(CAPTURE_DIR, {recursive: true}));
  const config = {CAPTURE: 'on' as const, CAPTURE_DIR, CAPTURE_DAYS: 7, CAPTURE_MAX_MB: 1};
  const deps = {clock: new FakeClock(Date.now()), log: canaryLog('test'), process: 'edge-00'};
  return {path: CAPTURE_DIR, config, deps};
}

test('an operator finds a file for each stream of a call, and both are parts of the same capture', async () => {
  const {path, config, deps} = folder();
  {
    await using captures = CaptureFolder.open(config, deps);
    for (const code of [1_006, 1_000]) {
      const section = captures?.begin({half: 'edge', callSid, about: {}});
      section?.line('phone', 'in', {kind: 'closed', code});
      section?.end();
      deps.clock.advance(1_000);
    }
  }
  const files = readdirSync(path).toSorted();
  expect(files).toEqual([ofEdge, ofEdge]);
  const text = files.map(file => readFileSync(join(path, file), 'utf8')).join('');
  expect(readCapture(text, 'file').map(({lines}) => lines[0]?.message['code'])).toEqual([1_006, 1_000]);
});

test('a process that ends in the middle of a call keeps what it captured', async () => {
  const {path, config, deps} = folder();
  const captures = CaptureFolder.open(config, deps);
  const section = captures?.begin({half: 'edge', callSid, about: {}});
  section?.line('phone', 'out', {kind: 'clear'});
  await captures?.[Symbol.asyncDispose]();
  section?.line('phone', 'in', {kind: 'closed', code: 1_006});
  section?.end();
  const [file = ''] = readdirSync(path);
  expect(readCapture(readFileSync(join(path, file), 'utf8'), 'file')).toMatchObject([
    {end: undefined, lines: [{message: {kind: 'clear'}}]},
  ]);
});

test('captures that are too old are removed, and nothing else is', async () => {
  const {path, config, deps} = folder();
  for (const name of [`${callSid}.edge-00.1.jsonl`, `${callSid}.worker-01.2.jsonl`, 'notes.jsonl'])
    writeFileSync(join(path, name), '');
  const eightDaysAgo = Date.now() / 1_000 - 8 * 86_400;
  for (const name of [`${callSid}.edge-00.1.jsonl`, 'notes.jsonl'])
    utimesSync(join(path, name), eightDaysAgo, eightDaysAgo);
  await using captures = CaptureFolder.open(config, deps);
  await captures?.sweep();
  expect(readdirSync(path).toSorted()).toEqual([`${callSid}.worker-01.2.jsonl`, 'notes.jsonl']);
});

test('nothing is written, and no folder is made, where captures are off', () => {
  const {path, config, deps} = folder();
  writeFileSync(join(path, 'file'), '');
  const none = join(path, 'file', 'none');
  expect(CaptureFolder.open({...config, CAPTURE: 'off', CAPTURE_DIR: none}, deps)).toBeUndefined();
  expect(() => CaptureFolder.open({...config, CAPTURE_DIR: none}, deps)).toThrow('CAPTURE_DIR cannot be used');
});

test('a call of which it is not known yet whether it may be captured is not on the disk, and one that may is, from its first moment on', async () => {
  const {path, config, deps} = folder();
  {
    await using captures = CaptureFolder.open({...config, CAPTURE: 'assistants'}, deps);
    const [kept, dropped, neverAsked] = [1, 2, 3].map(nth => {
      const sid = CallSid.parse(`CA${String(nth).repeat(32)}`);
      const section = captures?.begin({half: 'edge', callSid: sid, about: {}, held: true});
      section?.line('phone', 'in', {kind: 'started'});
      return section;
    });
    expect(readdirSync(path)).toEqual([]);
    dropped?.drop();
    kept?.keep();
    kept?.line('phone', 'in', {kind: 'closed'});
    for (const section of [kept, dropped, neverAsked]) section?.end();
  }
  expect(readdirSync(path)).toEqual([ofEdge]);
  const text = readFileSync(join(path, readdirSync(path)[0] ?? ''), 'utf8');
  const [section] = readCapture(text, 'file');
  expect([section?.end, section?.lines.map(({message}) => message['kind'])]).toEqual(['over', ['started', 'closed']]);
});

test('a call that is held for too long is forgotten, and harms no other', async () => {
  const {path, config, deps} = folder();
  await using captures = CaptureFolder.open({...config, CAPTURE: 'assistants'}, deps);
  const section = captures?.begin({half: 'edge', callSid, about: {}, held: true});
  for (let line = 0; line < 2_000; line += 1) section?.line('phone', 'in', {kind: 'audio', payload: 'x'.repeat(1_000)});
  section?.keep();
  section?.end();
  await flushPromises();
  expect(readdirSync(path)).toEqual([]);
});

test('what is whole goes to the recordings’ store and leaves the folder, also what the store could not take at first', async () => {
  const {path, config, deps} = folder();
  const objects = new Map<string, Buffer>();
  let isAway = true;
  const store = {
    put: async (key: string, body: Buffer) => {
      if (isAway) throw new Error('full');
      objects.set(key, body);
    },
    read: async () => undefined,
    list: async () => [],
    remove: async () => {},
  };
  {
    await using captures = CaptureFolder.open(config, {...deps, store});
    captures?.begin({half: 'edge', callSid, about: {}}).end();
  }
  expect([objects.size, readdirSync(path)]).toEqual([0, [ofEdge]]);
  isAway = false;
  const threeHoursAgo = Date.now() / 1_000 - 3 * 3_600;
  for (const name of readdirSync(path)) utimesSync(join(path, name), threeHoursAgo, threeHoursAgo);
  await using captures = CaptureFolder.open(config, {...deps, process: 'edge-01', store});
  await captures?.sweep();
  expect(readdirSync(path)).toEqual([]);
  const [key = '', body = Buffer.alloc(0)] = [...objects][0] ?? [];
  expect(readCaptureKey(key)).toMatchObject({callSid, day: new Date(deps.clock.wall()).toISOString().slice(0, 10)});
  expect(readCapture(gunzipSync(body).toString(), 'file')).toMatchObject([{callSid, end: 'over'}]);
});

test('a process that drains waits until the store has its half of a call, also if the store refuses it at first', async () => {
  const {path, config, deps} = folder();
  const stored: string[] = [];
  let refusals = 2;
  const store = {
    put: async (key: string) => {
      if (refusals-- > 0) throw new Error('slow down');
      stored.push(key);
    },
    read: async () => undefined,
    list: async () => [],
    remove: async () => {},
  };
  await using captures = CaptureFolder.open(config, {...deps, store});
  captures?.begin({half: 'worker', callSid, about: {}}).end();
  const state = {isOver: false};
  const over = captures?.allSent().then(() => (state.isOver = true));
  while (!state.isOver) {
    deps.clock.advance(100);
    await flushPromises();
  }
  await over;
  expect([stored.length, refusals, readdirSync(path)]).toEqual([1, -1, []]);
});

test('a process that drains does not wait for ever for a store that refuses everything', async () => {
  const {path, config, deps} = folder();
  let tries = 0;
  const store = {
    put: () => {
      tries += 1;
      return Promise.reject(new Error('gone'));
    },
    read: async () => undefined,
    list: async () => [],
    remove: async () => {},
  };
  await using captures = CaptureFolder.open(config, {...deps, store});
  captures?.begin({half: 'worker', callSid, about: {}}).end();
  const state = {isOver: false};
  void captures?.allSent().then(() => (state.isOver = true));
  while (!state.isOver) {
    deps.clock.advance(100);
    await flushPromises();
  }
  expect(tries).toBe(4);
  expect(readdirSync(path)).toHaveLength(1);
});
