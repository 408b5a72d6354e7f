import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Faults} from '@voicebridge/shared/testing/faulty-media-bus.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {type JournalEntry, readJournal} from '../../services/realtime-worker/src/events/journal-entry.ts';
import {readTagRuns} from '../../simulators/openai/src/audio/tagged-audio.ts';
import {InterruptedModel} from '../../tools/harness/virtual/fleet/interrupted-model.ts';
import type {TalkingCaller} from '../../tools/harness/virtual/fleet/talking-caller.ts';
import {VirtualFleet} from '../../tools/harness/virtual/fleet/virtual-fleet.ts';

const RUNS = Number(process.env['SIMULATION_RUNS'] ?? 5);
const CALLS = 2;

type Fault = 'none' | 'kill worker' | 'kill edge' | 'hang worker' | 'redis';

/** What happens while the assistant speaks, `beforeMs` after it is to be heard, and how long after that the caller interrupts. */
const round = fc.record({
  fault: fc.constantFrom<Fault>('none', 'kill worker', 'kill edge', 'hang worker', 'redis'),
  beforeMs: fc.integer({min: 200, max: 3_000}),
  forMs: fc.integer({min: 50, max: 2_500}),
  thenMs: fc.integer({min: 0, max: 2_500}),
});
const network = fc.record({
  lose: fc.constantFrom(0, 0.02),
  double: fc.constantFrom(0, 0.05),
  delay: fc.constantFrom(0, 0.1),
  delayUpTo: fc.integer({min: 1, max: 60}),
  lie: fc.constant(0),
});

interface Round {
  readonly fault: Fault;
  readonly beforeMs: number;
  readonly forMs: number;
  readonly thenMs: number;
}

/** A reply of which the caller did not hear the end. In ms. */
interface Heard {
  readonly reply: number;
  readonly heard: number;
  readonly remembered: number;
  readonly twice: number;
  readonly skipped: number;
}

describe('callers who interrupt after faults', () => {
  test(
    'are remembered to have heard what they heard, and hear nothing twice',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(),
          network,
          fc.constantFrom(1, 1.5, 4),
          fc.array(round, {minLength: 1, maxLength: 5}),
          async (...story) => {
            expect(await live(...story)).toEqual([]);
          },
        ),
        {numRuns: RUNS, endOnFailure: true},
      );
    },
    120_000 * Math.max(1, RUNS / 10),
  );
});

async function live(seed: number, faults: Faults, speed: number, rounds: readonly Round[]): Promise<string[]> {
  const numbers = seededRandom(seed);
  const model = new InterruptedModel(speed);
  const fleet = new VirtualFleet(() => numbers.between(0, 1), model);
  for (let worker = 0; worker < 3; worker += 1) await fleet.until('a worker', fleet.addWorker());
  const edges = [await fleet.addEdge(), await fleet.addEdge()];
  await fleet.pass(1_200);
  for (let call = 0; call < CALLS; call += 1) await fleet.until('a call', fleet.call(edges[call % 2]!));
  fleet.worsen(faults);
  const all = (is: (caller: TalkingCaller) => boolean) => fleet.callers.every(is);
  const broken: string[] = [];
  for (const {fault, beforeMs, forMs, thenMs} of rounds) {
    for (let waited = 0; !all(({isSpokenTo}) => isSpokenTo); waited += 20) {
      if (waited > 15_000) return [`nobody speaks before ${fault}`];
      await fleet.pass(20);
    }
    await fleet.pass(beforeMs);
    await strike(fleet, fault, forMs, numbers.whole(0, 9));
    await fleet.pass(thenMs);
    for (const {tag} of fleet.callers) {
      for (let waited = 0; !model.interrupt(tag) && waited < 5_000; waited += 20) await fleet.pass(20);
    }
    await fleet.pass(2_000);
  }
  await fleet.pass(2_000);
  for (const caller of fleet.callers) {
    const entries = readJournal([
      ...(await fleet.directory.past(caller.callSid)),
      ...(await fleet.directory.journal(caller.callSid)),
    ]);
    for (const each of heardOf(caller, entries).slice(0, -1)) {
      const {reply, heard, remembered, twice, skipped} = each;
      const error = Math.abs(remembered - heard);
      if (error > 100) broken.push(`reply ${reply}: heard ${heard}, remembered ${remembered}`);
      if (twice > 100) broken.push(`reply ${reply}: ${twice} ms heard twice`);
      if (skipped > 100) broken.push(`reply ${reply}: ${skipped} ms not heard`);
    }
  }
  for (const caller of fleet.callers) caller.hangUp();
  await fleet.pass(3_000);
  fleet.broken.length = 0;
  await fleet[Symbol.asyncDispose]();
  return broken;
}

async function strike(fleet: VirtualFleet<InterruptedModel>, fault: Fault, forMs: number, who: number): Promise<void> {
  const worker = fleet.workers[who % fleet.workers.length]!;
  if (fault === 'kill worker') await fleet.replaceWorker(worker, 'kill');
  if (fault === 'kill edge') await fleet.replaceEdge(fleet.edges[who % fleet.edges.length]!);
  if (fault === 'hang worker') {
    worker.mortal.hang();
    await fleet.pass(forMs);
    worker.mortal.wake();
  }
  if (fault === 'redis') {
    fleet.memory.setDown(true);
    await fleet.pass(forMs);
    fleet.memory.setDown(false);
  }
}

/** Of each reply in order: what was played of it, and what the journal says. */
function heardOf({heard}: TalkingCaller, entries: readonly JournalEntry[]): Heard[] {
  const replies = new Map<number, {blocks: Set<number>; twice: number; until: number}>();
  for (const {item, fromMs, toMs} of readTagRuns(heard)) {
    const reply = replies.get(item) ?? {blocks: new Set<number>(), twice: 0, until: 0};
    for (let ms = fromMs; ms < toMs; ms += 1) {
      if (reply.blocks.has(ms)) reply.twice += 1;
      reply.blocks.add(ms);
    }
    reply.until = Math.max(reply.until, toMs);
    replies.set(item, reply);
  }
  return [...replies].map(([reply, {blocks, twice, until}]) => {
    const id = `item-${reply}`;
    const cut = entries.findLast(entry => entry.is === 'cut' && entry.id === id);
    const said = entries.flatMap(entry => (entry.is === 'said' && entry.id === id ? [entry.ms] : []));
    const remembered = cut?.is === 'cut' ? cut.heardMs : Math.max(0, ...said);
    return {reply, heard: blocks.size, remembered, twice, skipped: until - blocks.size};
  });
}
