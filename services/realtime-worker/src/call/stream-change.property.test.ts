import fc from 'fast-check';
import {expect, test} from 'vitest';
import {StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {began, Call, commandsToModel, ended, sound, speechEvent} from '../testing/call.ts';

const second = {...began, streamSid: StreamSid.parse(`MZ${'2'.repeat(32)}`), sinceStartMs: 0};

const turn: readonly ModelEvent[] = [
  speechEvent('u1', 'callerSpoke'),
  speechEvent('u1', 'callerStopped', 900),
  {type: 'turnCommitted', itemId: 'u1'},
  {type: 'callerWords', itemId: 'u1', text: 'Yes, that sounds good.'},
  {type: 'responseStarted', responseId: 'r2', tag: undefined},
  {type: 'audio', responseId: 'r2', itemId: 'i2', payload: sound(400)},
  {type: 'audio', responseId: 'r2', itemId: 'i2', payload: sound(400)},
  {type: 'audioEnded', itemId: 'i2'},
  ended('r2'),
];

const isHeard = (effects: readonly CallEffect[]) =>
  effects.some(effect => effect.do === 'edge' && effect.frame.kind === 'audio');
const asks = (effects: readonly CallEffect[]) =>
  commandsToModel(effects).some(command => command.do === 'respond' && !command.instructions?.includes('say it again'));

test('a caller whose stream is replaced at any moment of a turn hears the answer, or the model is asked for it', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('immediate' as const, 'resume' as const),
      fc.nat({max: turn.length}),
      fc.nat({max: turn.length}),
      fc.boolean(),
      fc.integer({min: 0, max: 1_500}),
      fc.integer({min: 0, max: 700}),
      (mode, one, other, marksReturn, heardMs, gapMs) => {
        const [lostBefore, newBefore] = [Math.min(one, other), Math.max(one, other)];
        const call = Call.connected({mode});
        call.reply('r1', 'i1', 1_000);
        let at = heardMs;
        call.at(at);
        if (marksReturn) call.returnMarks();
        const after: CallEffect[] = [];
        let isBack = false;
        let fully = false;
        const step = (effects: CallEffect[]) => {
          if (isBack) after.push(...effects);
        };
        for (let index = 0; index <= turn.length; index += 1) {
          if (index === lostBefore) {
            fully = index === turn.length;
            step(call.edge({kind: 'ended', why: 'moved'}));
          }
          if (index === newBefore) {
            at += gapMs;
            call.at(at);
            isBack = true;
            step(call.edge(second));
          }
          const event = turn[index];
          if (!event) break;
          at += 100;
          call.at(at);
          step(call.timePasses(at));
          step(call.model(event));
          if (isBack) step(call.callerFrame());
        }
        for (let until = at + 30_000; ;) {
          const {deadline} = call.core;
          if (deadline === undefined || deadline > until) break;
          step(call.timePasses(deadline));
        }
        expect(fully || isHeard(after) || asks(after)).toBe(true);
      },
    ),
    {numRuns: 500},
  );
});
