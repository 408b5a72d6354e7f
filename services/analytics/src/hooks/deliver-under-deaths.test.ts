import type {HookEvent} from '@voicebridge/shared/cdr/hooks-queue.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Kysely, KyselyPlugin} from 'kysely';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {openEmbedded, type Database} from '../database/database.ts';
import type {Schema} from '../database/schema.ts';
import {storeCall} from '../ingest/store-call.ts';
import {FIRST, finishedCall, sidOf} from '../testing/finished-call.ts';
import {dataFolder} from '../testing/running-analytics.ts';
import {deliver, type DeliverDeps} from './deliver.ts';
import {deliveryWith, idOfCall, overdue} from './deliveries.ts';
import {Receivers} from './patience.ts';

const HOUR = 3_600_000;
const target = {post: 'https://crm.example.com/', secret: 'SECRET', include: [], allowPrivate: false};

let database: Database;
const ends = new AsyncDisposableStack();
beforeAll(async () => {
  database = await openEmbedded(ends.use(await dataFolder()).path);
  await database.prepare();
}, 60_000);
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await ends.disposeAsync();
});

class Died extends Error {}

/** Who is told about calls, and outlives every process that tells it. */
class Receiver {
  wall = FIRST + HOUR;
  readonly took: string[] = [];
  readonly #answer: () => number;

  constructor(answer: () => number = () => 200) {
    this.#answer = answer;
  }

  /** A process that is killed before one of its steps: a query of the database, a request, or what follows its answer. */
  process(steps: number) {
    let left = steps;
    const step = () => {
      if (left === 0) throw new Died();
      left -= 1;
    };
    const dies: KyselyPlugin = {
      transformQuery({node}) {
        step();
        return node;
      },
      transformResult: async ({result}) => result,
    };
    const deps: DeliverDeps = {
      post: async (_, headers) => {
        step();
        const status = this.#answer();
        if (status === 200) this.took.push(headers['webhook-id'] ?? '');
        step();
        return status;
      },
      secret: () => 'a secret',
      told: undefined,
      // What a process knows of receivers dies with it.
      receivers: new Receivers(),
      clock: {wall: () => this.wall},
      random: () => 0.5,
    };
    const db: Kysely<Schema> = database.kysely.withPlugin(dies);
    return {db, deps, hasDied: () => left === 0};
  }
}

/** Whether a process got to the end of this. */
async function survives(life: Promise<unknown>): Promise<boolean> {
  try {
    await life;
    return true;
  } catch (thrown) {
    if (thrown instanceof Died) return false;
    throw thrown;
  }
}

describe('analytics that is killed', () => {
  test('between any two steps from the record to the answer tells of the call; twice only if it had not noted the answer', async () => {
    const takenTwiceAt: number[] = [];
    let steps = 0;
    for (; ; steps += 1) {
      const number = 1 + steps;
      const [receiver, id] = [new Receiver(), idOfCall(sidOf(number))];
      const record = finishedCall({number, rest: {after: {hook: target, outcome: {}}}});
      const first = receiver.process(steps);
      const wasStored = await survives(storeCall(first.db, record));
      const wasTold = wasStored && (await survives(deliver(first.db, {id}, first.deps)));
      // Another process: the queue gives it the record if it was not stored, and what should have been sent is found.
      const {db, deps} = receiver.process(Number.POSITIVE_INFINITY);
      if (!wasStored) await storeCall(db, record);
      for (const due of await overdue(db, receiver.wall)) await deliver(db, {id: due}, deps);
      expect(await deliveryWith(db, id), `killed before step ${steps}`).toMatchObject({state: 'delivered'});
      expect(new Set(receiver.took)).toEqual(new Set([id]));
      if (receiver.took.length > 1) takenTwiceAt.push(steps);
      if (wasTold) break;
    }
    expect(steps).toBeGreaterThan(8);
    // Before the two last steps: what follows the answer, and the database noting it.
    expect(takenTwiceAt).toEqual([steps - 2, steps - 1]);
  });

  test.each(Array.from({length: 8}, (_, seed) => seed))(
    'again and again tells of the states of a call in their order, each of them (seed %i)',
    async seed => {
      const random = seededRandom(seed);
      const receiver = new Receiver(() => (random.chance(0.2) ? 503 : 200));
      const subject = `out-${seed}`;
      const jobs = Array.from({length: 5}, (_, seq): HookEvent => {
        return {id: `${subject}.${seq}`, subject, seq, type: 'call.state', target, body: `{"n":${seq}}`};
      });
      const left = new Set(jobs);
      // A job stays in the queue until its attempt has come to its end.
      for (let attempts = 0; left.size > 0; attempts += 1) {
        expect(attempts).toBeLessThan(2_000);
        const [job] = [...left].toSorted(() => random.next() - 0.5);
        if (!job) break;
        const {db, deps} = receiver.process(random.chance(0.5) ? random.whole(0, 8) : Number.POSITIVE_INFINITY);
        await survives(
          deliver(db, {event: job}, deps).then(({outcome}) => {
            if (outcome === 'delivered' || outcome === 'known') left.delete(job);
          }),
        );
        receiver.wall += random.whole(0, 20_000);
      }
      const firsts = [...new Set(receiver.took)];
      expect(firsts).toEqual(jobs.map(({id}) => id));
    },
  );
});
