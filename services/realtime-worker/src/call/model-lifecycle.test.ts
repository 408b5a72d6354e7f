import {describe, expect, test} from 'vitest';
import {Call, commandsToModel} from '../testing/call.ts';
import {ModelLifecycle} from './model-lifecycle.ts';

const HOUR = 3_600_000;

describe('a model whose sessions die one after the other', () => {
  test('is given up after seven of them in a row, though each of them began to speak', () => {
    const sessions = new ModelLifecycle(HOUR);
    const steps = Array.from({length: 8}, (_, at) => {
      sessions.ready(at);
      return sessions.lost('closed').do;
    });
    expect(steps).toEqual([...Array.from({length: 7}, () => 'reopen'), 'give-up']);
  });

  test('is given up as soon when a spare took the place of each', () => {
    const sessions = new ModelLifecycle(HOUR);
    const steps = Array.from({length: 8}, (_, at) => {
      sessions.ready(at);
      sessions.spareReady();
      const {do: step} = sessions.lost('closed');
      if (step === 'useSpare') sessions.spareUsed(at);
      return step;
    });
    expect(steps).toEqual([...Array.from({length: 7}, () => 'useSpare'), 'give-up']);
  });

  test('has all its tries again after an answer that was said to its end', () => {
    const sessions = new ModelLifecycle(HOUR);
    for (let at = 0; at < 5; at += 1) sessions.lost('closed');
    sessions.works();
    expect(sessions.lost('closed')).toEqual({do: 'reopen', after: 0});
  });
});

describe('a spare session', () => {
  const ROTATE = 60_000;
  /** A call whose session has been in use since moment 0, and is old now. */
  const old = () => {
    const sessions = new ModelLifecycle(ROTATE);
    sessions.ready(0);
    expect(sessions.deadline).toBe(ROTATE);
    expect(sessions.due(ROTATE)).toEqual({do: 'openSpare'});
    return sessions;
  };
  /** A call whose caller waits in vain, so that a spare is being opened for their answer. */
  const waiting = () => {
    const sessions = new ModelLifecycle(ROTATE);
    sessions.ready(0);
    expect(sessions.answerFrom('spare')).toEqual({do: 'openSpare'});
    return sessions;
  };

  test('is opened when the session in use is old, and takes its place only at a turn boundary', () => {
    const sessions = old();
    expect(sessions.due(ROTATE + 1)).toBeUndefined();
    expect(sessions.isRotating).toBe(false); // a boundary before it is ready passes unused
    sessions.spareReady();
    expect(sessions.isRotating).toBe(true);
    sessions.spareUsed(70_000);
    expect(sessions.isRotating).toBe(false);
    expect(sessions.deadline).toBe(70_000 + ROTATE);
  });

  test('that is lost is opened again five seconds later, and the call goes on with the session it has', () => {
    const sessions = old();
    sessions.spareLost(61_000);
    expect(sessions.isReady).toBe(true);
    expect(sessions.deadline).toBe(66_000);
    expect(sessions.due(65_999)).toBeUndefined();
    expect(sessions.due(66_000)).toEqual({do: 'openSpare'});
  });

  test('takes over at once when the session in use is lost, whatever that one was lost for', () => {
    const sessions = old();
    sessions.spareReady();
    expect(sessions.lost('quota')).toEqual({do: 'useSpare'});
    sessions.spareUsed(61_000);
    expect(sessions.lost('closed')).toEqual({do: 'reopen', after: 100});
  });

  test('that is still being opened when the session in use is lost takes over when it is ready', () => {
    const sessions = old();
    expect(sessions.lost('closed')).toEqual({do: 'reopen', after: 0});
    sessions.spareReady();
    expect(sessions.isRotating).toBe(true);
  });

  test('for an answer waits until the caller is to hear that answer from it', () => {
    const sessions = waiting();
    sessions.spareReady();
    expect(sessions.isRotating).toBe(false);
    expect(sessions.answerFrom('other')).toEqual({do: 'useSpare'});
  });

  test('for an answer is dropped when the session in use answers after all', () => {
    const sessions = waiting();
    sessions.spareReady();
    expect(sessions.answerFrom('same')).toEqual({do: 'dropSpare'});
    expect(sessions.answerFrom('same')).toBeUndefined();
    expect(sessions.deadline).toBe(ROTATE);
  });

  test('for an answer that is lost is not opened again at once: the session in use is replaced by a new one', () => {
    const sessions = waiting();
    sessions.spareLost(1_000);
    expect(sessions.answerFrom('spare')).toBeUndefined();
    expect(sessions.answerFrom('other')).toEqual({do: 'replace'});
    expect(sessions.isReady).toBe(false);
  });

  test('for an answer that is lost is tried again five seconds later, and still only for that answer', () => {
    const sessions = waiting();
    sessions.spareLost(1_000);
    expect(sessions.due(6_000)).toEqual({do: 'openSpare'});
    sessions.spareReady();
    expect(sessions.isRotating).toBe(false);
  });
});

test('a caller hears nothing of a session that is replaced: it happens between two turns', () => {
  const call = Call.connected();
  expect(call.timePasses(3e6)).toContainEqual({do: 'openSpare'});
  call.model({type: 'words', responseId: 'r1', itemId: 'i1', text: 'Good morning.', whole: true});
  call.reply('r1', 'i1', 1_000);
  expect(call.core.on({type: 'spareReady'}, 3e6)).toEqual([]); // the reply is still to be heard
  const effects = call.returnMarks();
  expect(effects).toContainEqual({do: 'useSpare'});
  expect(commandsToModel(effects)).toContainEqual({
    do: 'add',
    item: {kind: 'assistant', id: 'i1', text: 'Good morning.'},
  });
});

describe('a model that refuses for good', () => {
  test('is given up at the first try, and is the reason for which the call ends', () => {
    const sessions = new ModelLifecycle(HOUR);
    expect(sessions.lost('quota')).toEqual({do: 'give-up'});
    expect(sessions.refusal).toBe('platform.model-refused');
  });

  test('stays given up, even if a session that was still being opened becomes ready', () => {
    const sessions = new ModelLifecycle(HOUR);
    sessions.lost('misconfigured');
    sessions.ready(10);
    sessions.spareReady();
    expect(sessions.isReady).toBe(false);
    expect(sessions.isRotating).toBe(false);
    expect(sessions.lost('closed')).toEqual({do: 'give-up'});
    expect(sessions.refusal).toBe('platform.model-refused');
  });

  test('is told apart from one that was only lost too often', () => {
    const sessions = new ModelLifecycle(HOUR);
    while (sessions.lost('closed').do !== 'give-up') expect(sessions.refusal).toBeUndefined();
    expect(sessions.refusal).toBe('platform.model-lost');
  });
});
