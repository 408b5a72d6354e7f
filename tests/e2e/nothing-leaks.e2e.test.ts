import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {CANARIES, leaksIn} from '@voicebridge/shared/testing/canaries.ts';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {everythingStored} from '../../services/analytics/src/testing/everything-stored.ts';
import {haveEnded, haveHeard} from '../../tools/harness/callers.ts';
import {SENTENCES} from '../../tools/harness/leak-watch.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {everythingIn} from '../../tools/harness/redis-dump.ts';

/**
 * A caller with the number of the canaries types a card number, says a sentence and interrupts; while the call lasts and when
 * it is over, nobody finds any of it in Redis. Every process logs all it
 * can. The fleet itself searches the logs and the metrics when it is disposed of, as it does in every other test.
 */
describe('what is left of a call with TRANSCRIPTS=off', () => {
  const ends = new AsyncDisposableStack();
  let redis: string;
  let database: string;

  beforeAll(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'voicebridge-leaks-'));
    ends.defer(() => rm(dataDir, {recursive: true, force: true}));
    {
      await using fleet = await ProcessFleet.start({
        edges: 1,
        workers: 1,
        analytics: {dataDir},
        model: {MODEL_SPEED: '5'},
        env: {LOG_LEVEL: 'trace', TRANSCRIPTS: 'off', NUMBER_HASH_KEY: CANARIES.hashKey},
      });
      const digits = CANARIES.card.split('').map(digit => ({do: 'press', digit}) as const);
      const call = fleet.twilio.dial(
        [
          {do: 'waitForSilence', ms: 400},
          ...digits,
          {do: 'say', clip: 'caller-opening-hours'},
          {do: 'interruptAfter', ms: 800, clip: 'caller-interrupts'},
          {do: 'waitForSilence', ms: 400},
          {do: 'hangUp'},
        ],
        {from: CANARIES.caller},
      );
      await haveHeard([call]);
      const during = await everythingIn(fleet.redisUrl);
      expect(during).toMatch(/call:\{CA\w+\}:journal/);
      expect(leaksIn(during, SENTENCES)).toEqual([]);
      expect(during).not.toContain('pressed');
      await haveEnded([call]);
      await fleet.analytics?.line('call recorded', 60_000);
      await fleet.workers[0]?.line('call ended', 60_000);
      redis = await everythingIn(fleet.redisUrl);
      // The fleet is disposed of here, and says what its processes told.
    }
    database = await everythingStored(dataDir);
  });
  afterAll(() => ends.disposeAsync());

  test('nobody finds the number, the card, the words or a key in Redis once the call is recorded', () => {
    expect(redis).toContain('call:{CA');
    expect(leaksIn(redis, SENTENCES)).toEqual([]);
    expect(redis).not.toContain('pressed');
  });

  test('an analyst finds the call in the database, and of the number its hash and two digits only', () => {
    expect(database).toContain('"callerLastTwo":"54"');
    expect(leaksIn(database, SENTENCES)).toEqual([]);
  });
});
