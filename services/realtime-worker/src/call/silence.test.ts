import {describe, expect, test} from 'vitest';
import {silence} from '@voicebridge/shared/protocol/audio.ts';
import {StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {
  responseTags,
  began,
  Call,
  ended,
  hangUp,
  callEnding,
  journalled,
  sound,
  speechEvent,
  commandsToModel,
  babble,
} from '../testing/call.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {ModelEvent} from '../model/model-adapter.ts';

const started = (responseId: string, tag?: string): ModelEvent => ({type: 'responseStarted', responseId, tag});
const audio = (responseId: string, itemId: string, ms: number): ModelEvent => ({
  type: 'audio',
  responseId,
  itemId,
  payload: sound(ms),
});
const missed = (effects: readonly CallEffect[]) =>
  effects.flatMap(effect => (effect.do === 'missed' ? [`${effect.cause}: ${effect.step}`] : []));
const opened = (effects: readonly CallEffect[]) =>
  effects.flatMap(effect =>
    effect.do === 'openSpare' || effect.do === 'useSpare' || effect.do === 'dropSpare' || effect.do === 'openModel'
      ? [effect.do]
      : [],
  );

/** A caller has asked something, and the model has heard it. */
function asks(call: Call, itemId = 'u1'): Call {
  call.model(speechEvent(itemId, 'callerSpoke'), speechEvent(itemId, 'callerStopped', 500), {
    type: 'turnCommitted',
    itemId,
  });
  return call;
}

/** Lets time pass, in steps in which a deadline may fall due, and says what happened. */
function wait(call: Call, until: number): CallEffect[] {
  const effects: CallEffect[] = [];
  while (!callEnding(effects)) {
    const {deadline} = call.core;
    if (deadline === undefined || deadline > until) break;
    effects.push(...call.timePasses(deadline));
  }
  if (!callEnding(effects)) effects.push(...call.timePasses(until));
  return effects;
}

type End = Extract<ModelEvent, {type: 'responseEnded'}>;

describe('a caller who may have spoken while nobody could hear them', () => {
  const second = {...began, streamSid: StreamSid.parse(`MZ${'2'.repeat(32)}`), sinceStartMs: 0};
  const isAskedToRepeat = (effects: readonly CallEffect[]) =>
    commandsToModel(effects).some(each => each.do === 'respond' && each.instructions?.includes('say it again'));

  /** A call whose stream was lost, and came back after this many milliseconds. */
  function cutOff(ms: number): Call {
    const call = Call.connected();
    call.callerFrame();
    call.edge({kind: 'ended', why: 'moved'});
    call.at(ms).edge(second);
    return call;
  }

  test('is asked to say it again if silence follows', () => {
    const call = cutOff(1_200);
    expect(isAskedToRepeat(wait(call, 7_100))).toBe(false);
    expect(isAskedToRepeat(wait(call, 7_300))).toBe(true);
    call.model(started('r1', 'idle-1'), audio('r1', 'i1', 500), {type: 'audioEnded', itemId: 'i1'}, ended('r1'));
    expect(isAskedToRepeat(wait(call, 60_000))).toBe(false);
  });

  test('is not asked when they are heard afterwards', () => {
    const heard = cutOff(1_200);
    asks(heard);
    heard.model(started('r1'), audio('r1', 'i1', 500), {type: 'audioEnded', itemId: 'i1'}, ended('r1'));
    expect(isAskedToRepeat(wait(heard, 60_000))).toBe(false);
  });

  test('is asked by a new owner to whom the edge could not send all that they said', () => {
    const before: JournalEntry[] = [{is: 'stream', streamSid: began.streamSid, edge: began.edge, epoch: 1, wall: 0}];
    const late = new Call({}, '', {}, before);
    late.model({type: 'ready'});
    late.edge({...began, sinceStartMs: 60_000, silentMs: 9_000});
    expect(isAskedToRepeat(wait(late, 6_100))).toBe(true);
    const soon = new Call({}, '', {}, before);
    soon.model({type: 'ready'});
    soon.edge({...began, sinceStartMs: 60_000, silentMs: 500});
    expect(isAskedToRepeat(wait(soon, 60_000))).toBe(false);
  });
});

describe('a caller whose answer does not come', () => {
  test('has it asked for again, then of another session that knows the conversation, and then is told so', () => {
    const call = asks(Call.connected());
    const first = wait(call, 3_000);
    expect(responseTags(first)).toEqual(['turn-1', 'turn-2']); // the server did not answer by itself, nor when asked
    expect(opened(first)).toEqual(['openSpare']);
    call.core.on({type: 'spareReady'}, 3_500);
    const second = wait(call, 4_200);
    expect(opened(second)).toEqual(['useSpare']);
    expect(commandsToModel(second).filter(({do: what}) => what === 'add')).toHaveLength(1); // what the caller said
    expect(responseTags(second)).toEqual(['turn-3']);
    const end = wait(call, 6_000);
    expect(missed(call.effects)).toEqual(['unanswered: ask-again', 'unanswered: new-session', 'unanswered: give-up']);
    expect(callEnding(end)).toEqual({do: 'leave', intent: 'apologise', reason: 'platform.model-silent'});
  });

  test('gets another session at once where none could be made ready', () => {
    const call = asks(Call.connected());
    wait(call, 3_000);
    call.core.on({type: 'spareLost'}, 3_100);
    expect(opened(wait(call, 4_200))).toEqual(['openModel']);
  });

  test('hears it from the first session if that is only slow, and the other is closed', () => {
    const call = asks(Call.connected());
    wait(call, 3_000);
    expect(opened(call.at(3_400).model(started('r1', 'turn-1'), audio('r1', 'i1', 500)))).toEqual([]);
    expect(opened(call.model({type: 'audioEnded', itemId: 'i1'}, ended('r1')))).toEqual(['dropSpare']);
    expect(missed(call.effects)).toEqual(['unanswered: ask-again']);
  });

  test.each([
    ['that never begins to sound', [started('r1')], 'stalled'],
    [
      'that is digital silence',
      [started('r1'), {type: 'audio', responseId: 'r1', itemId: 'i1', payload: silence(2_000)}],
      'stalled',
    ],
  ] as const)('%s is asked for again', (_, events, cause) => {
    const call = asks(Call.connected());
    call.model(...events);
    const effects = wait(call, 3_000);
    expect(missed(effects)).toEqual([`${cause}: ask-again`]);
    expect(commandsToModel(effects)).toMatchObject([
      {do: 'cancel', responseId: 'r1'},
      {do: 'respond', tag: 'turn-1'},
    ]);
  });

  test.each([
    ['empty', ended('r1')],
    ['text', {...ended('r1'), inText: true}],
    ['failed', ended('r1', 'failed', 'server_error')],
    ['incomplete', ended('r1', 'incomplete', 'content_filter')],
  ] as [string, End][])('but is %s is asked for again, then of another session, and ends in words', (cause, end) => {
    const call = asks(Call.connected());
    call.model(started('r1'), end);
    expect(responseTags(wait(call, 300))).toEqual(['turn-1']);
    call.model(started('r2', 'turn-1'), {...end, responseId: 'r2'});
    expect(opened(call.effects)).toEqual(['openSpare']);
    expect(call.core.on({type: 'spareReady'}, 400).some(({do: what}) => what === 'useSpare')).toBe(true);
    call.at(500).model(started('r3', 'turn-2'));
    const effects = call.model({...end, responseId: 'r3'});
    expect(missed(call.effects)).toEqual([`${cause}: ask-again`, `${cause}: new-session`, `${cause}: give-up`]);
    expect(callEnding(effects)).toMatchObject({intent: 'apologise', reason: 'platform.model-silent'});
  });

  test('has each answer counted by itself: one that failed ten minutes ago is forgotten', () => {
    const call = asks(Call.connected());
    for (let turn = 1; turn < 6; turn += 1) {
      const failing = `f${turn}`;
      call.model(started(failing), ended(failing, 'failed', 'server_error'));
      const [tag] = responseTags(wait(call, (turn - 1) * 600_000 + 300));
      call.model(started(`r${turn}`, tag), audio(`r${turn}`, `i${turn}`, 200), {
        type: 'audioEnded',
        itemId: `i${turn}`,
      });
      expect(callEnding(call.model(ended(`r${turn}`)))).toBeUndefined();
      call.returnMarks();
      asks(call.at(turn * 600_000), `u${turn}`);
    }
    expect(missed(call.effects).every(each => each === 'failed: ask-again')).toBe(true);
  });

  test('who says "hello?" into the silence again and again is not left with a dead model', () => {
    const call = Call.connected();
    let at = 0;
    for (let turn = 0; turn < 4 && !callEnding(call.effects); turn += 1) {
      asks(call.at(at), `u${turn}`);
      at += 2_500;
      wait(call, at);
    }
    expect(callEnding(call.effects)).toMatchObject({intent: 'apologise'});
  });

  test('who speaks for long is not answered before they have finished', () => {
    const call = Call.connected();
    for (let at = 20; at <= 1_000; at += 20) call.at(at).callerFrame();
    call.model(speechEvent('u1', 'callerSpoke', 1_000));
    const words = babble(1, 12_000);
    for (let at = 1_020; at <= 12_000; at += 20) {
      call.at(at).callerFrame(words.subarray((at - 20) * 8, at * 8).toString('base64'));
      if ((call.core.deadline ?? Number.POSITIVE_INFINITY) <= at) call.timePasses(at);
    }
    expect(missed(call.effects)).toEqual([]);
    expect(responseTags(call.effects)).toEqual([]);
  });

  test('is answered by the next session if the last one was lost as they made a noise', () => {
    const call = asks(Call.connected());
    call.at(600).model(speechEvent('u2', 'callerSpoke', 600));
    call.at(700).model({type: 'lost', cause: 'unreachable', note: '', detail: ''});
    expect(responseTags(call.at(900).model({type: 'ready'}))).toEqual(['recovery-1']);
  });

  test('is not spoken to by the next session if they have their answer and only made a noise as the last one was lost', () => {
    const call = asks(Call.connected());
    call.reply('r1', 'i1', 200);
    call.at(300).returnMarks();
    call.at(600).model(speechEvent('u2', 'callerSpoke', 600));
    call.at(700).model({type: 'lost', cause: 'unreachable', note: '', detail: ''});
    call.at(900).model({type: 'ready'});
    wait(call, 30_000);
    expect(missed(call.effects)).toEqual([]);
    expect(responseTags(call.effects)).toEqual([]);
  });

  test('gets one answer, though a session was lost that was to be asked again', () => {
    const call = asks(Call.connected());
    call.model(started('r1'), ended('r1', 'failed', 'server_error'));
    call.at(100).model({type: 'lost', cause: 'unreachable', note: '', detail: ''});
    const [tag] = responseTags(call.at(200).model({type: 'ready'}));
    call.reply('r2', 'i2', 2_000, tag);
    call.returnMarks();
    wait(call, 30_000);
    expect(responseTags(call.effects)).toEqual([tag]);
  });

  test('is not asked by another session whether they are there when they have begun to speak', () => {
    const call = asks(Call.connected({}, '', {idlePromptMs: 5_000}));
    call.model(started('r1'), audio('r1', 'i1', 200), {type: 'audioEnded', itemId: 'i1'}, ended('r1'));
    call.at(300).returnMarks();
    const [first] = responseTags(wait(call, 5_400));
    call.at(5_500).model(started('r2', first), ended('r2', 'failed', 'server_error'));
    const [again] = responseTags(wait(call, 5_900));
    call.at(6_000).model(started('r3', again), ended('r3', 'failed', 'server_error'));
    call.at(6_100).model(speechEvent('u2', 'callerSpoke', 6_100));
    const effects = call.core.on({type: 'spareReady'}, 6_200);
    expect(opened(effects)).toEqual(['useSpare']);
    expect(responseTags([...effects, ...wait(call, 10_000)])).toEqual([]);
  });

  test('who pauses in a sentence has all the time of a new answer', () => {
    const call = Call.connected();
    for (let pause = 0; pause < 20; pause += 1) {
      asks(call.at(pause * 1_200), `u${pause}`);
      wait(call, pause * 1_200 + 1_000);
    }
    expect(missed(call.effects)).toEqual([]);
  });

  test('is owed nothing while they speak, nor while they hear a long answer', () => {
    const call = asks(Call.connected());
    call.model(started('r1'), audio('r1', 'i1', 30_000));
    expect(missed(wait(call, 29_000))).toEqual([]);
    call.model({type: 'audioEnded', itemId: 'i1'}, ended('r1'), speechEvent('u2', 'callerSpoke'));
    expect(missed(wait(call, 30_900))).toEqual([]);
  });

  test('who has no stream is waited for: nothing is asked again', () => {
    const call = new Call();
    call.model({type: 'ready'});
    expect(missed(wait(call, 20_000))).toEqual([]);
  });
});

describe('a caller who has waited for an answer as their worker died', () => {
  /** The next worker takes the call over at 0, `waited` milliseconds after the caller’s words; its session is silent. */
  function taken(waited: number, more: readonly JournalEntry[] = []): Call {
    const call = new Call({}, 'Say hello.', {epoch: 2}, [
      {is: 'stream', streamSid: began.streamSid, edge: began.edge, epoch: 1, wall: -60_000},
      {is: 'said', id: 'i0', from: 0, ms: 500, wall: -59_000},
      {is: 'complete', id: 'i0', wall: -59_000},
      {is: 'item', item: {kind: 'caller', id: 'u1', text: 'When do you open?'}, wall: -waited},
      ...more,
    ]);
    call.edge({...began, sinceStartMs: 60_000, silentMs: 100});
    call.at(400).model({type: 'ready'});
    return call;
  }

  test('is told after six seconds in all that there is none', () => {
    const call = taken(4_400);
    expect(responseTags(call.effects)).toEqual(['recovery-1']);
    expect(callEnding(wait(call, 1_850))).toBeUndefined();
    expect(callEnding(wait(call, 1_900))).toMatchObject({intent: 'apologise', reason: 'platform.model-silent'});
  });

  test('is answered by a session that takes its usual time, however late that is', () => {
    const call = taken(5_900);
    expect(callEnding(wait(call, 1_890))).toBeUndefined();
    call.model(started('r1', 'recovery-1'), audio('r1', 'i1', 500), {type: 'audioEnded', itemId: 'i1'}, ended('r1'));
    expect(callEnding(wait(call, 60_000))).toBeUndefined();
  });

  test('but hears what their phone still has to play is waiting from its end', () => {
    const call = taken(4_400, [
      {is: 'item', item: {kind: 'assistant', id: 'i1', text: ''}, wall: -4_000},
      {is: 'said', id: 'i1', from: 0, ms: 9_000, wall: -4_000},
    ]);
    expect(responseTags(call.effects)).toEqual(['recovery-1']);
    expect(missed(wait(call, 7_990))).toEqual([]);
    expect(missed(wait(call, 8_000))).toHaveLength(1);
  });

  test('is not given up for words that no answer was to follow', () => {
    const call = taken(30_000);
    expect(missed(wait(call, 2_990))).toEqual([]);
    expect(callEnding(wait(call, 5_990))).toBeUndefined();
  });

  test('has the time of a new wait where a tool has just told its result', () => {
    const tool = {
      is: 'item',
      item: {kind: 'toolCall', id: 't', callId: 'c', name: 'look_up', arguments: '{}'},
    } as const;
    const result = {is: 'item', item: {kind: 'toolResult', id: 'r', callId: 'c', output: 'nine'}} as const;
    const call = taken(5_500, [
      {...tool, wall: -5_000},
      {...result, wall: -1_000},
    ]);
    expect(callEnding(wait(call, 4_990))).toBeUndefined();
    expect(callEnding(wait(call, 5_000))).toBeDefined();
  });
});

describe('a reply that breaks off', () => {
  test('in mid-speech is taken up where it stopped', () => {
    const call = asks(Call.connected());
    call.model(started('r1'), audio('r1', 'i1', 1_000));
    call.model({type: 'words', responseId: 'r1', itemId: 'i1', text: 'We are open from', whole: false});
    const effects = wait(call, 4_000);
    expect(missed(effects)).toEqual(['stalled: ask-again']);
    expect(commandsToModel(effects)).toMatchObject([
      {do: 'cancel', responseId: 'r1'},
      {do: 'respond', instructions: expect.stringContaining('after the words: "We are open from"') as string},
    ]);
  });

  test('because of its length goes on once, and is not pressed for more', () => {
    const call = asks(Call.connected());
    call.model(started('r1'), audio('r1', 'i1', 1_000), {type: 'audioEnded', itemId: 'i1'});
    const [tag] = responseTags(call.model(ended('r1', 'incomplete', 'max_output_tokens')));
    expect(tag).toBe('recovery-1');
    call.model(started('r2', tag), audio('r2', 'i2', 1_000), {type: 'audioEnded', itemId: 'i2'});
    expect(responseTags(call.model(ended('r2', 'incomplete', 'max_output_tokens')))).toEqual([]);
    expect(missed(call.effects)).toEqual(['incomplete: ask-again', 'incomplete: accept']);
  });

  test('because of a filter does not try to say the same again', () => {
    const call = asks(Call.connected());
    call.model(started('r1'), audio('r1', 'i1', 1_000));
    const effects = call.model(ended('r1', 'incomplete', 'content_filter'));
    expect(commandsToModel(effects)).toMatchObject([
      {instructions: expect.stringContaining('content filter') as string},
    ]);
  });

  test('after some speech, each time, does not go on without end', () => {
    const call = asks(Call.connected());
    const creates = () => responseTags(call.effects).length;
    for (let reply = 1; reply < 30 && !callEnding(call.effects); reply += 1) {
      call.model(started(`r${reply}`, responseTags(call.effects).at(-1)), audio(`r${reply}`, `i${reply}`, 100));
      call.model(ended(`r${reply}`, 'failed', 'server_error'));
      wait(call, reply * 400);
      if (opened(call.effects).length === 1) call.core.on({type: 'spareReady'}, reply * 400);
    }
    expect(callEnding(call.effects)).toMatchObject({intent: 'apologise'});
    expect(creates()).toBeLessThanOrEqual(3);
  });

  test('is over when all of it was said, though the server never says so', () => {
    const call = asks(Call.connected());
    call.model(started('r1'), audio('r1', 'i1', 1_000), {type: 'audioEnded', itemId: 'i1'});
    const effects = wait(call, 10_000);
    expect(missed(effects)).toEqual(['never-ended: accept']);
    expect(responseTags(effects)).toEqual([]);
    expect(call.core.on({type: 'drain'}, 10_000).map(({do: what}) => what)).toEqual(['handOver']);
  });
});

describe('a server that is not strict', () => {
  test('and never echoes metadata greets once', () => {
    const call = Call.connected({}, 'Say hello.');
    for (let reply = 0; reply < 10; reply += 1) {
      call.reply(`r${reply}`, `i${reply}`, 200);
      call.returnMarks();
      wait(call, reply * 1_000);
    }
    expect(responseTags(call.effects)).toEqual(['greeting-1']);
  });

  test('and refuses metadata is asked without', () => {
    const call = Call.connected({}, 'Say hello.');
    const refusal = {
      code: 'invalid_request_error',
      message: 'Specifying `response.metadata` is not supported',
      about: undefined,
    };
    expect(commandsToModel(call.model({type: 'refused', ...refusal}))).toMatchObject([{do: 'respond', untagged: true}]);
  });

  test('and sends sound without a word that a response begins is heard, and its tools are run', () => {
    const call = asks(Call.connected());
    expect(call.model(audio('r1', 'i1', 500)).some(({do: what}) => what === 'edge')).toBe(true);
    call.model({type: 'audioEnded', itemId: 'i1'}, ended('r1'));
    call.returnMarks();
    expect(missed(wait(call, 20_000))).toEqual([]);
  });

  test('and does not say which request it refused is waited for until its other response ends', () => {
    const call = Call.connected({}, 'Say hello.');
    call.model({type: 'refused', code: 'conversation_already_has_active_response', message: '', about: undefined});
    expect(responseTags(call.model(ended('r-unseen', 'cancelled')))).toEqual(['greeting-2']);
  });

  test('and refuses what we ask for, whatever we ask, ends the call in words', () => {
    const call = asks(Call.connected());
    wait(call, 1_500);
    for (let refusal = 0; refusal < 10 && !callEnding(call.effects); refusal += 1) {
      const about = `respond:${responseTags(call.effects).at(-1)}`;
      call.model({type: 'refused', code: 'invalid_value', message: 'no', about});
      wait(call, 2_000 + refusal * 400);
      if (opened(call.effects).length === 1) call.core.on({type: 'spareReady'}, 2_000 + refusal * 400);
    }
    expect(callEnding(call.effects)).toMatchObject({intent: 'apologise'});
  });

  test('and never says that the caller stopped, nor what they said, answers all the same', () => {
    const call = Call.connected();
    call.model(speechEvent('u1', 'callerSpoke'));
    const effects = wait(call, 12_000);
    expect(missed(effects)[0]).toBe('unheard: ask-again');
    expect(responseTags(effects)[0]).toBe('turn-1');
  });
});

const limited = (responseId: string, retryAfterMs?: number): ModelEvent => ({
  ...ended(responseId, 'failed', 'rate_limit_exceeded'),
  ...(retryAfterMs === undefined ? {} : {retryAfterMs}),
});

describe('a rate limit', () => {
  test('that says when to come back is waited for', () => {
    const call = asks(Call.connected());
    call.model(started('r1'), limited('r1', 2_400));
    expect(responseTags(wait(call, 2_399))).toEqual([]);
    expect(responseTags(wait(call, 2_400))).toEqual(['turn-1']);
    expect(missed(call.effects)).toEqual(['rate-limited: wait']);
  });

  test('that goes on and on ends the call in words', () => {
    const call = asks(Call.connected());
    let at = 0;
    for (let reply = 1; reply < 20 && !callEnding(call.effects); reply += 1) {
      call.model(started(`r${reply}`, responseTags(call.effects).at(-1)), limited(`r${reply}`, 500));
      at += 600;
      wait(call, at);
      if (opened(call.effects).length === 1) call.core.on({type: 'spareReady'}, at);
    }
    expect(callEnding(call.effects)).toMatchObject({intent: 'apologise'});
    expect(responseTags(call.effects).length).toBeLessThanOrEqual(6);
  });

  test('that comes again in the middle of each answer is not waited for without end', () => {
    const call = asks(Call.connected());
    for (let reply = 1; reply < 30 && !callEnding(call.effects); reply += 1) {
      call.model(started(`r${reply}`, responseTags(call.effects).at(-1)), audio(`r${reply}`, `i${reply}`, 100));
      call.model(limited(`r${reply}`, 500));
      wait(call, reply * 700);
      if (opened(call.effects).length === 1) call.core.on({type: 'spareReady'}, reply * 700);
    }
    expect(callEnding(call.effects)).toMatchObject({intent: 'apologise'});
    expect(responseTags(call.effects).length).toBeLessThanOrEqual(6);
  });
});

describe('a rate limit that takes longer than a caller should wait in silence', () => {
  const held = (effects: readonly CallEffect[]) => effects.flatMap(effect => (effect.do === 'hold' ? [effect.ms] : []));
  const moved = {kind: 'ended', why: 'moved'} as const;
  const back = {...began, streamSid: StreamSid.parse(`MZ${'2'.repeat(32)}`)};

  /** The answer to a caller is limited for eight seconds, and their stream is closed. */
  function holds(): Call {
    const call = asks(Call.connected());
    call.model(started('r1'), limited('r1', 8_000));
    call.at(50).edge(moved);
    return call;
  }

  test('is told to the caller by Twilio, and the model is asked when it is over, once', () => {
    const call = holds();
    expect(held(call.effects)).toEqual([8_000]);
    expect(journalled(call.effects, 'held')).toEqual([{is: 'held', ms: 8_000}]);
    call.at(4_000).edge(back);
    expect(responseTags(wait(call, 7_999))).toEqual([]);
    expect(responseTags(wait(call, 8_100))).toEqual(['turn-1']);
    call.model(started('r2', 'turn-1'), audio('r2', 'i2', 500), {type: 'audioEnded', itemId: 'i2'}, ended('r2'));
    expect(missed(wait(call, 20_000))).toEqual([]);
    expect(missed(call.effects)).toEqual(['rate-limited: hold']);
  });

  test('is over before the caller is back: they are answered when they are', () => {
    const call = holds();
    expect(responseTags(wait(call, 11_000))).toEqual([]);
    call.at(11_000).edge(back);
    expect(responseTags(wait(call, 11_001))).toEqual(['turn-1']);
    expect(missed(call.effects)).toEqual(['rate-limited: hold']);
  });

  test('goes on for long after the caller is back, and does not count as our silence', () => {
    const call = asks(Call.connected());
    call.model(started('r1'), limited('r1', 20_000));
    call.at(50).edge(moved);
    call.at(3_000).edge(back);
    expect(responseTags(wait(call, 20_100))).toEqual(['turn-1']);
    expect(missed(call.effects)).toEqual(['rate-limited: hold']);
  });

  test('is no accident of the call: no stream was lost, and the caller has the time to come back', () => {
    const call = asks(Call.connected());
    call.model(started('r1'), limited('r1', 30_000));
    call.at(50).edge(moved);
    expect(callEnding(wait(call, 45_000))).toBeUndefined();
    call.edge(back);
    expect(journalled(call.effects, 'failover')).toEqual([]);
  });

  test('ends the call of a caller who never comes back', () => {
    expect(callEnding(wait(holds(), 100_000))).toEqual({do: 'end', reason: 'platform.stream-lost'});
  });

  test('waits with its sentence until what was said has been heard', () => {
    const call = asks(Call.connected());
    call.model(started('r1'), audio('r1', 'i1', 2_000), limited('r1', 9_000));
    expect(held(call.effects)).toEqual([]);
    call.at(2_000).returnMarks();
    expect(held(call.effects)).toEqual([7_000]);
  });

  test('is not told over a caller who speaks, but when they have finished', () => {
    const call = asks(Call.connected({mode: 'resume'}));
    call.model(started('r1'), speechEvent('u2', 'callerSpoke'), limited('r1', 8_000));
    call.callerFrame();
    expect(held(call.effects)).toEqual([]);
    call.at(1_000).model(speechEvent('u2', 'callerStopped', 900));
    expect(held(call.effects)).toEqual([7_000]);
  });

  test('is not told to a caller who is answered all the same', () => {
    const call = asks(Call.connected());
    call.model(started('r1'), audio('r1', 'i1', 1_000), limited('r1', 8_000));
    call.at(500).model(started('r2'), audio('r2', 'i2', 500), {type: 'audioEnded', itemId: 'i2'}, ended('r2'));
    call.returnMarks();
    expect(responseTags(wait(call, 20_000))).toEqual([]);
    expect(held(call.effects)).toEqual([]);
  });

  test('is told to a caller whose stream was just lost when they are back', () => {
    const call = asks(Call.connected());
    call.edge({kind: 'ended', why: 'lost'});
    call.model(started('r1'), limited('r1', 9_000));
    expect(held(call.effects)).toEqual([]);
    call.at(1_000).edge(back);
    expect(held(call.effects)).toEqual([8_000]);
    expect(journalled(call.effects, 'failover')).toHaveLength(1);
  });

  test('is held for once: limited again, the answer goes the way of all that fail', () => {
    const call = holds();
    call.at(4_000).edge(back);
    wait(call, 8_000);
    call.model(started('r2', 'turn-1'), limited('r2', 8_000));
    expect(missed(call.effects)).toEqual(['rate-limited: hold', 'rate-limited: ask-again']);
    expect(held(call.effects)).toEqual([8_000]);
  });

  test('of more than half a minute is not waited for', () => {
    const call = asks(Call.connected());
    call.model(started('r1'), limited('r1', 31_000));
    expect(held(call.effects)).toEqual([]);
    expect(missed(call.effects)).toEqual(['rate-limited: ask-again']);
  });

  test('outlives the model’s session: the next one is not asked before its time either', () => {
    const call = holds();
    call.at(1_000).model({type: 'lost', cause: 'closed', detail: ''}, {type: 'ready'});
    call.at(4_000).edge(back);
    expect(responseTags(wait(call, 7_999))).toEqual([]);
    expect(responseTags(wait(call, 8_100))).toHaveLength(1);
  });

  test('outlives the worker: the next one asks when it is over and the caller is back, and holds nobody again', () => {
    const before: JournalEntry[] = [
      {wall: -9_000, is: 'said', id: 'i0', from: 0, ms: 500},
      {wall: -2_000, is: 'item', item: {kind: 'caller', id: 'u1', text: 'When do you open?'}},
      {wall: -1_000, is: 'held', ms: 8_000},
    ];
    const call = new Call({}, 'Say hello.', {}, before);
    call.at(100).model({type: 'ready'});
    expect(callEnding(wait(call, 20_000))).toBeUndefined();
    call.at(3_000).edge(back);
    expect(responseTags(wait(call, 6_999))).toEqual([]);
    expect(responseTags(wait(call, 7_100))).toEqual(['recovery-1']);
    expect(held(call.effects)).toEqual([]);
  });
});

describe('a model that calls tools without end', () => {
  const calls = (call: Call, reply: number) =>
    call.model(
      started(`r${reply}`, responseTags(call.effects).at(-1)),
      {...hangUp(`r${reply}`), itemId: `t${reply}`, callId: `c${reply}`, name: 'look_up'} as ModelEvent,
      ended(`r${reply}`),
    );

  test('is made to speak after eight rounds without a word, and ends the call in words if it does not', () => {
    const call = asks(Call.connected());
    for (let reply = 1; reply < 8; reply += 1) calls(call, reply);
    expect(commandsToModel(calls(call, 8)).at(-1)).toMatchObject({do: 'respond', speechOnly: true});
    expect(callEnding(calls(call, 9))).toMatchObject({intent: 'apologise', reason: 'platform.model-silent'});
    expect(missed(call.effects)).toEqual(['tool-loop: ask-again', 'tool-loop: give-up']);
  });

  test('is left alone as long as the caller hears something in between', () => {
    const call = asks(Call.connected());
    for (let reply = 1; reply < 40; reply += 2) {
      calls(call, reply);
      call.reply(`r${reply + 1}`, `i${reply + 1}`, 100, responseTags(call.effects).at(-1));
      asks(call, `u${reply}`);
    }
    expect(missed(call.effects)).toEqual([]);
  });

  test('with names that no record can hold is recorded all the same', () => {
    const call = asks(Call.connected());
    const event = {...hangUp('r1'), name: 'x'.repeat(300)} as ModelEvent;
    const [tool] = journalled(call.model(started('r1'), event), 'tool');
    expect(tool?.tool.name).toHaveLength(100);
  });
});

describe('a goodbye', () => {
  const saysGoodbye = () => {
    const call = Call.inConversation();
    call.model(started('r1'), audio('r1', 'i1', 1_000), hangUp('r1'));
    return call;
  };

  test('whose end never comes does not keep the line open', () => {
    const end = wait(saysGoodbye(), 20_000);
    expect(callEnding(end)).toEqual({do: 'leave', intent: 'hang-up', reason: 'assistant.hung-up'});
  });

  test('whose session is lost does not keep the line open', () => {
    const call = saysGoodbye();
    call.at(200).model({type: 'lost', cause: 'closed', detail: ''});
    expect(callEnding(wait(call, 20_000))).toMatchObject({intent: 'hang-up', reason: 'assistant.hung-up'});
  });
});

describe('keys', () => {
  test('stop the assistant at once, and what was not heard is forgotten', () => {
    const call = Call.connected();
    call.reply('r1', 'i1', 5_000);
    const effects = call.at(1_000).edge({kind: 'digit', digit: '1'});
    expect(effects[0]).toMatchObject({do: 'edge', frame: {kind: 'clear'}});
    const settled = [...effects, ...wait(call, 2_000)];
    expect(commandsToModel(settled)).toContainEqual({
      do: 'truncate',
      itemId: 'i1',
      audioEndMs: expect.closeTo(1_000, -1) as number,
    });
    expect(responseTags(wait(call, 3_000))).toEqual(['digits-1']);
  });

  test('cancel a reply that is still being made: the server does not hear keys', () => {
    const call = Call.connected();
    call.reply('r1', 'i1', 5_000, undefined, false);
    const effects = call.at(1_000).edge({kind: 'digit', digit: '1'});
    expect(commandsToModel(effects)).toContainEqual({do: 'cancel', responseId: 'r1'});
  });

  test('only collect where the assistant is told to finish', () => {
    for (const call of [Call.connected({}, '', {digitsInterrupt: false}), Call.connected({uninterruptible: true})]) {
      call.reply('r1', 'i1', 5_000);
      expect(
        call
          .at(1_000)
          .edge({kind: 'digit', digit: '1'})
          .map(({do: what}) => what),
      ).toEqual(['journal']);
    }
  });
});

describe('a call that nobody ends', () => {
  const limits = {maxCallMs: 60_000, noSpeechMs: 20_000, idlePromptMs: 5_000, idleHangUp: true};
  const says = (call: Call, id: string, tag: string | undefined) => {
    call.reply(`r-${id}`, `i-${id}`, 1_000, tag);
    call.returnMarks();
  };

  test('is ended in words at its longest length, whoever speaks', () => {
    const call = Call.connected({}, '', {maxCallMs: 60_000});
    asks(call.at(59_000));
    says(call, 'answer', undefined);
    const [tag] = responseTags(wait(call, 61_000));
    expect(tag).toMatch(/^farewell/);
    call.at(61_200).model(started('r1', tag), audio('r1', 'i1', 2_000));
    call.at(61_500).model(speechEvent('u2', 'callerSpoke'));
    expect(callEnding(wait(call, 90_000))).toEqual({do: 'leave', intent: 'hang-up', reason: 'platform.max-duration'});
  });

  test('is ended in the words of Twilio when the model does not say them', () => {
    const call = Call.connected({}, '', {maxCallMs: 60_000});
    expect(callEnding(wait(call, 90_000))).toEqual({do: 'leave', intent: 'apologise', reason: 'platform.max-duration'});
  });

  test('is ended when both questions whether they are there go unanswered', () => {
    const call = Call.connected({}, '', {...limits, noSpeechMs: 0});
    for (let question = 1; question <= 2; question += 1) {
      const [tag] = responseTags(wait(call, question * 8_000));
      expect(tag).toMatch(/^idle/);
      says(call, String(question), tag);
    }
    const [tag] = responseTags(wait(call, 24_000));
    expect(tag).toMatch(/^farewell/);
    says(call, 'bye', tag);
    wait(call, 40_000);
    expect(callEnding(call.effects)).toMatchObject({intent: 'hang-up', reason: 'platform.idle-timeout'});
  });

  test('goes on when the caller speaks before the goodbye is over', () => {
    const call = Call.connected({}, '', {noSpeechMs: 20_000});
    const [tag] = responseTags(wait(call, 20_000));
    call.model(started('r1', tag), audio('r1', 'i1', 2_000));
    asks(call.at(20_500));
    call.reply('r2', 'i2', 500);
    call.returnMarks();
    expect(callEnding(wait(call, 39_000))).toBeUndefined();
    expect(responseTags(wait(call, 42_000))[0]).toMatch(/^farewell/);
  });

  test('counts from the first owner of the call, not from the last', () => {
    const call = Call.connected({}, '', {maxCallMs: 60_000});
    expect(call.core.deadline).toBeLessThanOrEqual(60_000);
  });
});

test('a stream that begins is owed a greeting from then on', () => {
  const call = new Call();
  call.edge(began);
  const effects = wait(call, 6_000);
  expect(missed(effects)).toEqual(['no-session: ask-again', 'no-session: new-session', 'no-session: give-up']);
  expect(callEnding(effects)).toMatchObject({intent: 'apologise', reason: 'platform.model-lost'});
});

describe.each([
  ['fails', ended('r1', 'failed', 'server_error')],
  ['stops at its limit', ended('r1', 'incomplete', 'max_output_tokens')],
] as [string, End][])('a caller whose answer %s in mid-speech', (_, end) => {
  const begins: ModelEvent[] = [started('r1'), audio('r1', 'i1', 1_500), {type: 'audioEnded', itemId: 'i1'}];
  /** The worker has died; the next one has a model session, and the caller's phone. */
  const next = (call: Call): Call => {
    const before = call.effects.flatMap(effect => (effect.do === 'journal' ? [{...effect.fact, wall: 0}] : []));
    const other = new Call({}, 'Say hello.', {epoch: 2}, before);
    other.model({type: 'ready'});
    other.edge({...began});
    return other;
  };

  test('hears the rest from the next worker, whether or not it was asked for again before', () => {
    const call = asks(Call.connected());
    call.model(...begins, end);
    expect(responseTags(next(call).effects)).toEqual(['recovery-1']);
    const [tag] = responseTags(wait(call, 300));
    expect(responseTags(next(call).effects)).toEqual(['recovery-1']);
    call.model(started('r2', tag));
    expect(responseTags(next(call).effects)).toEqual(['recovery-1']);
  });

  test('hears nothing twice from the next worker once the rest was said, and is not answered after they spoke over it', () => {
    const call = asks(Call.connected());
    call.model(...begins, end);
    const [tag] = responseTags(wait(call, 300));
    call.model(started('r2', tag), audio('r2', 'i2', 800), {type: 'audioEnded', itemId: 'i2'}, ended('r2'));
    expect(responseTags(next(call).effects)).toEqual([]);
  });

  test('is asked nothing by the next worker where the answer was whole', () => {
    const call = asks(Call.connected());
    call.model(...begins, ended('r1'));
    expect(responseTags(next(call).effects)).toEqual([]);
  });
});
