import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {readCapture} from '@voicebridge/shared/capture/read-capture.ts';
import {rehearsalText} from '@voicebridge/shared/rehearsal/rehearsal-text.ts';
import {expect, onTestFinished, test} from 'vitest';
import {rehearsalOfRecord} from '../../services/analytics/src/queries/rehearsal-of-record.ts';
import {recordedCall} from '../../tools/replay/recorded-call.ts';
import {rehearsalOf} from '../../tools/replay/rehearsal-of.ts';
import {simulatedRecord} from '../replay/simulated-record.ts';
import {runCommand} from './run-command.ts';

const ASSISTANT = `answers: '+4722000009'
prompt: You answer questions about opening hours.
greeting: Hello! How can I help you today?
transcripts: full
`;

test('the test that is made of a call runs as it is, whether it was made of the record or of the capture', async () => {
  const {capture, detail} = await simulatedRecord({
    name: 'test-of-a-call',
    assistant: {transcripts: 'full', greeting: 'Hello! How can I help you today?'},
    script: ({kind, number}) =>
      kind === 'turn' && number === 3
        ? [{say: {text: 'Goodbye then.', audioMs: 900}}, {call: {name: 'hang_up', arguments: {}}}]
        : [{say: {text: 'We are open from nine to five, and on Sundays from eleven to three.', audioMs: 3_600}}],
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(1_200);
      await scene.says(1_200);
      await scene.isTold();
      await scene.waits(4_000);
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'test-of-a-call-'));
  onTestFinished(() => rmSync(folder, {recursive: true}));
  writeFileSync(join(folder, 'hours.yaml'), ASSISTANT);
  const ofRecord = rehearsalText(rehearsalOfRecord(detail));
  writeFileSync(join(folder, 'hours.of-record.call.yaml'), ofRecord);
  const ofCapture = rehearsalOf(recordedCall(readCapture(capture, 'capture')));
  writeFileSync(join(folder, 'hours.of-capture.call.yaml'), ofCapture);
  for (const text of [ofRecord, ofCapture])
    expect([text.match(/interruptsAfter/g)?.length, text]).toEqual([1, expect.stringContaining('hang_up')]);
  const run = runCommand(['rehearse', '--folder', folder], {TMPDIR: folder});
  expect(await run.exitCode, `${run.output()}\n${ofRecord}\n${ofCapture}`).toBe(0);
  expect(run.output()).toContain('2 rehearsed, all as expected');
  await expect.poll(() => run.leftovers(), {timeout: 30_000}).toEqual([]);
}, 120_000);
