import {decodeSample, silence} from '@voicebridge/shared/protocol/audio.ts';
import {describe, expect, test} from 'vitest';
import type {CallEffect} from '../events/call-effect.ts';
import type {FloorPolicy} from '../assistant.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {
  responseTags,
  babble,
  began,
  Call,
  framesToEdge,
  ended,
  hangUp,
  callEnding,
  journalled,
  sound,
  speechEvent,
  commandsToModel,
  VOICE,
} from '../testing/call.ts';

describe('the greeting', () => {
  test('is asked for once, when the model is ready and the caller’s stream exists, whichever comes first', () => {
    const early = new Call();
    expect(responseTags(early.model({type: 'ready'}))).toEqual([]);
    expect(responseTags(early.at(900).edge(began))).toEqual(['greeting-1']);
    const late = new Call();
    expect(responseTags(late.edge(began))).toEqual([]);
    expect(responseTags(late.at(900).model({type: 'ready'}))).toEqual(['greeting-1']);
  });

  test('costs nothing in a call whose stream never comes', () => {
    const call = new Call();
    const effects = [
      ...call.model({type: 'ready'}),
      ...call.at(5_000).model({type: 'lost', cause: 'closed', detail: ''}),
    ];
    expect(responseTags([...effects, ...call.at(5_500).model({type: 'ready'})])).toEqual([]);
  });

  test('is not repeated by another session', () => {
    const call = new Call();
    call.edge(began);
    call.model({type: 'ready'});
    call.reply('r1', 'i1', 500, 'greeting-1');
    call.at(100).model({type: 'lost', cause: 'closed', detail: ''});
    expect(responseTags(call.at(300).model({type: 'ready'}))).toEqual([]);
  });

  test('that was asked for and not begun is asked of the next session', () => {
    const call = new Call();
    call.edge(began);
    call.model({type: 'ready'}, {type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'});
    call.model({type: 'lost', cause: 'closed', detail: ''});
    const again = call.at(200).model({type: 'ready'});
    expect(responseTags(again)).toEqual(['greeting-2']);
    expect(commandsToModel(again)).toContainEqual(
      expect.objectContaining({instructions: expect.stringContaining('Say hello.')}),
    );
  });

  test('that broke off is gone on with, not begun again', () => {
    const call = new Call();
    call.edge(began);
    call.model({type: 'ready'});
    call.reply('r1', 'i1', 1_000, 'greeting-1', false);
    call.model({type: 'words', responseId: 'r1', itemId: 'i1', text: 'Hello and wel', whole: false});
    call.at(100).model({type: 'lost', cause: 'closed', detail: ''});
    const again = call.at(300).model({type: 'ready'});
    expect(responseTags(again)).toEqual(['recovery-2']);
    expect(commandsToModel(again).find(command => command.do === 'respond')).toMatchObject({
      instructions: expect.stringContaining('Go on from exactly there'),
    });
  });

  test('that fails is tried once more, with its words', () => {
    const call = new Call();
    call.edge(began);
    call.model(
      {type: 'ready'},
      {type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'},
      ended('r1', 'failed', 'server_error'),
    );
    const again = call.timePasses(300);
    expect(commandsToModel(again)).toMatchObject([
      {do: 'respond', tag: 'greeting-2', instructions: expect.stringContaining('Say hello.')},
    ]);
  });
});

describe('a caller who interrupts', () => {
  test('is heard: silence first, then the cuts, and no cancel where the server cancels', () => {
    const call = Call.connected();
    call.reply('r1', 'i1', 4_000);
    const effects = call.at(1_500).model(speechEvent('u1', 'callerSpoke'));
    expect(framesToEdge(effects)).toEqual(['clear', 'mark']);
    expect(commandsToModel(effects)).toEqual([{do: 'truncate', itemId: 'i1', audioEndMs: 1_500}]);
    expect(effects.findIndex(effect => effect.do === 'edge')).toBeLessThan(
      effects.findIndex(effect => effect.do === 'model'),
    );
  });

  test('leaves a record with its numbers, and one readable line', () => {
    const call = Call.connected();
    call.reply('r1', 'i1', 4_000);
    const effects = call.at(1_500).model(speechEvent('u1', 'callerSpoke'));
    expect(journalled(effects, 'interruption')[0]?.interruption).toMatchObject({
      truncatedAtMs: 1_500,
      unheardMs: 2_500,
      false: false,
    });
    expect(effects.find(effect => effect.do === 'timing')).toEqual({
      do: 'timing',
      line: 'barge-in: sent 4000 ms, proven 0 ms, estimated 1500 ms (round trip not measured), cut i1 at 1500 of 4000 ms',
    });
  });

  test('has interrupted the turn that was spoken, even if the next begins before the clear is confirmed', () => {
    const call = Call.connected();
    call.returnMarks();
    call.at(100).reply('r1', 'i1', 4_000);
    call.at(1_500).model(speechEvent('u1', 'callerSpoke'));
    const next = call.at(1_510).model({type: 'responseStarted', responseId: 'r2', tag: undefined});
    expect(
      journalled(next, 'turn')
        .filter(({open}) => !open)
        .map(({turn}) => [turn.interrupted, turn.heardMs]),
    ).toEqual([[true, 1_400]]);
  });

  test('before anything was audible is no interruption', () => {
    const call = Call.connected();
    call.model({type: 'responseStarted', responseId: 'r1', tag: undefined});
    const effects = call.model(speechEvent('u1', 'callerSpoke'));
    expect([framesToEdge(effects), commandsToModel(effects), journalled(effects, 'interruption')]).toEqual([
      [],
      [],
      [],
    ]);
  });

  test('is not troubled by a cut that the model refuses', () => {
    const call = Call.connected();
    call.reply('r1', 'i1', 4_000);
    call.at(1_500).model(speechEvent('u1', 'callerSpoke'));
    const refused = call.model({
      type: 'refused',
      code: 'invalid_value',
      message: 'already shorter',
      about: 'truncate:i1',
    });
    expect(journalled(refused, 'cutRefused')).toEqual([{is: 'cutRefused', id: 'i1'}]);
    expect(callEnding(refused)).toBeUndefined();
    expect(framesToEdge(call.reply('r2', 'i2', 500))).toContain('audio');
  });

  test('is forgotten by a server that counts less audio than it sent: cut where its audio ends, once', () => {
    const call = Call.connected();
    call.at(100).reply('r1', 'i1', 2_000, undefined, false);
    call.at(1_100).model(speechEvent('u1', 'callerSpoke'));
    const refused = {type: 'refused', code: 'invalid_value', message: 'already shorter', about: 'truncate:i1'} as const;
    const again = call.model({...refused, holdsMs: 915});
    expect(commandsToModel(again)).toEqual([{do: 'truncate', itemId: 'i1', audioEndMs: 915}]);
    expect(journalled(again, 'cutRefused')).toEqual([]);
    const twice = call.model({...refused, holdsMs: 900});
    expect(commandsToModel(twice)).toEqual([]);
    expect(journalled(twice, 'cutRefused')).toHaveLength(1);
  });

  test('is not troubled by races that the server calls errors', () => {
    const call = Call.connected();
    for (const code of ['response_cancel_not_active', 'conversation_already_has_active_response']) {
      expect(call.model({type: 'refused', code, message: '', about: undefined})).toEqual([]);
    }
  });

  test('cuts audio of a session that is gone by words, not by milliseconds', () => {
    const call = Call.connected();
    call.reply('r1', 'i1', 4_000);
    call.model({type: 'words', responseId: 'r1', itemId: 'i1', text: 'We are open from five to eleven.', whole: true});
    call.at(500).model({type: 'lost', cause: 'closed', detail: ''});
    call.at(600).model({type: 'ready'});
    const effects = call.at(2_000).model(speechEvent('u1', 'callerSpoke'));
    expect(commandsToModel(effects)).toEqual([
      {do: 'add', item: {kind: 'assistant', id: 'i1-cut', text: 'We are open from'}, after: 'i1'},
      {do: 'delete', itemId: 'i1'},
    ]);
  });
});

describe('a reply that fails', () => {
  test('is asked for once more, then of another session, and then the call ends in words', () => {
    const call = Call.connected();
    call.model({type: 'responseStarted', responseId: 'r1', tag: undefined}, ended('r1', 'failed', 'server_error'));
    expect(responseTags(call.timePasses(299))).toEqual([]);
    expect(responseTags(call.timePasses(300))).toEqual(['turn-1']);
    call.model({type: 'responseStarted', responseId: 'r2', tag: 'turn-1'}, ended('r2', 'failed', 'server_error'));
    call.model({type: 'ready'}); // the session that was made ready beside it
    expect(callEnding(call.effects)).toBeUndefined();
  });

  test('without a sound is a failure too', () => {
    const call = Call.connected();
    call.model(
      {type: 'responseStarted', responseId: 'r1', tag: undefined},
      ended('r1', 'incomplete', 'max_output_tokens'),
    );
    expect(responseTags(call.timePasses(300))).toEqual(['turn-1']);
  });

  test('is not asked for again when the caller has said something new', () => {
    const call = Call.connected();
    call.model({type: 'responseStarted', responseId: 'r1', tag: undefined}, ended('r1', 'failed', 'server_error'));
    call.model(speechEvent('u1', 'callerSpoke'), speechEvent('u1', 'callerStopped', 500), {
      type: 'turnCommitted',
      itemId: 'u1',
    });
    expect(responseTags(call.timePasses(300))).toEqual([]);
  });

  test('told twice is one failure, and is billed once', () => {
    const call = Call.connected();
    const effects = call.model(
      {type: 'responseStarted', responseId: 'r1', tag: undefined},
      ended('r1', 'failed', 'server_error'),
      ended('r1', 'failed', 'server_error'),
    );
    expect(callEnding(effects)).toBeUndefined();
    expect(journalled(effects, 'tokens')).toHaveLength(1);
  });
});

describe('an assistant that hangs up', () => {
  const goodbye = () => {
    const call = Call.inConversation();
    call.model(
      {type: 'responseStarted', responseId: 'r1', tag: undefined},
      {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(2_000)},
      {type: 'audioEnded', itemId: 'i1'},
      hangUp('r1'),
      ended('r1'),
    );
    return call;
  };

  test('closes the line after the last word was heard, and not before', () => {
    const call = goodbye();
    expect(callEnding(call.effects)).toBeUndefined();
    expect(callEnding(call.timePasses(1_900))).toBeUndefined();
    expect(callEnding(call.at(2_010).returnMarks())).toMatchObject({
      do: 'leave',
      intent: 'hang-up',
      reason: 'assistant.hung-up',
    });
  });

  test('does not leave the line open when the mark is lost', () => {
    expect(callEnding(goodbye().timePasses(4_000))).toMatchObject({intent: 'hang-up'});
  });

  test('stays when the caller speaks over the goodbye, and the model is told', () => {
    const call = goodbye();
    const effects = call.at(1_000).model(speechEvent('u1', 'callerSpoke'));
    expect(commandsToModel(effects)).toContainEqual({
      do: 'add',
      item: expect.objectContaining({kind: 'toolResult', callId: 'call-1', output: expect.stringContaining('goes on')}),
    });
    call.returnMarks();
    call.timePasses(9_000);
    expect(callEnding(call.effects)).toBeUndefined();
  });

  test('stays when the goodbye comes from a reply that the caller has spoken over', () => {
    const call = Call.inConversation();
    call.reply('r1', 'i1', 2_000, undefined, false);
    call.at(500).model(speechEvent('u1', 'callerSpoke'));
    call.at(1_500).model(speechEvent('u1', 'callerStopped'), {type: 'turnCommitted', itemId: 'u1'});
    call.model(hangUp('r1'), ended('r1', 'cancelled'));
    call.returnMarks();
    call.timePasses(9_000);
    expect(callEnding(call.effects)).toBeUndefined();
  });

  test('with resume stays for words, and not for a noise', () => {
    const noise = (spokenMs: number) => {
      const call = Call.inConversation({mode: 'resume'});
      for (let n = 0; n < 200; n += 1) call.at(n * 20).callerFrame();
      call
        .at(10_000)
        .model(
          {type: 'responseStarted', responseId: 'r1', tag: undefined},
          {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(2_000)},
          {type: 'audioEnded', itemId: 'i1'},
          hangUp('r1'),
          ended('r1'),
        );
      call.at(11_000).model(speechEvent('u1', 'callerSpoke', 1_000));
      call
        .at(11_800)
        .model(speechEvent('u1', 'callerStopped', 1_000 + spokenMs), {type: 'turnCommitted', itemId: 'u1'});
      call.at(13_100).returnMarks();
      return callEnding(call.effects);
    };
    expect(noise(100)).toMatchObject({intent: 'hang-up'});
    expect(noise(700)).toBeUndefined();
  });
});

describe('a noise', () => {
  test('with resume is forgotten by the model, and leaves a record of a false interruption', () => {
    const call = Call.connected({mode: 'resume'});
    call.reply('r1', 'i1', 3_000);
    for (let n = 0; n < 50; n += 1) call.at(n * 20).callerFrame(n < 45 ? undefined : VOICE);
    const paused = call.at(1_000).model(speechEvent('u1', 'callerSpoke', 900));
    expect(framesToEdge(paused)).toEqual(['clear', 'mark']);
    expect(commandsToModel(paused)).toEqual([]);
    const resumed = call
      .at(1_700)
      .model(speechEvent('u1', 'callerStopped', 990), {type: 'turnCommitted', itemId: 'u1'});
    expect(framesToEdge(resumed)).toEqual(['mark', 'audio']);
    expect(commandsToModel(resumed)).toEqual([{do: 'delete', itemId: 'u1'}]);
    expect(journalled(resumed, 'interruption')[0]?.interruption.false).toBe(true);
  });

  const click = () => {
    const call = Call.connected({greetingProtectedMs: 500}, 'Say hello.');
    call.reply('r1', 'i1', 2_000, 'greeting-1');
    for (let n = 0; n < 35; n += 1) call.at(n * 20).callerFrame(n === 5 ? VOICE : undefined);
    call.at(170).model(speechEvent('u1', 'callerSpoke', 90));
    const effects = call.at(700).model(speechEvent('u1', 'callerStopped', 190), {type: 'turnCommitted', itemId: 'u1'});
    return {call, effects: [...effects, ...call.timePasses(3_000)]};
  };

  test('while the greeting begins is not answered', () => {
    const {effects} = click();
    expect(responseTags(effects)).toEqual([]);
    expect(framesToEdge(effects)).toEqual([]);
  });

  test('that turns out to have been a word is answered, once', () => {
    const {call} = click();
    expect(responseTags(call.model({type: 'callerWords', itemId: 'u1', text: ' … '}))).toEqual([]);
    expect(responseTags(call.model({type: 'callerWords', itemId: 'u1', text: 'Hello?'}))).toEqual(['turn-2']);
    expect(responseTags(call.model({type: 'callerWords', itemId: 'u1', text: 'Hello?'}))).toEqual([]);
  });

  test('that the caller has spoken after is not answered beside what they said', () => {
    const {call} = click();
    call.at(3_100).model(speechEvent('u2', 'callerSpoke', 600));
    expect(responseTags(call.model({type: 'callerWords', itemId: 'u1', text: 'Hello?'}))).toEqual([]);
  });
});

/** A square wave of this level, in dB of full scale: 20 ms of μ-law. */
const level = (decibels: number) => {
  const sample = 32_768 * 10 ** (decibels / 20);
  const bytes = Array.from({length: 128}, (_, byte) => 0x80 | byte);
  const nearest = bytes.reduce((best, byte) =>
    Math.abs(decodeSample(byte) - sample) < Math.abs(decodeSample(best) - sample) ? byte : best,
  );
  return Buffer.from(Array.from({length: 160}, (_, at) => (at % 16 < 8 ? nearest : nearest & 0x7f))).toString('base64');
};

test('the assistant’s own voice, come back from the caller’s phone, neither stops it nor is answered nor remembered', () => {
  const story = babble(1, 15_000);
  /** A quarter as loud: two steps of μ-law's exponent. */
  const faint = story.map(byte => (byte === 0xff ? byte : byte + 0x20));
  const call = Call.connected({minSpeechMs: 300});
  call.model(
    {type: 'responseStarted', responseId: 'r1', tag: undefined},
    {type: 'audio', responseId: 'r1', itemId: 'i1', payload: story.toString('base64')},
  );
  const effects: CallEffect[] = [];
  for (let at = 0; at < 5_000; at += 20) {
    const from = (at - 160) * 8;
    effects.push(
      ...call
        .at(at)
        .callerFrame(from < 0 ? silence(20) : Buffer.from(faint.subarray(from, from + 160)).toString('base64')),
    );
    if (at === 400) effects.push(...call.model(speechEvent('u1', 'callerSpoke', 160)));
    effects.push(...call.timePasses(at));
  }
  effects.push(...call.model(speechEvent('u1', 'callerStopped', 4_500), {type: 'turnCommitted', itemId: 'u1'}));
  expect([framesToEdge(effects), responseTags(effects), commandsToModel(effects)]).toEqual([
    [],
    [],
    [{do: 'delete', itemId: 'u1'}],
  ]);
});

describe('on a line of any loudness', () => {
  /** The caller of a quiet or noisy line, who speaks for so long after three seconds; how the assistant takes it. */
  function overReply(line: string, voice: string, speaksMs: number, floor: Partial<FloorPolicy>) {
    const call = Call.connected(floor);
    call.reply('r1', 'i1', 20_000);
    const effects: CallEffect[] = [];
    for (let at = 0; at < 5_000; at += 20) {
      const isSpoken = at >= 3_000 && at < 3_000 + speaksMs;
      effects.push(...call.at(at).callerFrame(isSpoken ? voice : line));
      if (at === 3_080) effects.push(...call.model(speechEvent('u1', 'callerSpoke', 3_000)));
      effects.push(...call.timePasses(at));
    }
    return framesToEdge(effects);
  }

  test('a caller of -46 dB of full scale stops an assistant that waits for 300 ms of speech', () => {
    expect(overReply(silence(20), level(-46), 900, {minSpeechMs: 300})).toContain('clear');
    expect(overReply(level(-58), level(-46), 900, {minSpeechMs: 300})).toContain('clear');
    expect(overReply(silence(20), level(-46), 900, {mode: 'resume'})).toContain('clear');
  });

  test('a click does not stop it, also where the line is as loud as -37 dB', () => {
    for (const floor of [{minSpeechMs: 300}, {mode: 'resume'}] as const) {
      expect(overReply(level(-37), level(-15), 20, floor)).not.toContain('clear');
      expect(overReply(silence(20), level(-15), 20, floor)).not.toContain('clear');
    }
  });

  test('a caller who is louder than a line of -37 dB stops it', () => {
    expect(overReply(level(-37), level(-25), 900, {minSpeechMs: 300})).toContain('clear');
  });
});

describe('a turn', () => {
  test('is answered by the server, and by us where only we know that it is one', () => {
    const turn = (floor: Partial<FloorPolicy>) => {
      const call = Call.connected(floor);
      for (let n = 0; n < 100; n += 1) call.at(n * 20).callerFrame();
      return responseTags(
        call.at(2_000).model(speechEvent('u1', 'callerSpoke', 100), speechEvent('u1', 'callerStopped', 900), {
          type: 'turnCommitted',
          itemId: 'u1',
        }),
      );
    };
    expect(turn({})).toEqual([]);
    expect(turn({mode: 'resume'})).toEqual(['turn-1']);
    expect(turn({minSpeechMs: 200})).toEqual(['turn-1']);
  });

  test('that the server leaves unanswered is asked for', () => {
    const call = Call.connected();
    call.model(speechEvent('u1', 'callerSpoke'), speechEvent('u1', 'callerStopped'), {
      type: 'turnCommitted',
      itemId: 'u1',
    });
    expect(responseTags(call.timePasses(1_500))).toEqual(['turn-1']);
  });

  test('of keys is told to the model, and answered', () => {
    const call = Call.connected();
    call.edge({kind: 'digit', digit: '4'});
    call.edge({kind: 'digit', digit: '#'});
    expect(commandsToModel(call.timePasses(1))).toMatchObject([
      {do: 'add', item: {text: 'The caller pressed 4 # on the telephone keypad.'}},
      {do: 'respond'},
    ]);
  });

  test('knows words that came before their audio', () => {
    const call = Call.connected();
    const effects = call.model(
      {type: 'responseStarted', responseId: 'r1', tag: undefined},
      {type: 'words', responseId: 'r1', itemId: 'i1', text: 'We are ', whole: false},
      {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(1_000)},
      {type: 'words', responseId: 'r1', itemId: 'i1', text: 'open.', whole: false},
      {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(1_000)},
    );
    expect(journalled(effects, 'item')).toHaveLength(1);
    call.at(100).model({type: 'lost', cause: 'closed', detail: ''});
    expect(commandsToModel(call.at(300).model({type: 'ready'}))).toContainEqual({
      do: 'add',
      item: expect.objectContaining({kind: 'assistant', text: expect.stringContaining('We are open.')}),
    });
  });

  test('has its tool called once, however often the model says so', () => {
    const call = Call.connected();
    const lookUp: ModelEvent = {...hangUp('r1'), name: 'look_up'} as ModelEvent;
    const effects = call.model(
      {type: 'responseStarted', responseId: 'r1', tag: undefined},
      lookUp,
      lookUp,
      ended('r1'),
    );
    expect(journalled(effects, 'tool')).toHaveLength(1);
    expect(responseTags(effects)).toEqual(['tool-1']);
  });
});

test('a call whose end only others could see leaves its last turn, as far as it was heard', () => {
  const call = Call.connected();
  call.at(100).model({type: 'responseStarted', responseId: 'r1', tag: undefined});
  call.model({type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(4_000)});
  call.at(1_100).callerFrame();
  const effects = call.at(1_110).endedElsewhere('caller.hung-up');
  expect(journalled(effects, 'turn').map(({turn}) => [turn.turn, turn.generatedMs, turn.heardMs])).toEqual([
    [0, 4_000, 1_010],
  ]);
  expect(effects.at(-1)).toEqual({do: 'end', reason: 'caller.hung-up'});
});

test('after the call is over nothing is said to anybody', () => {
  const call = Call.connected();
  expect(callEnding(call.edge({kind: 'ended', why: 'hungUp'}))).toEqual({do: 'end', reason: 'caller.hung-up'});
  expect(call.reply('r1', 'i1', 500)).toEqual([]);
  expect(call.edge({kind: 'ended', why: 'hungUp'})).toEqual([]);
  expect(call.core.deadline).toBeUndefined();
});

describe('a reply that we asked for, and that begins while the caller speaks', () => {
  const digits = (call: Call) => {
    call.at(1_000).edge({kind: 'digit', digit: '#'});
    return responseTags(call.timePasses(1_000));
  };

  test('is not heard, and the answer to the caller covers it', () => {
    const call = Call.connected();
    expect(digits(call)).toEqual(['digits-1']);
    call.model({type: 'itemAdded', itemId: 'note-1-1'}, speechEvent('u1', 'callerSpoke'));
    const begun = call.model({type: 'responseStarted', responseId: 'r1', tag: 'digits-1'});
    expect(commandsToModel(begun)).toEqual([{do: 'cancel', responseId: 'r1'}]);
    expect(framesToEdge(call.model({type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(500)}))).toEqual([]);
    call.model(ended('r1', 'cancelled', 'client_cancelled'));
    const turn = call.at(1_600).model(speechEvent('u1', 'callerStopped', 500), {type: 'turnCommitted', itemId: 'u1'});
    expect(responseTags(turn)).toEqual([]);
    expect(framesToEdge(call.reply('r2', 'i2', 500))).toContain('audio');
    expect(responseTags([...call.timePasses(3_000), ...call.timePasses(10_000)])).toEqual([]);
    expect(journalled(call.effects, 'turn').map(({turn: {cause}}) => cause)).not.toContain('digits');
  });

  test('is no part of what another session is told, though its words ran ahead of it', () => {
    const call = Call.connected();
    digits(call);
    call.model(speechEvent('u1', 'callerSpoke'), {type: 'responseStarted', responseId: 'r1', tag: 'digits-1'});
    call.model({type: 'words', responseId: 'r1', itemId: 'i1', text: 'Your booking is', whole: false});
    call.model(ended('r1', 'cancelled', 'client_cancelled'), {type: 'lost', cause: 'closed', detail: ''});
    expect(JSON.stringify(commandsToModel(call.at(2_000).model({type: 'ready'})))).not.toContain('Your booking');
  });

  test('is asked for again after what was only a noise', () => {
    const call = Call.connected({minSpeechMs: 400});
    digits(call);
    call.model(speechEvent('u1', 'callerSpoke'), {type: 'responseStarted', responseId: 'r1', tag: 'digits-1'});
    call.model(ended('r1', 'cancelled', 'client_cancelled'));
    const noise = call.at(1_600).model(speechEvent('u1', 'callerStopped', 100), {type: 'turnCommitted', itemId: 'u1'});
    expect(responseTags(noise)).toContain('digits-2');
  });

  test('is heard when the assistant always finishes what it says', () => {
    const call = Call.connected({uninterruptible: true});
    digits(call);
    call.model(speechEvent('u1', 'callerSpoke'));
    expect(framesToEdge(call.reply('r1', 'i1', 500, 'digits-1'))).toContain('audio');
  });
});

describe('a caller who says nothing', () => {
  const quiet = (call: Call, at: number) => {
    call.at(at).returnMarks();
    return responseTags(call.at(at).timePasses(at));
  };

  test('is asked whether they are still there, twice and no more', () => {
    const call = Call.connected({}, '', {idlePromptMs: 10_000});
    expect(responseTags(call.timePasses(9_999))).toEqual([]);
    expect(responseTags(call.timePasses(10_000))).toEqual(['idle-1']);
    call.at(10_200).reply('r1', 'i1', 1_000, 'idle-1');
    expect(quiet(call, 11_200)).toEqual([]);
    expect(call.core.deadline).toBe(21_200);
    expect(responseTags(call.timePasses(21_200))).toEqual(['idle-2']);
    call.reply('r2', 'i2', 1_000, 'idle-2');
    expect(quiet(call, 22_500)).toEqual([]);
    expect(responseTags(call.timePasses(90_000))).toEqual([]);
  });

  test('is not asked while they hear a long reply, though the model has long finished', () => {
    const call = Call.connected({}, '', {idlePromptMs: 5_000});
    call.at(1_000).reply('r1', 'i1', 20_000);
    expect(responseTags(call.timePasses(12_000))).toEqual([]);
    expect(quiet(call, 21_000)).toEqual([]);
    expect(responseTags(call.timePasses(26_000))).toEqual(['idle-1']);
  });

  test('is asked though the marks of a reply were lost and their phone sends nothing: two seconds after its end', () => {
    const call = Call.connected({}, '', {idlePromptMs: 5_000});
    call.at(1_000).reply('r1', 'i1', 1_000);
    expect(call.core.deadline).toBe(4_000);
    expect(responseTags(call.timePasses(4_000))).toEqual([]);
    expect(call.core.deadline).toBe(9_000);
    expect(responseTags(call.timePasses(9_000))).toEqual(['idle-1']);
  });

  test('is not asked while the assistant says goodbye, and no time is wanted for it before that is over', () => {
    const call = Call.connected({}, '', {maxCallMs: 5_000});
    call.at(4_000).reply('r1', 'i1', 3_000, undefined, false);
    call.model(hangUp('r1'), ended('r1'));
    expect(responseTags(call.timePasses(5_000))).toEqual([]);
    expect(call.core.deadline).toBeGreaterThan(7_000);
  });

  test('is not asked while they speak or press keys', () => {
    const call = Call.connected({}, '', {idlePromptMs: 5_000});
    call.at(4_000).model(speechEvent('u1', 'callerSpoke'));
    expect(responseTags(call.timePasses(20_000))).toEqual([]);
    call.model(speechEvent('u1', 'callerStopped', 500), {type: 'turnCommitted', itemId: 'u1'});
    call.reply('r1', 'i1', 100);
    expect(quiet(call, 20_200)).toEqual([]);
    call.at(24_000).edge({kind: 'digit', digit: '1'});
    expect(responseTags(call.timePasses(25_300)).filter(tag => tag.startsWith('idle'))).toEqual([]);
  });

  test('is not asked while they have no line', () => {
    const call = Call.connected({}, '', {idlePromptMs: 5_000});
    call.at(4_000).edge({kind: 'ended', why: 'lost'});
    expect(responseTags(call.timePasses(12_000))).toEqual([]);
    call.at(13_000).edge(began);
    expect(responseTags(call.timePasses(17_900))).toEqual([]);
    expect(responseTags(call.timePasses(18_000))).toEqual(['idle-1']);
  });

  test('is left alone if nobody wants them asked', () => {
    const call = Call.connected();
    expect(call.core.deadline).toBe(3e6);
  });
});

test('a model that owns interruption is told nothing of it: the sound stops, and the words that were heard are kept', () => {
  const call = Call.connected({uninterruptible: true, mode: 'resume'}, '', {interruption: 'model'});
  expect(commandsToModel(call.effects)).toEqual([]);
  call.model({type: 'words', responseId: 'r1', itemId: 'i1', text: 'one two three four', whole: true});
  call.at(100).reply('r1', 'i1', 4_000);
  const effects = call.at(2_100).model(speechEvent('u1', 'callerSpoke'));
  effects.push(...call.returnMarks(), ...call.timePasses(2_600));
  expect(framesToEdge(effects)).toEqual(['clear', 'mark']);
  expect(commandsToModel(effects)).toEqual([]);
  expect(journalled(effects, 'cut')).toHaveLength(1);
  expect(journalled(effects, 'interruption')).toHaveLength(1);
});

describe('each decision about the floor is one readable line', () => {
  const lines = (call: Call) => call.effects.flatMap(effect => (effect.do === 'timing' ? [effect.line] : []));

  test('when nothing has to be cut', () => {
    const call = Call.connected();
    call.at(100).reply('r1', 'i1', 1_000);
    call.at(1_050).model(speechEvent('u1', 'callerSpoke'));
    call.timePasses(1_600);
    expect(lines(call)).toEqual([expect.stringMatching(/^barge-in: sent 1000 ms.*cut nothing: all of it was heard$/)]);
  });

  test('when the assistant goes on', () => {
    const firm = Call.connected({uninterruptible: true});
    firm.at(100).reply('r1', 'i1', 5_000);
    firm.at(1_000).model(speechEvent('u1', 'callerSpoke'));
    expect(lines(firm)).toEqual(['no barge-in: this assistant finishes what it says']);
    const patient = Call.connected({minSpeechMs: 400});
    patient.at(100).reply('r1', 'i1', 5_000);
    patient.at(1_000).model(speechEvent('u1', 'callerSpoke'));
    patient.at(1_300).model(speechEvent('u1', 'callerStopped', 100));
    expect(lines(patient)).toEqual(['no barge-in: the speech was over before the assistant yields to it']);
  });
});
