import {silence} from '@voicebridge/shared/protocol/audio.ts';
import {expect, test} from 'vitest';
import {PlaybackLedger} from '../playback/playback-ledger.ts';
import {BargeIn} from './barge-in.ts';
import {type FloorEffect, HAS_YIELDED} from './floor-events.ts';

const marksOf = (effects: readonly FloorEffect[]) =>
  effects.flatMap(effect => (effect.do === 'mark' ? [effect.mark] : []));

/** The floor of a model that owns interruption: on a stream with a round trip of 40 ms, in a reply of four seconds. */
function replying({greeting = false} = {}) {
  const floor = new BargeIn(HAS_YIELDED, new PlaybackLedger(1), greeting);
  for (const name of marksOf(floor.on({type: 'streamOpened'}, -100))) floor.on({type: 'markReturned', name}, -60);
  floor.on({type: 'responseStarted', responseId: 'r1', greeting, asked: greeting}, 0);
  floor.on({type: 'assistantAudio', responseId: 'r1', itemId: 'i1', payload: silence(4_000)}, 0);
  return floor;
}
const kinds = (effects: readonly FloorEffect[]) => effects.map(effect => effect.do);
const cuts = (effects: readonly FloorEffect[]) =>
  effects.flatMap(effect => (effect.do === 'truncate' ? [[effect.itemId, effect.audioEndMs]] : []));

test('a model that owns interruption may interrupt and answer by itself from the first moment', () => {
  const floor = new BargeIn(HAS_YIELDED, new PlaybackLedger(1), true);
  expect(floor.serverRights).toEqual({serverInterrupts: true, serverResponds: true});
});

test('the sound stops as soon as that model reports speech, and its reply is not cancelled a second time', () => {
  const floor = replying();
  expect(kinds(floor.on({type: 'callerSpoke', since: 1_000, heard: false}, 1_000))).toEqual(['clear', 'mark']);
  expect(floor.isSilenced('r1')).toBe(true);
});

test('no minimum of speech is awaited: a short noise stops the sound as much as a sentence, for the model has stopped too', () => {
  const floor = replying();
  floor.on({type: 'callerSpoke', since: 1_000, heard: false}, 1_000);
  expect(floor.awaitsMinSpeech).toBe(false);
  const effects = floor.on({type: 'callerStopped', spokenMs: 40}, 1_100);
  expect(kinds(effects)).not.toContain('noise');
  expect(kinds(effects)).not.toContain('say');
});

test('the greeting of that model is not protected', () => {
  const floor = replying({greeting: true});
  expect(kinds(floor.on({type: 'callerSpoke', since: 100, heard: false}, 100))).toContain('clear');
});

test('what the caller heard of that reply is known when the clear has landed', () => {
  const floor = replying();
  const [name = ''] = marksOf(floor.on({type: 'callerSpoke', since: 1_000, heard: false}, 1_000));
  const effects = floor.on({type: 'markReturned', name}, 1_040);
  expect(kinds(effects)).toContain('interrupted');
  expect(cuts(effects)).toEqual([['i1', 1_000]]);
});

test('what that model sent before it noticed the caller is not played', () => {
  const floor = replying();
  floor.on({type: 'callerSpoke', since: 1_000, heard: false}, 1_000);
  const late = {type: 'assistantAudio', responseId: 'r1', itemId: 'i1', payload: silence(100)} as const;
  expect(floor.on(late, 1_010)).toEqual([]);
});

test('the answer to what the caller said is played at once', () => {
  const floor = replying();
  floor.on({type: 'callerSpoke', since: 1_000, heard: false}, 1_000);
  floor.on({type: 'callerStopped', spokenMs: 500}, 1_600);
  floor.on({type: 'responseStarted', responseId: 'r2', greeting: false, asked: false}, 1_700);
  const answer = {type: 'assistantAudio', responseId: 'r2', itemId: 'i2', payload: silence(100)} as const;
  expect(kinds(floor.on(answer, 1_750))).toContain('say');
});

test('a caller who speaks while nothing is audible interrupts nothing', () => {
  const floor = new BargeIn(HAS_YIELDED, new PlaybackLedger(1), false);
  floor.on({type: 'streamOpened'}, 0);
  expect(floor.on({type: 'callerSpoke', since: 500, heard: false}, 500)).toEqual([]);
});

test('a reply of that model which the caller did not hear yet is dropped, without a clear', () => {
  const floor = new BargeIn(HAS_YIELDED, new PlaybackLedger(1), false);
  floor.on({type: 'streamOpened'}, 0);
  floor.on({type: 'responseStarted', responseId: 'r1', greeting: false, asked: false}, 0);
  expect(floor.on({type: 'callerSpoke', since: 200, heard: false}, 200)).toEqual([]);
  expect(floor.isSilenced('r1')).toBe(true);
});

test('a key stops what that model says, and cancels it: no model hears a key', () => {
  const effects = replying().on({type: 'keyPressed'}, 1_000);
  expect(kinds(effects)).toEqual(['clear', 'mark', 'cancel']);
});
