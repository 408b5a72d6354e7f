import {systemClock} from '@voicebridge/shared/time.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {dialOdd, evidenceOf, type Keys, type OddCall} from '../../tools/harness/evidence/odd-call.ts';
import {impatient} from './impatient.ts';
import type {CallOutcome} from './judge.ts';
import {oddModel, type OddModel} from './odd-model.ts';

const AT_ONCE = 10;
/** The model tells callers apart by a hash of their numbers. */
const HASH_KEY = 'a key of the bench for hashes';
/** Every caller has hung up before this. */
const WAIT_AT_MOST_MS = 240_000;

interface Placed extends OddCall {
  readonly seed: number;
  readonly model: OddModel;
  readonly keys: readonly Keys[];
}

/** Calls through all processes, each with its own faults of the model. */
export async function realCalls(calls: number, seed: number, say: (text: string) => void): Promise<CallOutcome[]> {
  const alive = setInterval(() => {}, 60_000); // the clock's timers do not keep a process
  try {
    const model = {MODEL_TAGGED: 'on', MODEL_FIRST_DELTA_MS: '200-500'};
    const env = {NUMBER_HASH_KEY: HASH_KEY};
    await using fleet = await ProcessFleet.start({edges: 1, workers: 2, model, env, twilio: {sayMsPerChar: 65}});
    const outcomes: CallOutcome[] = [];
    for (let done = 0; done < calls; done += AT_ONCE) {
      say(`real call ${done} of ${calls}`);
      const placed: Placed[] = [];
      for (let next = done; next < Math.min(calls, done + AT_ONCE); next += 1)
        placed.push(await place(fleet, seed + next));
      const given = setTimeout(() => placed.forEach(({call}) => call.hangUp()), WAIT_AT_MOST_MS);
      const ended = placed.map(one => outcomeOf(fleet, one));
      outcomes.push(...(await Promise.all(ended).finally(() => clearTimeout(given))));
    }
    return outcomes;
  } finally {
    clearInterval(alive);
  }
}

async function place(fleet: ProcessFleet, seed: number): Promise<Placed> {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1));
  const model = oddModel(random);
  const {script, keys} = impatient(random, systemClock);
  const odd = await dialOdd(fleet, model, script, `+1555${String(seed).padStart(7, '0')}`);
  return {...odd, seed, model, keys};
}

async function outcomeOf(fleet: ProcessFleet, placed: Placed): Promise<CallOutcome> {
  const {silences, mostResponses, endReason: end, lines} = await evidenceOf(fleet, placed, placed.keys);
  const error = lines.find(({level}) => level === 'error');
  const {seed, model} = placed;
  return {seed, ways: model.ways, silences, mostResponses, end, thrown: error && JSON.stringify(error)};
}
