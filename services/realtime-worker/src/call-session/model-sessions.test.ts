import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
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

/** The model sessions of a call that was taken at 0, opened 100 ms later. */
function opened(whenOwned = (happens: () => void) => happens()) {
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
    whenOwned,
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

test('a spare session takes over without a gap, and the session before it is closed and ignored', () => {
  const {model, sessions, events} = opened();
  sessions.openSpare();
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

test('a spare session that is lost or dropped leaves the current session in use', () => {
  const {model, sessions, events} = opened();
  sessions.openSpare();
  model.sessions[1]?.emit({type: 'lost', cause: 'closed', detail: ''});
  expect(events).toEqual([{type: 'spareLost'}]);
  sessions.dropSpare();
  model.sessions[1]?.emit({type: 'ready'});
  model.sessions[0]?.emit(audio);
  expect(events).toEqual([{type: 'spareLost'}, {type: 'model', event: audio}]);
  expect(model.sessions.map(({closed}) => closed)).toEqual([false, true]);
});

test('a lost session is replaced after its pause, and not at all if the call ends before', () => {
  const {clock, model, sessions} = opened();
  sessions.reopen(1_000);
  clock.advance(999);
  expect(model.sessions).toHaveLength(1);
  clock.advance(1);
  expect(model.sessions.map(({closed}) => closed)).toEqual([true, false]);
  sessions.reopen(1_000);
  sessions.close();
  clock.advance(10_000);
  expect(model.sessions.map(({closed}) => closed)).toEqual([true, true]);
});

test('a spare session that takes over from a lost one is not replaced when the pause before a new one is over', () => {
  const {clock, model, sessions} = opened();
  sessions.openSpare();
  sessions.reopen(300);
  sessions.useSpare();
  clock.advance(1_000);
  expect(model.sessions.map(({closed}) => closed)).toEqual([true, false]);
});

test('a worker that was frozen before a lost session was replaced opens another one when the call is still its own', () => {
  let happens = () => {};
  const {clock, model, sessions} = opened(then => (happens = then));
  sessions.reopen(300);
  clock.oversleep(16_000);
  expect(model.sessions).toHaveLength(1);
  happens();
  expect(model.sessions.map(({closed}) => closed)).toEqual([true, false]);
  sessions.reopen(300);
  clock.oversleep(16_000);
  sessions.close();
  happens();
  expect(model.sessions).toHaveLength(2);
});
