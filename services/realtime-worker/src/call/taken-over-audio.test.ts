import {describe, expect, test} from 'vitest';
import {began, Call, commandsToModel, journalled, speechEvent} from '../testing/call.ts';
import type {JournalEntry} from '../events/journal-entry.ts';

const words = 'We are open from nine to five on all days but Sunday, and until eight on Thursdays.';

/** A worker was speaking when it died. Its journal has a second of what it had sent; the edge has given Twilio `sentMs` of it. */
function takenOver(sentMs: number | undefined, more: readonly JournalEntry[] = []): Call {
  const wall = -1_000;
  const before: JournalEntry[] = [
    {is: 'stream', streamSid: began.streamSid, edge: began.edge, epoch: 1, wall},
    {is: 'item', item: {kind: 'assistant', id: 'i1', text: ''}, wall},
    {is: 'said', id: 'i1', from: 0, ms: 1_000, mark: '1.0:1000', wall},
    {is: 'words', id: 'i1', text: words, wall},
    ...more,
  ];
  const call = new Call({}, '', {epoch: 2}, before);
  call.edge({...began, ...(sentMs === undefined ? {} : {sent: `1.0:${sentMs}`})});
  return call;
}

/** What the next session is told that the assistant has said. */
function told(call: Call): string {
  const [added] = commandsToModel(call.at(300).model({type: 'ready'})).filter(command => command.do === 'add');
  return added?.do === 'add' && 'text' in added.item ? added.item.text : '';
}

describe('audio that the worker before had sent and not written down', () => {
  test('is in what the next session is told, and in the journal', () => {
    const [short, long] = [takenOver(undefined), takenOver(2_500)];
    expect(journalled(long.effects, 'said')).toEqual([
      {is: 'said', id: 'i1', from: 1_000, ms: 2_500, mark: '1.0:2500'},
    ]);
    expect(journalled(short.effects, 'said')).toEqual([]);
    expect(told(long).length).toBeGreaterThan(1.8 * told(short).length);
  });

  test.each([
    ['that plays already', 2_500, []],
    [
      'behind much that is to be played',
      9_000,
      [{is: 'said', id: 'i1', from: 1_000, ms: 8_000, mark: '1.0:8000', wall: -900}],
    ],
  ] as [string, number, JournalEntry[]][])('%s is cut where the caller stops hearing it', (_, sentMs, more) => {
    const call = takenOver(sentMs, more);
    call.at(300).model({type: 'ready'});
    call.at(700).model(speechEvent('u1', 'callerSpoke'));
    call.edge({kind: 'mark', name: 'clear:2.0'});
    expect(journalled(call.effects, 'cut')).toMatchObject([{id: 'i1', heardMs: 1_700}]);
  });

  test('is nothing where the clear of that worker has dropped it, or where the whole item was written down', () => {
    expect(journalled(takenOver(undefined, [{is: 'hushed', wall: -500}]).effects, 'said')).toEqual([]);
    expect(journalled(takenOver(1_000, [{is: 'complete', id: 'i1', wall: -900}]).effects, 'said')).toEqual([]);
  });
});
