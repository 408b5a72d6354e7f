import {expect, test} from 'vitest';
import type {CallReport, FakeCallEvent} from '../../simulators/twilio/src/report/call-report.ts';
import {haveBeenAnswered, haveEnded, haveSpoken} from './callers.ts';

/** A caller whose phone is in the hand of the test. */
function caller(callSid: string) {
  const listeners: ((event: FakeCallEvent) => void)[] = [];
  const end = Promise.withResolvers<CallReport>();
  return {
    callSid,
    status: 'in-progress',
    hearsAssistant: false,
    ended: end.promise,
    on: (listener: (event: FakeCallEvent) => void) => void listeners.push(listener),
    hears: () => listeners.forEach(listener => listener({type: 'audible', at: 0, streamSid: 'MZ'})),
    speaks: () => listeners.forEach(listener => listener({type: 'callerSpoke', at: 0, clip: 'yes'})),
    // oxlint-disable-next-line no-unsafe-type-assertion -- of a report nothing else is read
    ends: (reason: string) => end.resolve({endedBy: 'platform', reason} as CallReport),
  };
}

test('a test goes on when each caller has spoken, and when each has hung up', async () => {
  const [ann, ben] = [caller('CA1'), caller('CA2')];
  const spoken = haveSpoken([ann, ben]);
  ben.speaks();
  ann.speaks();
  await spoken;
  const ended = haveEnded([ann, ben]);
  for (const each of [ann, ben]) each.ends('Hangup');
  expect(await ended).toHaveLength(2);
});

test('callers have been answered when each has heard something after they spoke, however far apart they are', async () => {
  const [ann, ben] = [caller('CA1'), caller('CA2')];
  let isOver = false;
  const answered = haveBeenAnswered([ann, ben]).then(() => (isOver = true));
  ann.speaks();
  ann.hears();
  ben.hears();
  ben.speaks();
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  ben.hears();
  await answered;
});

test('a test that waits too long says for whom, and for what', async () => {
  const [ann, ben] = [caller('CA1'), caller('CA2')];
  const spoken = haveSpoken([ann, ben], 5);
  ann.speaks();
  await expect(spoken).rejects.toThrow(
    'waited 0.005 s in vain for caller 1 (CA2, in-progress, does not hear the assistant) to speak',
  );
});

test('a test does not wait for a caller whose call is over', async () => {
  const ann = caller('CA1');
  const spoken = haveSpoken([ann]);
  ann.ends('Hangup');
  await expect(spoken).rejects.toThrow('waited in vain for caller 0 (CA1) to speak');
  await expect(spoken).rejects.toMatchObject({cause: new Error('the call was ended by the platform (Hangup)')});
});
