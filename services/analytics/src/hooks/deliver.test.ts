import {Webhook} from 'standardwebhooks';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {sql} from 'kysely';
import {openEmbedded, type Database} from '../database/database.ts';
import {eraseCalls} from '../ingest/erase-calls.ts';
import {storeCall} from '../ingest/store-call.ts';
import {FIRST, finishedCall, sidOf} from '../testing/finished-call.ts';
import {dataFolder} from '../testing/running-analytics.ts';
import {deliver, type DeliverDeps} from './deliver.ts';
import {deliveryWith, idOfCall, overdue, sendAgain} from './deliveries.ts';
import {Receivers, waitAfter} from './patience.ts';

const HOUR = 3_600_000;
const SECRET = `whsec_${Buffer.from('a key that only two know').toString('base64')}`;
const target = {
  post: 'https://crm.example.com/calls?token=x',
  secret: 'CRM_SECRET',
  include: ['transcript', 'tools', 'notes'],
  allowPrivate: false,
};
const line = {line: 0, turn: 1, role: 'caller', at: 5_000, text: 'A table for four.', cut: false};
const told = (number: number, more: object = {}) =>
  finishedCall({
    number,
    summary: {outcome: {booked: true}, notes: {name: 'Ada'}, ...more},
    rest: {after: {hook: target, outcome: {}}, transcript: [line]},
  });

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
beforeEach(async () => {
  await sql`TRUNCATE calls, remarks, erased_calls, audit, deliveries CASCADE`.execute(database.kysely);
  receiver = new Receiver();
});

/** A system that is told about calls, and the time that passes meanwhile. */
class Receiver {
  wall = FIRST + HOUR;
  answers: (number | Error)[] = [];
  usually: number | Error = 200;
  readonly got: {readonly headers: Record<string, string>; readonly body: string}[] = [];
  readonly deps: DeliverDeps = {
    post: async (_, headers, body) => {
      this.got.push({headers: {...headers}, body});
      const answer = this.answers.shift() ?? this.usually;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    secret: name => (name === 'CRM_SECRET' ? SECRET : undefined),
    told: undefined,
    receivers: new Receivers(),
    clock: {wall: () => this.wall},
    random: () => 0.5,
  };

  deliver(id: string) {
    return deliver(database.kysely, {id}, this.deps);
  }

  /** Tries it whenever its time has come. Returns the outcomes of the attempts. */
  async deliverUntilSettled(id: string): Promise<string[]> {
    const outcomes: string[] = [];
    for (;;) {
      const attempt = await this.deliver(id);
      if (attempt.outcome !== 'later') outcomes.push(attempt.outcome);
      if (!('at' in attempt)) return outcomes;
      this.wall = Math.max(this.wall + 1, attempt.at);
    }
  }
}
let receiver: Receiver;
const id = idOfCall(sidOf(1));
const row = () => deliveryWith(database.kysely, id);

describe('a system that is to be told about finished calls', () => {
  test('gets the record once, in a form that another library of Standard Webhooks believes', async () => {
    // The library compares with the clock of this machine.
    receiver.wall = Date.now();
    await storeCall(database.kysely, told(1));
    await storeCall(database.kysely, told(1));
    expect(await receiver.deliverUntilSettled(id)).toEqual(['delivered']);
    expect((await receiver.deliver(id)).outcome).toBe('known');
    const [{headers, body} = {headers: {}, body: ''}] = receiver.got;
    expect(await row()).toMatchObject({state: 'delivered', attempts: 1});
    expect(() => new Webhook(SECRET).verify(`${body} `, {...headers})).toThrow(/signature/i);
    expect(new Webhook(SECRET).verify(body, {...headers})).toMatchObject({
      type: 'call.finished',
      data: {
        callSid: sidOf(1),
        outcome: {booked: true},
        notes: {name: 'Ada'},
        transcript: [{role: 'caller', text: 'A table for four.'}],
        toolCalls: [],
      },
    });
    expect(headers['webhook-id']).toBe(id);
  });

  test('is told only what its assistant includes', async () => {
    await storeCall(database.kysely, {
      ...told(1),
      after: {hook: {...target, include: []}, outcome: {}},
    });
    await receiver.deliver(id);
    const {data} = JSON.parse(receiver.got[0]!.body) as {data: object};
    expect(data).toMatchObject({outcome: {booked: true}});
    for (const left of ['notes', 'transcript', 'toolCalls', 'caller']) expect(data).not.toHaveProperty(left);
  });

  test('is told about a long call when all parts of its record are there', async () => {
    const part = (number: number) => ({
      ...told(1),
      part: number,
      parts: 2,
      transcript: number === 0 ? [told(1).transcript[0]!] : [],
    });
    await storeCall(database.kysely, part(1));
    expect(await row()).toBeUndefined();
    await storeCall(database.kysely, part(0));
    expect(await receiver.deliverUntilSettled(id)).toEqual(['delivered']);
  });

  test('gets it after an outage of a day', async () => {
    await storeCall(database.kysely, told(1));
    receiver.usually = new Error('connect ECONNREFUSED');
    const backAt = receiver.wall + 24 * HOUR;
    for (;;) {
      const attempt = await receiver.deliver(id);
      if (!('at' in attempt)) break;
      receiver.wall = attempt.at;
      if (receiver.wall >= backAt) receiver.usually = 200;
    }
    expect(await row()).toMatchObject({state: 'delivered'});
    // No flood: an attempt an hour at most.
    expect(receiver.got.length).toBeGreaterThan(20);
    expect(receiver.got.length).toBeLessThan(40);
    expect(new Set(receiver.got.map(({headers}) => headers['webhook-id']))).toEqual(new Set([id]));
  });

  test('that never answers is given up after three days, and can be told again by an operator', async () => {
    await storeCall(database.kysely, told(1));
    receiver.usually = 500;
    expect((await receiver.deliverUntilSettled(id)).at(-1)).toBe('failed');
    expect(receiver.wall - FIRST).toBeGreaterThan(70 * HOUR);
    expect(await row()).toMatchObject({state: 'failed', lastError: 'the receiver answered with status 500'});
    expect(await overdue(database.kysely, receiver.wall + HOUR)).toEqual([]);
    receiver.usually = 204;
    expect(await sendAgain(database.kysely, id, {who: 'session s'}, receiver.wall)).toBe(true);
    expect(await receiver.deliverUntilSettled(id)).toEqual(['delivered']);
    expect(await sendAgain(database.kysely, id, {who: 'session s'}, receiver.wall)).toBe(false);
    const audited = await database.kysely.selectFrom('audit').select(['action', 'subject', 'who']).execute();
    expect(audited).toEqual([{action: 'webhook.sent-again', subject: id, who: 'session s'}]);
  });

  test('that is gone for good is not asked again', async () => {
    await storeCall(database.kysely, told(1));
    receiver.usually = 410;
    expect(await receiver.deliverUntilSettled(id)).toEqual(['failed']);
  });

  test('is told nothing of a call that was erased meanwhile', async () => {
    await storeCall(database.kysely, told(1));
    receiver.answers = [500];
    await receiver.deliver(id);
    await eraseCalls(database.kysely, {callSid: sidOf(1)}, {who: null});
    expect(await row()).toBeUndefined();
    expect((await receiver.deliver(id)).outcome).toBe('known');
    expect(receiver.got).toHaveLength(1);
  });

  test('hears of a call’s states in their order, whichever job comes first', async () => {
    const event = (seq: number) =>
      ({id: `out-1.${seq}`, subject: 'out-1', seq, type: `call.${seq}`, target, body: `{"n":${seq}}`}) as never;
    const attempt = async (seq: number) => (await deliver(database.kysely, {event: event(seq)}, receiver.deps)).outcome;
    expect(await attempt(1)).toBe('later');
    receiver.answers = [503, 503, 503];
    expect(await attempt(0)).toBe('refused');
    expect(await attempt(1)).toBe('later');
    // However long the receiver does not take the first.
    for (let again = 0; again < 2; again += 1) {
      receiver.wall += HOUR;
      expect(await attempt(1)).toBe('later');
      expect(await attempt(0)).toBe('refused');
    }
    receiver.wall += HOUR;
    expect(await attempt(1)).toBe('later');
    expect(await attempt(0)).toBe('delivered');
    expect(await attempt(1)).toBe('delivered');
    expect(receiver.got.map(({body}) => body)).toEqual(['{"n":0}', '{"n":0}', '{"n":0}', '{"n":0}', '{"n":1}']);
    // What should have come before and never came holds nothing up for long.
    expect(await attempt(3)).toBe('later');
    receiver.wall += 120_000;
    expect(await attempt(3)).toBe('delivered');
  });
});

describe('an operator', () => {
  test('whose secret is missing is told which variable it is, and the receiver gets nothing unsigned', async () => {
    await storeCall(database.kysely, told(1));
    await deliver(database.kysely, {id}, {...receiver.deps, secret: () => undefined});
    expect(await row()).toMatchObject({state: 'waiting', lastError: 'CRM_SECRET is not set where analytics runs'});
    expect(receiver.got).toEqual([]);
    expect(await receiver.deliverUntilSettled(id)).toContain('delivered');
  });

  test('whose AFTER_URL is set has every call told there whose assistant does not say otherwise', async () => {
    const after = {told: {...target, post: 'https://all.example.com/'} as never, wall: receiver.wall};
    await storeCall(database.kysely, finishedCall({number: 1}), after);
    await storeCall(database.kysely, finishedCall({number: 2, rest: {after: {hook: null, outcome: {}}}}), after);
    await storeCall(database.kysely, finishedCall({number: 3, rest: {after: {hook: 'off', outcome: {}}}}), after);
    await storeCall(database.kysely, told(4), after);
    const rows = await database.kysely.selectFrom('deliveries').selectAll().orderBy('subject').execute();
    expect(rows.map(({target: to}) => to.post)).toEqual([
      'https://all.example.com/',
      'https://all.example.com/',
      target.post,
    ]);
  });

  test('sees a receiver that is down asked by one call at a time, and not by all that wait', async () => {
    for (let number = 1; number <= 50; number += 1) await storeCall(database.kysely, told(number));
    receiver.usually = new Error('connect ECONNREFUSED');
    for (let number = 1; number <= 50; number += 1) await receiver.deliver(idOfCall(sidOf(number)));
    expect(receiver.got.length).toBeLessThanOrEqual(3);
  });
});

test('the waits grow to an hour, and two that failed together come apart', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 100].map(failures => waitAfter(failures, 0.5));
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  expect(waits.at(-1)).toBe(HOUR);
  expect(waitAfter(3, 0)).not.toBe(waitAfter(3, 1));
});

test('a webhook that was delivered stays so, whatever became of an attempt that began before and ends later', async () => {
  await storeCall(database.kysely, told(1));
  const post: DeliverDeps['post'] = async () => {
    // This process does not run: another one delivers it meanwhile.
    expect((await receiver.deliver(id)).outcome).toBe('delivered');
    throw new Error('no answer in time');
  };
  for (const wait of [() => HOUR, () => 100 * 24 * HOUR]) {
    await sql`UPDATE deliveries SET state = 'waiting', attempts = 0`.execute(database.kysely);
    await deliver(database.kysely, {id}, {...receiver.deps, post, wait});
    expect(await deliveryWith(database.kysely, id)).toMatchObject({state: 'delivered', attempts: 1, lastError: null});
  }
});
