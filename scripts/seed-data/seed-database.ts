import {randomBytes} from 'node:crypto';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {type Random, seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {requireEmpty, storeDemoCalls} from '../../services/analytics/scripts/store-demo-calls.ts';
import type {Database} from '../../services/analytics/src/database/database.ts';
import {partyOf} from './play-call.ts';
import {simulateCalls} from './simulate-calls.ts';

export interface SeedOptions {
  /** About how many turns to store. */
  readonly turns: number;
  /** How many different calls are simulated; each is stored again and again, at other times. */
  readonly simulated: number;
  readonly days: number;
  /** No call starts later than this, in Unix milliseconds. */
  readonly until: number;
  /** The same seed simulates the same calls. */
  readonly seed: number;
  /** Whether what was said is kept. */
  readonly words: boolean;
  readonly progress?: (done: string) => void;
}

export interface Seeded {
  readonly simulated: number;
  readonly calls: number;
  readonly turns: number;
}

const PEOPLE = 900;
const DAY = 24 * 3_600_000;
/** Calls of each hour of the day, UTC; the sum does not matter. */
const HOURS = [1, 1, 1, 1, 2, 4, 9, 20, 38, 52, 58, 55, 44, 49, 56, 53, 47, 38, 27, 18, 11, 6, 3, 2];

/** Fills an empty database with simulated calls. Throws `CannotStart` where there are calls already. */
export async function seedDatabase(database: Database, options: SeedOptions): Promise<Seeded> {
  await requireEmpty(database);
  const {progress = () => {}, seed, until, simulated} = options;
  const records = await simulateCalls({
    calls: simulated,
    seed,
    wall: until - DAY,
    progress: done => progress(`${done} of ${simulated} calls simulated`),
  });
  return await storeAgain(database, records.flat(), options);
}

/** Stores each record several times, as calls of their own. */
export async function storeAgain(
  database: Database,
  simulated: readonly CallFinished[],
  options: Omit<SeedOptions, 'simulated'>,
): Promise<Seeded> {
  const {progress = () => {}, seed, words} = options;
  const random = seededRandom(seed);
  const perCall = simulated.reduce((sum, {turns}) => sum + turns.length, 0) / simulated.length;
  const moments = Array.from({length: Math.ceil(options.turns / perCall)}, () => momentOf(random, options));
  // In the order in which real calls would have arrived.
  moments.sort((a, b) => a - b);
  const stored = await storeDemoCalls(database, {
    records: recordsAt(moments, simulated, random),
    simulated: simulated.length,
    words,
    progress: done => progress(`${done.toLocaleString('en')} calls stored`),
  });
  return {simulated: simulated.length, ...stored};
}

/** One of the records at each moment. */
function* recordsAt(
  moments: readonly number[],
  simulated: readonly CallFinished[],
  random: Random,
): Generator<CallFinished> {
  for (const at of moments) {
    const record = simulated[random.whole(0, simulated.length - 1)];
    if (record) yield atAnotherTime(record, at, random);
  }
}

/** The same call with another SID, at another time, with another person; all else is as its record has it. */
export function atAnotherTime(record: CallFinished, startedAt: number, random: Random): CallFinished {
  const {summary} = record;
  const person = partyOf(`+47900${String(10_000 + random.whole(0, PEOPLE - 1) * 97)}`);
  const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
  const party = summary.direction === 'inbound' ? {caller: person} : {callee: person};
  const endedAt = startedAt + summary.endedAt - summary.startedAt;
  return {...record, summary: {...summary, ...party, callSid, startedAt, endedAt}};
}

/** A restaurant is called on weekdays from eight to six, and seldom at night. */
function momentOf(random: Random, {days, until}: Pick<SeedOptions, 'days' | 'until'>): number {
  for (;;) {
    const at = Math.floor(until - random.next() * days * DAY);
    const date = new Date(at);
    const weekend = date.getUTCDay() === 0 || date.getUTCDay() === 6;
    const busy = (HOURS[date.getUTCHours()] ?? 1) * (weekend ? 0.35 : 1);
    if (random.next() * 58 < busy) return at;
  }
}
