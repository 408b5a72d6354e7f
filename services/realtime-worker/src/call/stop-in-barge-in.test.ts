import {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {expect, test} from 'vitest';
import {buildCdr} from '../cdr/build-cdr.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {Call, commandsToModel, ended, opened, speechEvent} from '../testing/call.ts';

/** A barge-in, step by step: the caller speaks over a reply, is heard, and is answered. */
const STEPS: readonly ((call: Call) => unknown)[] = [
  call => call.reply('r1', 'i1', 4_000),
  call => call.at(800).model(speechEvent('u1', 'callerSpoke', 700)),
  call => call.at(900).model({type: 'audio', responseId: 'r1', itemId: 'i1', payload: 'AAAA'}),
  call => call.at(1_100).returnMarks(),
  call => call.at(1_900).model(speechEvent('u1', 'callerStopped', 1_500)),
  call => call.at(1_950).model({type: 'turnCommitted', itemId: 'u1'}),
  call => call.at(2_000).model({type: 'responseStarted', responseId: 'r2', tag: undefined}),
  call => call.at(2_050).model({type: 'refused', code: 'c', message: '', about: 'truncate:i1', holdsMs: 10}),
  call => call.at(2_100).model(ended('r1', 'cancelled')),
];

test.each(STEPS.map((_, at) => at))(
  'a caller who hangs up behind step %s of a barge-in has hung up once: nothing more is asked of the model, and the record can be stored',
  last => {
    for (const mode of ['immediate', 'resume'] as const) {
      const call = Call.connected({mode});
      for (const step of STEPS.slice(0, last + 1)) step(call);
      const effects: CallEffect[] = call.edge({kind: 'ended', why: 'hungUp'});
      effects.push(...call.timePasses(60_000));
      expect(effects.find(({do: what}) => what === 'end')).toMatchObject({reason: 'caller.hung-up'});
      expect(commandsToModel(effects).filter(({do: what}) => what === 'respond')).toEqual([]);
      const entries = call.effects.flatMap((effect, n): JournalEntry[] =>
        effect.do === 'journal' ? [{...effect.fact, wall: n}] : [],
      );
      for (const part of buildCdr([opened, ...entries], 'full') ?? []) CallFinished.parse(part);
    }
  },
);
