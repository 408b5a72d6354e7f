import {describe, test, vi} from 'vitest';
import {ProcessFleet} from '../../scripts/fleet.ts';
import type {FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';

const CAPACITY = 8;
const OFFERED = 12;
const model = {MODEL_FIRST_DELTA_MS: '100', MODEL_SPEED: '5'};

/** Two workers that together hold `CAPACITY` calls. */
function smallFleet(env: Record<string, string>): Promise<ProcessFleet> {
  return ProcessFleet.start({edges: 1, workers: 2, model, env, workerEnv: {MAX_CALLS: String(CAPACITY / 2)}});
}

/** Callers who all dial at once, and each of whose webhooks is delivered twice. */
class Rush {
  readonly calls: readonly FakeCall[];
  readonly served = new Set<FakeCall>();

  constructor(fleet: ProcessFleet) {
    this.calls = Array.from({length: OFFERED}, () => fleet.twilio.dial([], {duplicateWebhook: true}));
    for (const call of this.calls) call.on(event => event.type === 'audible' && this.served.add(call));
  }

  get others(): FakeCall[] {
    return this.calls.filter(call => !this.served.has(call));
  }

  async hangUp(): Promise<void> {
    for (const call of this.calls) call.hangUp();
    await Promise.all(this.calls.map(call => call.ended));
  }
}

const PATIENCE = {timeout: 15_000, interval: 50};

describe.concurrent('half as many callers again as there are places', () => {
  test.for([
    ['say', {OVERLOAD: 'say', OVERLOAD_SAY: 'All busy.'}, {said: ['All busy.'], handedTo: []}],
    ['dial', {OVERLOAD: 'dial', OVERLOAD_TARGET: '+15550100009'}, {said: [], handedTo: ['Dial: Number: +15550100009']}],
  ] as const)(
    'OVERLOAD=%s: the places are taken exactly, the others are answered at once',
    async ([, env, answer], {expect}) => {
      await using fleet = await smallFleet(env);
      const rush = new Rush(fleet);
      await vi.waitFor(() => expect(rush.served.size).toBe(CAPACITY), PATIENCE);
      expect(rush.others).toHaveLength(OFFERED - CAPACITY);
      const over = await Promise.all(rush.others.map(call => call.ended));
      for (const report of over) {
        expect(report.violations).toEqual([]);
        expect(report.saidByTwilio).toEqual(answer.said);
        expect(report.handedTo).toEqual(answer.handedTo);
        expect(report.streams).toEqual([]);
      }
      await rush.hangUp();
      // Every place is free again.
      const again = new Rush(fleet);
      await vi.waitFor(() => expect(again.served.size).toBe(CAPACITY), PATIENCE);
      await again.hangUp();
    },
  );

  test('OVERLOAD=hold: who waits gets in as places become free', async ({expect}) => {
    await using fleet = await smallFleet({OVERLOAD: 'hold', OVERLOAD_HOLD_SECONDS: '1', OVERLOAD_SAY: 'One moment.'});
    const rush = new Rush(fleet);
    await vi.waitFor(() => expect(rush.served.size).toBe(CAPACITY), PATIENCE);
    const waiting = rush.others;
    expect(waiting).toHaveLength(OFFERED - CAPACITY);
    for (const call of [...rush.served].slice(0, waiting.length)) call.hangUp();
    await vi.waitFor(() => expect(rush.others).toEqual([]), PATIENCE);
    await rush.hangUp();
    const reports = await Promise.all(waiting.map(call => call.ended));
    for (const {saidByTwilio, endedBy, streams} of reports) {
      expect(saidByTwilio).toEqual(['One moment.']);
      expect(endedBy).toBe('caller');
      expect(streams).toHaveLength(1);
    }
  });
});
