import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {loadCapture} from '../../tools/replay/load-capture.ts';
import {replay} from '../../tools/replay/replay.ts';
import {replayLines} from '../../tools/replay/tell.ts';
import {openBridge} from './bridge.ts';

test('a captured call over real sockets and a real Redis is decided in the same way when it is played again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'captures-'));
  onTestFinished(() => rmSync(folder, {recursive: true}));
  const loud = Buffer.from(Array.from({length: 6_400}, (_, at) => (at % 16 < 8 ? 0x10 : 0x90)));
  {
    await using bridge = await openBridge({
      env: {CAPTURE: 'on', CAPTURE_DIR: folder},
      openai: {knobs: {tagged: true}, script: [[{say: {text: 'We are open from nine to five.', audioMs: 4_000}}]]},
    });
    await bridge.twilio.dial([
      {do: 'waitForAssistant', speakingFor: 1_500},
      {do: 'say', audio: loud},
      {do: 'waitForAssistant', speakingFor: 1_000},
      {do: 'press', digit: '7'},
      {do: 'waitForSilence', ms: 1_000},
      {do: 'hangUp'},
    ]).ended;
  }
  const files = readdirSync(folder);
  expect(files).toEqual([expect.stringContaining('.edge-'), expect.stringContaining('.worker-')]);
  const texts = files.map(file => readFileSync(join(folder, file), 'utf8'));
  expect(texts.join('')).toContain('"kind":"clear"');
  // Whichever is named, the other half is found beside it.
  const call = loadCapture([join(folder, files[0] ?? '')]);
  const replayed = await replay(call, {timeMs: 400, positionMs: 100, spokenMs: 1_500});
  expect(replayLines(call, replayed)).toEqual([expect.stringMatching(/^the same: all \d+ decisions/)]);
  expect(replayed.decisions).toBeGreaterThan(4);
}, 60_000);
