import {readCapture} from '@voicebridge/shared/capture/read-capture.ts';
import {rehearsalText} from '@voicebridge/shared/rehearsal/rehearsal-text.ts';
import {expect, test} from 'vitest';
import {parse} from 'yaml';
import {readRehearsal} from '../../scripts/rehearse/call-file.ts';
import {rehearsalOfRecord} from '../../services/analytics/src/queries/rehearsal-of-record.ts';
import {SCENES} from '../../tools/replay/corpus.ts';
import {corpusNames, corpusText} from '../../tools/replay/corpus-files.ts';
import {recordedCall} from '../../tools/replay/recorded-call.ts';
import {rehearsalOf} from '../../tools/replay/rehearsal-of.ts';
import type {SceneOptions} from '../../tools/replay/scene.ts';
import {simulatedRecord} from './simulated-record.ts';

interface Written {
  readonly caller: readonly Record<string, unknown>[];
  readonly model?: readonly {readonly says?: string; readonly calls?: object}[];
  readonly expects: {readonly endedBy?: string};
}

async function testOf(name: string, changes: Partial<SceneOptions> = {}): Promise<{text: string; written: Written}> {
  const scene = SCENES.find(each => each.name === name);
  if (!scene) throw new Error(`there is no scene ${name}`);
  const assistant = {...scene.assistant, transcripts: 'full' as const};
  const {detail} = await simulatedRecord({...scene, assistant, ...changes});
  const text = rehearsalText(rehearsalOfRecord(detail));
  return {text, written: parse(text) as Written};
}

const steps = ({caller}: Written) => caller.map(step => Object.keys(step)[0]);

test.each(corpusNames())('the test that is made of the captured call %s is one that can be rehearsed', name => {
  const text = rehearsalOf(recordedCall(readCapture(corpusText(name), name)));
  expect(readRehearsal(parse(text))).toMatchObject({ok: true});
});

test('a test made of a record says what the caller did, and when, by what the assistant was saying', async () => {
  const {text, written} = await testOf('interruption');
  expect(readRehearsal(written)).toMatchObject({ok: true});
  expect(steps(written)).toEqual(['says', 'interruptsAfter', 'hangsUp']);
  const {interruptsAfter} = written.caller[1] ?? {};
  expect(interruptsAfter).toBeGreaterThan(1_000);
  expect(interruptsAfter).toBeLessThan(1_700);
  expect(text).toMatch(/# at 0:0\d\.\d, over “We are open/);
  expect(text).toMatch(/s after the assistant had finished/);
  // What was interrupted is long enough to be interrupted again.
  expect(written.model?.[0]?.says?.length).toBeGreaterThan(30);
  expect(written.expects).toEqual({endedBy: 'caller'});
});

test('tools that were called together are called together again, and an assistant that hung up hangs up', async () => {
  const {written} = await testOf('tools-in-parallel');
  expect(written.model).toMatchObject([{calls: {first: {}, second: {}}}, {says: expect.stringContaining('We are')}]);
  const hungUp = await testOf('assistant-hangs-up');
  expect(hungUp.written).toMatchObject({model: [{calls: {hang_up: {}}}], expects: {endedBy: 'assistant'}});
  expect(steps(hungUp.written)).toEqual(['says']);
});

test('of keys it says that some were pressed, and of a call without words that none were kept', async () => {
  const {text, written} = await testOf('keys');
  expect(steps(written)).toContain('presses');
  expect(text).toContain('which ones is not kept');
  const silent = await testOf('conversation', {assistant: {transcripts: 'off'}});
  expect(silent.text).toContain('Nothing was kept of what was said');
  expect(readRehearsal(silent.written)).toMatchObject({ok: true});
});
