import {once} from 'node:events';
import {createServer} from 'node:http';
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';
import {portOf} from '@voicebridge/shared/service/http.ts';
import {haveEnded} from '../../tools/harness/callers.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {FakeCall, FakeTwilio} from '../../simulators/twilio/src/fake-twilio.ts';

const CAPACITY = 8;
const OFFERED = 12;
const PATIENCE = {timeout: 60_000, interval: 50};

/** Callers who all dial one number at once. Each webhook is delivered twice. */
class Rush {
  readonly calls: readonly FakeCall[];
  readonly served = new Set<FakeCall>();
  readonly held = new Set<FakeCall>();

  constructor(number: FakeTwilio, callers: number) {
    this.calls = Array.from({length: callers}, () => number.dial([], {duplicateWebhook: true}));
    for (const call of this.calls) {
      call.on(event => {
        if (event.type === 'audible') this.served.add(call);
        if (event.type === 'twiml' && event.verbs.includes('Redirect')) this.held.add(call);
      });
    }
  }

  get others(): FakeCall[] {
    return this.calls.filter(call => !this.served.has(call));
  }

  hangUp(): Promise<CallReport[]> {
    for (const call of this.calls) call.hangUp();
    return haveEnded(this.calls);
  }
}

/** TwiML that says a sentence. */
async function somewhereElse(): Promise<AsyncDisposable & {readonly url: string}> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/xml').end('<Response><Say>You are elsewhere.</Say></Response>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${portOf(server)}/elsewhere`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

describe('callers, half as many again as there are places,', () => {
  const stack = new AsyncDisposableStack();
  const seen: Record<'told' | 'dialled' | 'redirected' | 'waited', CallReport[]> = {
    told: [],
    dialled: [],
    redirected: [],
    waited: [],
  };

  beforeAll(async () => {
    const elsewhere = stack.use(await somewhereElse());
    const fleet = stack.use(
      await ProcessFleet.start({
        edges: 1,
        workers: 2,
        model: {MODEL_FIRST_DELTA_MS: '100', MODEL_SPEED: '5'},
        env: {OVERLOAD_SAY: 'All busy.'},
        workerEnv: {MAX_CALLS: String(CAPACITY / 2)},
      }),
    );
    const [dials, redirects, holds] = await Promise.all([
      fleet.addNumber({OVERLOAD: 'dial', OVERLOAD_TARGET: '+15550100009'}),
      fleet.addNumber({OVERLOAD: 'redirect', OVERLOAD_TARGET: elsewhere.url}),
      fleet.addNumber({OVERLOAD: 'hold', OVERLOAD_HOLD_SECONDS: '1'}),
    ]);
    const rush = new Rush(fleet.twilio, OFFERED);
    await vi.waitFor(() => expect(rush.served.size).toBe(CAPACITY), PATIENCE);
    seen.told = await haveEnded(rush.others);
    seen.dialled = await haveEnded(new Rush(dials, 2).calls);
    seen.redirected = await haveEnded(new Rush(redirects, 2).calls);

    const waiting = new Rush(holds, OFFERED - CAPACITY);
    await vi.waitFor(() => expect(waiting.held.size).toBe(waiting.calls.length), PATIENCE);
    for (const call of [...rush.served].slice(0, waiting.calls.length)) call.hangUp();
    await vi.waitFor(() => expect(waiting.others).toEqual([]), PATIENCE);
    [seen.waited] = await Promise.all([waiting.hangUp(), rush.hangUp()]);

    const again = new Rush(fleet.twilio, OFFERED);
    await vi.waitFor(() => expect(again.served.size).toBe(CAPACITY), PATIENCE);
    expect(await haveEnded(again.others)).toHaveLength(OFFERED - CAPACITY);
    await again.hangUp();
  });
  afterAll(() => stack.disposeAsync());

  test('are told a sentence with OVERLOAD=say, as many as found no place', () => {
    expect(seen.told).toHaveLength(OFFERED - CAPACITY);
    expect(seen.told.map(report => report.saidByTwilio)).toEqual(seen.told.map(() => ['All busy.']));
  });

  test('are handed to a number with OVERLOAD=dial', () => {
    expect(seen.dialled.map(report => report.handedTo)).toEqual(seen.dialled.map(() => ['Dial: Number: +15550100009']));
  });

  test('are sent to other TwiML with OVERLOAD=redirect', () => {
    expect(seen.redirected.map(report => report.saidByTwilio)).toEqual(
      seen.redirected.map(() => ['You are elsewhere.']),
    );
  });

  test('never get a stream without a worker', () => {
    for (const report of [...seen.told, ...seen.dialled, ...seen.redirected]) {
      expect(report.violations).toEqual([]);
      expect(report.streams).toEqual([]);
    }
  });

  test('are connected with OVERLOAD=hold, after one sentence, as places become free', () => {
    for (const {violations, saidByTwilio, endedBy, streams} of seen.waited) {
      expect(violations).toEqual([]);
      expect(saidByTwilio).toEqual(['All busy.']);
      expect(endedBy).toBe('caller');
      expect(streams).toHaveLength(1);
    }
  });
});
