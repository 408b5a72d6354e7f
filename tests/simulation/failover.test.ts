import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Faults} from '@voicebridge/shared/testing/faulty-media-bus.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {readTagRuns} from '../../simulators/openai/src/audio/tagged-audio.ts';
import {stretchesOf} from '../../tools/harness/audio-evidence.ts';
import {TalkingModel} from '../../tools/harness/virtual/fleet/talking-model.ts';
import {VirtualFleet} from '../../tools/harness/virtual/fleet/virtual-fleet.ts';

const CALLS = 3;
const RUNS = Number(process.env['SIMULATION_RUNS'] ?? 12);

/** The faults, and how long no other fault follows. */
const misfortune = fc.record({
  what: fc.constantFrom(
    'kill worker',
    'kill worker',
    'hang worker',
    'hang worker',
    'drain worker',
    'kill edge',
    'redis',
  ),
  who: fc.nat(9),
  forMs: fc.integer({min: 50, max: 2_500}),
  thenMs: fc.integer({min: 100, max: 2_500}),
});
const faults = fc.record({
  lose: fc.constantFrom(0, 0.02, 0.1),
  double: fc.constantFrom(0, 0.05),
  delay: fc.constantFrom(0, 0.1),
  delayUpTo: fc.integer({min: 1, max: 60}),
  lie: fc.constantFrom(0, 0.02),
});

interface Misfortune {
  readonly what: string;
  readonly who: number;
  readonly forMs: number;
  readonly thenMs: number;
}

describe('calls of a small fleet with every fault', () => {
  test(
    'each have one owner at a time, lose nothing between live owners, and end once',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), faults, fc.array(misfortune, {minLength: 1, maxLength: 6}), async (...story) => {
          expect(await live(...story)).toEqual([]);
        }),
        {numRuns: RUNS, endOnFailure: true},
      );
    },
    60_000 * Math.max(1, RUNS / 10),
  );
});

/** Runs a sequence of faults, and returns what must not have happened. */
async function live(seed: number, network: Faults, story: readonly Misfortune[]): Promise<string[]> {
  const numbers = seededRandom(seed);
  const fleet = new VirtualFleet(() => numbers.between(0, 1), new TalkingModel());
  for (let worker = 0; worker < 3; worker += 1) await fleet.until('a worker', fleet.addWorker());
  const edges = [await fleet.addEdge(), await fleet.addEdge()];
  await fleet.pass(1_200);
  for (let call = 0; call < CALLS; call += 1) {
    await fleet.until('a call', fleet.call(edges[call % 2]!));
  }
  await fleet.pass(500);
  fleet.worsen(network);
  let edgesLost = 0;
  for (const {what, who, forMs, thenMs} of story) {
    const worker = fleet.workers[who % fleet.workers.length]!;
    if (what === 'kill worker') await fleet.replaceWorker(worker, 'kill');
    else if (what === 'drain worker') await fleet.replaceWorker(worker, 'drain');
    else if (what === 'hang worker') {
      worker.mortal.hang();
      await fleet.pass(forMs);
      worker.mortal.wake();
    } else if (what === 'redis') {
      fleet.memory.setDown(true);
      await fleet.pass(forMs);
      fleet.memory.setDown(false);
    } else if (edgesLost < 2) {
      edgesLost += 1;
      await fleet.replaceEdge(fleet.edges[who % fleet.edges.length]!);
    }
    await fleet.pass(thenMs);
  }
  fleet.calm();
  await fleet.pass(4_000);
  for (const caller of fleet.callers) caller.hangUp();
  await fleet.pass(5_000);
  // A call whose owner died as its caller hung up is found by a sweep.
  await fleet.pass(35_000, 50);
  const broken = await whatBroke(fleet, edgesLost > 0);
  fleet.broken.length = 0;
  await fleet[Symbol.asyncDispose]();
  return [...broken, ...fleet.broken];
}

async function whatBroke(fleet: VirtualFleet<TalkingModel>, edgesLost: boolean): Promise<string[]> {
  const broken = [...fleet.broken];
  const must = (rule: string, holds: boolean) => holds || broken.push(rule);
  const heardBy = fleet.model.sessions.map(({number, heard}) => ({number, ...stretchesOf(Buffer.concat(heard))}));
  for (const {tag, callSid, heard, frames} of fleet.callers) {
    const who = `caller ${tag}`;
    // One owner at a time.
    const sessions = heardBy.filter(({tags}) => tags.includes(tag));
    must(
      `${who} shares a session`,
      sessions.every(({tags}) => tags.length === 1),
    );
    const order = new Map(sessions.map(({number}, index) => [number, index]));
    const runs = readTagRuns(heard);
    const owners = runs.map(({item}) => order.get(item) ?? -1);
    must(`${who} hears a stranger`, !owners.includes(-1));
    must(
      `${who} hears owners of the past: ${owners.join()}`,
      owners.every((owner, i) => owner >= (owners[i - 1] ?? 0)),
    );
    const again = runs.some((run, i) => run.item === runs[i - 1]?.item && run.fromMs < (runs[i - 1]?.toMs ?? 0) - 400);
    must(`${who} hears something twice`, !again);
    // Nothing is lost between live processes.
    for (const {number, stretches} of sessions) {
      const inOrder = stretches.every(({from}, index) => from >= (stretches[index - 1]?.to ?? 0));
      must(`session ${number} hears ${who} twice or out of order`, inOrder);
      must(`session ${number} hears ${who} with gaps`, stretches.length === 1 || edgesLost);
    }
    const all = new Set(sessions.flatMap(({stretches}) => stretches.flatMap(({from, to}) => range(from, to))));
    const lost = frames - all.size;
    must(`${who} lost ${lost} of ${frames} frames`, lost <= (edgesLost ? 400 : 15));
    // One end.
    const call = await fleet.directory.read(callSid);
    must(`${who} is ${call?.state ?? 'forgotten'}`, call?.state === 'ended');
    const records = fleet.records.filter(({summary}) => summary.callSid === callSid);
    must(`${who} has ${records.length} records`, records.length === 1);
  }
  must(`open: ${(await fleet.directory.open()).length}`, (await fleet.directory.open()).length === 0);
  const left = fleet.memory.channels.filter(channel => channel.startsWith('media:'));
  must(`channels are left: ${left.join()}`, left.length === 0);
  return broken;
}

function range(from: number, to: number): number[] {
  return Array.from({length: to - from}, (_, index) => from + index);
}
