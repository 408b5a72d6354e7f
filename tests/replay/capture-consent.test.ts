import {readCapture} from '@voicebridge/shared/capture/read-capture.ts';
import {expect, test} from 'vitest';
import {LOUD} from '../../tools/harness/virtual/voice.ts';
import {captureScene} from '../../tools/replay/corpus.ts';
import {recordedCall} from '../../tools/replay/recorded-call.ts';
import {replay} from '../../tools/replay/replay.ts';
import type {Scene, SceneOptions} from '../../tools/replay/scene.ts';
import {replayLines} from '../../tools/replay/tell.ts';

const talks: SceneOptions['script'] = ({kind}) => [
  {say: {text: 'We are open.', audioMs: kind === 'greeting' ? 1_600 : 2_400}},
];

/** A captured call where assistants decide; `keys` are pressed after the greeting. */
async function called(
  assistant: NonNullable<SceneOptions['assistant']>,
  {keys = '', meanwhile = () => {}}: {keys?: string; meanwhile?: (scene: Scene) => void} = {},
) {
  const text = await captureScene({
    name: 'consent',
    assistantsDecide: true,
    assistant,
    script: talks,
    async caller(scene) {
      await scene.isTold();
      await scene.presses(keys);
      meanwhile(scene);
      await scene.says(1_000);
      await scene.isTold();
      scene.hangsUp();
    },
  });
  return text === '' ? [] : readCapture(text, 'call');
}

const halves = (sections: Awaited<ReturnType<typeof called>>) => sections.map(({half}) => half).toSorted();

test('the calls of an assistant that says so are captured, whole, and are decided again as they were', async () => {
  const sections = await called({capture: true});
  expect(halves(sections)).toEqual(['edge', 'worker']);
  const call = recordedCall(sections);
  expect(replayLines(call, await replay(call)).at(-1)).toMatch(/^the same: all \d+ decisions/);
  expect(call.isCut).toBe(false);
});

test('nothing is kept of the calls of other assistants', async () => {
  expect(await called({})).toEqual([]);
  expect(await called({capture: 'off', recording: true})).toEqual([]);
});

test('of a caller who has to agree with a key, nothing is kept unless they press it', async () => {
  expect(await called({capture: {afterKey: '1'}})).toEqual([]);
  expect(await called({capture: {afterKey: '1'}}, {keys: '2'})).toEqual([]);
  // What holds for a recording holds for a capture.
  expect(await called({capture: true, recording: {afterKey: '1'}}, {keys: '2'})).toEqual([]);
  const agreed = await called({capture: {afterKey: '1'}}, {keys: '1'});
  const call = recordedCall(agreed);
  expect(replayLines(call, await replay(call)).at(-1)).toMatch(/^the same: all \d+ decisions/);
});

test('a caller who agreed has agreed for the worker that takes the call over, too', async () => {
  const agreed = await called({capture: {afterKey: '1'}}, {keys: '1', meanwhile: scene => scene.bridge.killWorker()});
  expect(halves(agreed)).toEqual(['edge', 'worker', 'worker']);
  const never = await called({capture: {afterKey: '1'}}, {meanwhile: scene => scene.bridge.killWorker()});
  expect(never).toEqual([]);
});

test('with a disclosure a call is kept once the caller has heard it, and not if they hang up before', async () => {
  const told = await called({capture: true, disclosure: 'This call is recorded.'});
  expect(halves(told)).toEqual(['edge', 'worker']);
  const hungUp = await captureScene({
    name: 'consent',
    assistantsDecide: true,
    assistant: {capture: true, disclosure: 'This call is recorded.'},
    script: talks,
    async caller(scene) {
      await scene.hears();
      await scene.waits(300);
      scene.hangsUp();
    },
  });
  expect(hungUp).toBe('');
});

test('of what was said before the caller agreed, a capture has neither voices nor words, also where another worker or session repeats it', async () => {
  const said = ['My name is Kari.', 'It is about the bill.', 'Thank you.'];
  for (const meanwhile of ['nothing', 'worker', 'model'] as const) {
    let turn = 0;
    const text = await captureScene({
      name: 'consent',
      assistantsDecide: true,
      assistant: {capture: {afterKey: '1'}},
      transcribe: () => said[turn] ?? '',
      script: () => [{say: {text: turn === 0 ? 'Hello, press one, Ola.' : 'We are open.', audioMs: 2_400}}],
      async caller(scene) {
        await scene.isTold();
        await scene.says(1_000);
        await scene.isTold();
        await scene.presses('1');
        turn = 1;
        await scene.says(1_000);
        await scene.isTold();
        if (meanwhile === 'worker') scene.bridge.killWorker();
        if (meanwhile === 'model') scene.model.breakSession();
        if (meanwhile !== 'nothing') await scene.waits(3_000);
        turn = 2;
        await scene.says(1_000);
        await scene.isTold();
        scene.hangsUp();
      },
    });
    expect(text).not.toMatch(/Kari|Ola/);
    expect(text).toContain('We are open.');
    expect(text).toContain(said[1]);
    const call = recordedCall(readCapture(text, 'call'));
    const voices = call.edges.flatMap(({lines}) =>
      lines.flatMap(({at, message}) => (message['payload'] === LOUD ? [at] : [])),
    );
    const agreedAt = call.edges[0]?.lines.find(({message}) => message['kind'] === 'digit')?.at ?? 0;
    expect(voices.length).toBeGreaterThan(80);
    expect(voices.filter(at => at < agreedAt)).toEqual([]);
    expect(replayLines(call, await replay(call)).at(-1)).toMatch(/^the same: all \d+ decisions/);
  }
});
