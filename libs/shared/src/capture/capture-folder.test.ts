import {mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {canaryLog} from '../testing/canary-log.ts';
import {FakeClock} from '../testing/fake-clock.ts';
import {CallSid} from '../protocol/ids.ts';
import {CaptureFolder} from './capture-folder.ts';
import {readCapture} from './read-capture.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);

function folder() {
  const CAPTURE_DIR = mkdtempSync(join(tmpdir(), 'captures-'));
  onTestFinished(() => rmSync(CAPTURE_DIR, {recursive: true}));
  const config = {CAPTURE: true, CAPTURE_DIR, CAPTURE_DAYS: 7, CAPTURE_MAX_MB: 1};
  const deps = {clock: new FakeClock(Date.now()), log: canaryLog('test'), process: 'edge-00'};
  return {path: CAPTURE_DIR, config, deps};
}

test('an operator finds one file for each call and process, with all streams of the call in it', async () => {
  const {path, config, deps} = folder();
  {
    await using captures = CaptureFolder.open(config, deps);
    for (const code of [1_006, 1_000]) {
      const section = captures?.begin({half: 'edge', callSid, about: {}});
      section?.line('phone', 'in', {kind: 'closed', code});
      section?.end();
    }
  }
  expect(readdirSync(path)).toEqual([`${callSid}.edge-00.jsonl`]);
  const text = readFileSync(join(path, `${callSid}.edge-00.jsonl`), 'utf8');
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
  const text = readFileSync(join(path, `${callSid}.edge-00.jsonl`), 'utf8');
  expect(readCapture(text, 'file')).toMatchObject([{end: undefined, lines: [{message: {kind: 'clear'}}]}]);
});

test('captures that are too old are removed, and nothing else is', async () => {
  const {path, config, deps} = folder();
  for (const name of [`${callSid}.edge-00.jsonl`, `${callSid}.worker-01.jsonl`, 'notes.jsonl'])
    writeFileSync(join(path, name), '');
  const eightDaysAgo = Date.now() / 1_000 - 8 * 86_400;
  for (const name of [`${callSid}.edge-00.jsonl`, 'notes.jsonl'])
    utimesSync(join(path, name), eightDaysAgo, eightDaysAgo);
  await using captures = CaptureFolder.open(config, deps);
  await captures?.sweep();
  expect(readdirSync(path).toSorted()).toEqual([`${callSid}.worker-01.jsonl`, 'notes.jsonl']);
});

test('nothing is written, and no folder is made, where captures are off', () => {
  const {path, config, deps} = folder();
  writeFileSync(join(path, 'file'), '');
  const none = join(path, 'file', 'none');
  expect(CaptureFolder.open({...config, CAPTURE: false, CAPTURE_DIR: none}, deps)).toBeUndefined();
  expect(() => CaptureFolder.open({...config, CAPTURE_DIR: none}, deps)).toThrow('CAPTURE_DIR cannot be used');
});
