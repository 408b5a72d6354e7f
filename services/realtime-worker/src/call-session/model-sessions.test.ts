import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {FakeClock, flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import type {CallEvent} from '../events/call-event.ts';
import {ScriptedModel} from '../testing/scripted-model.ts';
import {ModelSessions} from './model-sessions.ts';

const settings = {
  model: 'm',
  instructions: 'Be brief.',
  voice: 'v',
  tools: [],
  maxOutputTokens: 4_096,
  safetyId: undefined,
  serverInterrupts: true,
  serverResponds: true,
};
const audio = {type: 'audio', responseId: 'r', itemId: 'i', payload: ''} as const;

/** The model sessions of a call that was taken at 0, opened 100 ms later. `ownerKnown`: when Redis has said whose it is. */
function opened(ownerKnown: Promise<void> = Promise.resolve()) {
  const clock = new FakeClock();
  const model = new ScriptedModel();
  model.readyAtOnce = false;
  const events: CallEvent[] = [];
  const readyAfter: number[] = [];
  const sessions = new ModelSessions(undefined, {
    adapter: model,
    clock,
    metrics: createMetrics('realtime-worker'),
    log: createLog('test', {level: 'silent'}),
    settings: () => settings,
    ownerKnown: () => ownerKnown,
    onEvent: event => events.push(event),
    onReady: ms => readyAfter.push(ms),
  });
  clock.advance(100);
  sessions.start();
  return {clock, model, sessions, events, readyAfter};
}

test('the time until a session is configured is reported once, not again when its settings change', () => {
  const {clock, model, readyAfter} = opened();
  clock.advance(200);
  model.sessions[0]?.emit({type: 'ready'});
  model.sessions[0]?.emit({type: 'ready'});
  expect(readyAfter).toEqual([300]);
});

test('a spare session takes over without a gap, and the session before it is closed and ignored', async () => {
  const {model, sessions, events} = opened();
  sessions.openSpare();
  await flushPromises();
  const [first, spare] = model.sessions;
  spare?.emit({type: 'ready'}, audio);
  expect(events).toEqual([{type: 'spareReady'}]);
  sessions.useSpare();
  first?.emit(audio);
  spare?.emit(audio);
  sessions.send({do: 'cancel', responseId: 'r'});
  expect(events).toEqual([{type: 'spareReady'}, {type: 'model', event: audio}]);
  expect([first?.closed, spare?.closed, spare?.commandsOf('cancel').length]).toEqual([true, false, 1]);
});

test('a spare session that is lost or dropped leaves the current session in use', async () => {
  const {model, sessions, events} = opened();
  sessions.openSpare();
  await flushPromises();
  model.sessions[1]?.emit({type: 'lost', cause: 'closed', detail: ''});
  expect(events).toEqual([{type: 'spareLost'}]);
  sessions.dropSpare();
  model.sessions[1]?.emit({type: 'ready'});
  model.sessions[0]?.emit(audio);
  expect(events).toEqual([{type: 'spareLost'}, {type: 'model', event: audio}]);
  expect(model.sessions.map(({closed}) => closed)).toEqual([false, true]);
});

test('a lost session is replaced after its pause, and not at all if the call ends before', async () => {
  const {clock, model, sessions} = opened();
  sessions.reopen(1_000);
  clock.advance(999);
  expect(model.sessions).toHaveLength(1);
  clock.advance(1);
  await flushPromises();
  expect(model.sessions.map(({closed}) => closed)).toEqual([true, false]);
  sessions.reopen(1_000);
  sessions.close();
  await clock.advanceAsync(10_000, 1_000);
  expect(model.sessions.map(({closed}) => closed)).toEqual([true, true]);
});

test('a spare session that takes over from a lost one is not replaced when the pause before a new one is over', async () => {
  const {clock, model, sessions} = opened();
  sessions.openSpare();
  await flushPromises();
  sessions.reopen(300);
  sessions.useSpare();
  await clock.advanceAsync(1_000, 100);
  expect(model.sessions.map(({closed}) => closed)).toEqual([true, false]);
});

test('a worker that does not own the call any more opens no session for it', async () => {
  const known = Promise.withResolvers<void>();
  const {clock, model, sessions} = opened(known.promise);
  sessions.openSpare();
  sessions.reopen(0);
  await clock.advanceAsync(100, 10);
  sessions.close();
  known.resolve();
  await clock.advanceAsync(1_000, 100);
  expect(model.sessions.map(({closed}) => closed)).toEqual([true]);
});

test('a caller whose model session is lost while Redis is away has another one half a second later', async () => {
  const {clock, model, sessions} = opened(new Promise(() => {}));
  sessions.reopen(0);
  await clock.advanceAsync(499, 1);
  expect(model.sessions.map(({closed}) => closed)).toEqual([true]);
  await clock.advanceAsync(1);
  expect(model.sessions.map(({closed}) => closed)).toEqual([true, false]);
});

test('a session that was dropped before it could be opened is not opened', async () => {
  const {clock, model, sessions} = opened();
  sessions.openSpare();
  sessions.dropSpare();
  await clock.advanceAsync(100, 10);
  expect(model.sessions).toHaveLength(1);
});
