import {msOfBase64, silence} from '@voicebridge/shared/protocol/audio.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {sound} from '../testing/call.ts';
import {takenCall} from '../testing/taken-call.ts';

const FRAME = 20;
const DELTA = 60;

/**
 * A phone that plays what its edge gets, in real time, and sends a frame each 20 ms. `playedMs`: of the reply. Its marks are
 * as late as `lateness` says, in order.
 */
class Phone {
  playedMs = 0;
  readonly #lateness: () => number;
  #now = 0;
  #late: {readonly mark: string; readonly at: number}[] = [];
  readonly #send: Awaited<ReturnType<typeof takenCall>>['stream']['send'];
  #waiting: {ms: number; mark: string}[] = [];
  #timestamp = 0;

  constructor({stream}: Awaited<ReturnType<typeof takenCall>>, lateness = () => 0) {
    this.#lateness = lateness;
    this.#send = frame => stream.send(frame);
    stream.onFrame(frame => {
      if (frame.kind === 'audio') this.#waiting.push({ms: msOfBase64(frame.payload), mark: frame.mark});
      if (frame.kind === 'mark') this.#waiting.push({ms: 0, mark: frame.name});
      if (frame.kind === 'clear') for (const {mark} of this.#waiting.splice(0)) this.#return(mark);
      this.#returnReached();
    });
  }

  /** Twenty milliseconds pass. */
  pass(): void {
    this.#timestamp += FRAME;
    this.#now += FRAME;
    this.#sendLate();
    this.#send({kind: 'audio', timestamp: this.#timestamp, payload: silence(FRAME)});
    for (let left = FRAME; left > 0;) {
      this.#returnReached();
      const [first] = this.#waiting;
      if (!first) return;
      const played = Math.min(left, first.ms);
      this.playedMs += played;
      first.ms -= played;
      left -= played;
    }
    this.#returnReached();
  }

  #returnReached(): void {
    while (this.#waiting[0]?.ms === 0) this.#return(this.#waiting.shift()?.mark ?? '');
  }

  #return(mark: string): void {
    if (mark === '') return;
    this.#late.push({mark, at: Math.max(this.#now + this.#lateness(), this.#late.at(-1)?.at ?? 0)});
    this.#sendLate();
  }

  #sendLate(): void {
    while ((this.#late[0]?.at ?? Number.POSITIVE_INFINITY) <= this.#now)
      this.#send({kind: 'mark', name: this.#late.shift()?.mark ?? ''});
  }
}

/**
 * How Redis is away: for so long, the first `unnoticed` ms of it without an error. `oneWay`: how much longer nobody hears
 * the one direction. `hop`: how long a message takes.
 */
interface Away {
  readonly ms: number;
  readonly unnoticed?: number;
  readonly oneWay?: {readonly direction: 'up' | 'down'; readonly ms: number};
  readonly hop?: () => number;
}

/**
 * The model speaks for three seconds, `speed` times as fast as it is played. Redis is away from `from` on. The caller
 * interrupts so long `after` it is back. Returns what the caller heard and what the model remembers, in ms.
 */
async function interruptedAfterOutage(
  speed: number,
  from: number,
  {ms: away, unnoticed = 0, oneWay = {direction: 'up', ms: 0}, hop}: Away,
  after: number,
) {
  const call = await takenCall({hop});
  const {clock, modelSession: model, bus, session} = call;
  const phone = new Phone(call);
  let [spoken, received, isDone] = [0, 0, false];
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += FRAME) {
      spoken = Math.min(spoken + FRAME * speed, 3_000);
      for (; received + DELTA <= spoken; received += DELTA)
        model.emit({type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(DELTA)});
      if (received === 3_000 && !isDone) {
        isDone = true;
        model.emit({type: 'audioEnded', itemId: 'i1'});
        model.emit({
          type: 'responseEnded',
          responseId: 'r1',
          status: 'completed',
          reason: undefined,
          tokens: undefined,
        });
      }
      phone.pass();
      await clock.advanceAsync(FRAME, 5);
    }
  };
  model.emit({type: 'responseStarted', responseId: 'r1', tag: undefined});
  await pass(from);
  bus.setLosing(() => true);
  await pass(Math.min(unnoticed, away));
  bus.setDown(unnoticed < away);
  await pass(Math.max(0, away - unnoticed));
  bus.setDown(false);
  bus.setLosing(channel => channel.endsWith(`:${oneWay.direction}`));
  await pass(oneWay.ms);
  bus.setLosing(() => false);
  await pass(after);
  model.emit({type: 'callerSpoke', itemId: 'c1', fromMs: 0});
  await pass(600);
  const [cut] = model.commandsOf('truncate');
  session.release('the test is over');
  return {heard: phone.playedMs, remembered: cut?.audioEndMs ?? received, received, isCut: cut !== undefined};
}

test('a caller who interrupts just after Redis was away: the model remembers what they heard, not what was on its way', async () => {
  const {heard, remembered, received} = await interruptedAfterOutage(1, 200, {ms: 2_500}, 120);
  expect(received).toBeGreaterThan(2_000);
  expect(heard).toBeLessThan(700);
  expect(Math.abs(remembered - heard)).toBeLessThanOrEqual(60);
});

test('of a reply that was given up while Redis was away, the caller hears the rest once, and the model remembers no more', async () => {
  const {heard, remembered} = await interruptedAfterOutage(4, 400, {ms: 12_000}, 600);
  // 1,600 ms were at the phone before, and 600 come after it.
  expect(Math.abs(heard - 2_200)).toBeLessThanOrEqual(100);
  expect(Math.abs(remembered - heard)).toBeLessThanOrEqual(80);
});

test('whenever Redis is away in a reply, for how long, and how fast the model speaks', {timeout: 60_000}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1, 1.5, 4),
      fc.integer({min: 1, max: 60}),
      fc.integer({min: 25, max: 150}),
      fc.integer({min: 3, max: 60}),
      async (speed, from, away, after) => {
        await remembersWhatWasHeard(speed, from * FRAME, {ms: away * FRAME}, after * FRAME, 60);
      },
    ),
    {numRuns: 25, endOnFailure: true},
  );
});

test('whenever a node of Redis dies, and however long nobody notices', {timeout: 60_000}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1, 1.5, 4),
      fc.integer({min: 10, max: 60}),
      fc.integer({min: 25, max: 150}),
      fc.integer({min: 0, max: 150}),
      fc.integer({min: 5, max: 60}),
      fc.record({direction: fc.constantFrom('up', 'down'), ms: fc.integer({min: 0, max: 20}).map(n => n * FRAME)}),
      fc.integer(),
      fc.integer({min: 1, max: 20}),
      async (speed, from, away, unnoticed, after, oneWay, seed, slowest) => {
        const random = seededRandom(seed);
        const how = {ms: away * FRAME, unnoticed: unnoticed * FRAME, oneWay, hop: () => random.between(0, slowest)};
        await remembersWhatWasHeard(speed, from * FRAME, how, after * FRAME, 100);
      },
    ),
    {numRuns: 25, endOnFailure: true},
  );
});

async function remembersWhatWasHeard(
  speed: number,
  from: number,
  away: Away,
  after: number,
  most: number,
): Promise<void> {
  const {heard, remembered, received, isCut} = await interruptedAfterOutage(speed, from, away, after);
  const error = remembered - Math.min(heard, received);
  // A reply of which no more than 100 ms are left is not cut.
  const allowed = isCut ? most : most + 100;
  expect(Math.abs(error), `heard ${heard}, remembered ${remembered} of ${received}`).toBeLessThanOrEqual(allowed);
}

/**
 * The model speaks for a while, `speed` times as fast as it is played, on a call whose marks are late by up to `markLate`. A
 * caller interrupts; for `stall` ms from just before then, nothing gets from the worker to the edge, and nobody is told.
 */
async function interruptedInStall(speed: number, from: number, stall: number, markLate: number, seed: number) {
  const random = seededRandom(seed);
  let [now, stalledUntil] = [() => 0, 0];
  const hop = (channel: string) => {
    const usual = random.between(1, 4);
    return channel.endsWith(':down') ? Math.max(usual, stalledUntil - now()) : usual;
  };
  const call = await takenCall({hop});
  const {clock, modelSession: model, session} = call;
  now = () => clock.now();
  const phone = new Phone(call, () => random.between(0, markLate));
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += FRAME) {
      phone.pass();
      await clock.advanceAsync(FRAME, 5);
    }
  };
  const replies: {heard: number; remembered: number}[] = [];
  for (const [reply, stalls] of [0, 0, stall].entries()) {
    const [responseId, itemId, before] = [`r${reply}`, `i${reply}`, phone.playedMs];
    model.emit({type: 'responseStarted', responseId, tag: undefined});
    for (let [passed, received] = [0, 0]; passed < from; passed += FRAME) {
      for (; received + DELTA <= (passed + FRAME) * speed; received += DELTA)
        model.emit({type: 'audio', responseId, itemId, payload: sound(DELTA)});
      await pass(FRAME);
    }
    stalledUntil = clock.now() + stalls;
    model.emit({type: 'callerSpoke', itemId: `c${reply}`, fromMs: 0});
    await pass(700);
    model.emit({type: 'responseEnded', responseId, status: 'cancelled', reason: undefined, tokens: undefined});
    model.emit({type: 'callerStopped', itemId: `c${reply}`, untilMs: 0}, {type: 'turnCommitted', itemId: `c${reply}`});
    await pass(300);
    const cut = model.commandsOf('truncate').find(each => each.itemId === itemId);
    replies.push({heard: phone.playedMs - before, remembered: cut?.audioEndMs ?? -1});
  }
  session.release('the test is over');
  return replies.at(-1) ?? {heard: 0, remembered: -1};
}

test(
  'however late a clear is on its way, also where marks are late: the model remembers what was heard meanwhile',
  {timeout: 60_000},
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1.5, 4),
        fc.integer({min: 30, max: 90}),
        fc.integer({min: 0, max: 350}),
        fc.integer({min: 0, max: 300}),
        fc.integer(),
        async (speed, from, stall, markLate, seed) => {
          const {heard, remembered} = await interruptedInStall(speed, from * FRAME, stall, markLate, seed);
          expect(Math.abs(remembered - heard), `heard ${heard}, remembered ${remembered}`).toBeLessThanOrEqual(80);
        },
      ),
      {numRuns: 25, endOnFailure: true},
    );
  },
);
