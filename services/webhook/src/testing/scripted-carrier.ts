import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CarrierCall, CarrierOut, Dial, Dialled} from '../calls-out/carrier-out.ts';

/** A call as it really was: the truth of a test. */
export interface MadeCall {
  readonly callSid: string;
  readonly to: string;
  readonly out: string;
  readonly attempt: number;
  readonly at: Millis;
  /** When it comes into which state, in the carrier's words. */
  readonly becomes: readonly {readonly at: Millis; readonly status: string}[];
}

interface Report {
  readonly at: Millis;
  readonly out: string;
  readonly attempt: number;
  readonly callSid: string;
  readonly status: string;
}

/**
 * A carrier whose answers get lost, that refuses for a while, and whose reports come late, twice, in any order or not at
 * all. It shares nothing with the product but the door.
 */
export class ScriptedCarrier implements CarrierOut {
  readonly made: MadeCall[] = [];
  /** Reports that are on their way. */
  reports: Report[] = [];
  readonly #random: Random;
  readonly #wall: () => Millis;

  constructor(random: Random, wall: () => Millis) {
    this.#random = random;
    this.#wall = wall;
  }

  async dial({to, out, attempt}: Dial): Promise<Dialled> {
    const mood = this.#random.next();
    if (mood < 0.03) return {outcome: 'refused', reason: 'Twilio answers 429 (20429: Too Many Requests)', again: true};
    if (mood < 0.04) return {outcome: 'refused', reason: 'Twilio answers 400 (21219: trial account)', again: false};
    // The request did not arrive, and nobody can know.
    if (mood < 0.05) return {outcome: 'unknown', reason: 'ECONNRESET'};
    const call = this.#make(to, out, attempt);
    if (mood < 0.08) return {outcome: 'unknown', reason: 'Twilio answers 502'};
    return {outcome: 'placed', callSid: call.callSid};
  }

  async find(callSid: string): Promise<CarrierCall | undefined> {
    const call = this.made.find(each => each.callSid === callSid);
    return call && {callSid, status: this.statusOf(call)};
  }

  async callsTo(to: string, since: Millis): Promise<readonly CarrierCall[]> {
    return this.made
      .filter(call => call.to === to && call.at >= since)
      .map(call => ({callSid: call.callSid, status: this.statusOf(call)}));
  }

  async hangUp(): Promise<void> {}

  /** What a call is doing now. */
  statusOf(call: MadeCall): string {
    return call.becomes.findLast(({at}) => at <= this.#wall())?.status ?? 'queued';
  }

  /** The reports that arrive by now. */
  arriving(): Report[] {
    const now = this.#wall();
    const arrived = this.reports.filter(({at}) => at <= now);
    this.reports = this.reports.filter(({at}) => at > now);
    return arrived.toSorted((a, b) => a.at - b.at);
  }

  #make(to: string, out: string, attempt: number): MadeCall {
    const random = this.#random;
    const at = this.#wall();
    const ends = random.pick(['completed', 'completed', 'completed', 'busy', 'no-answer', 'failed']);
    const rings = at + random.whole(500, 2_000);
    const answered = rings + random.whole(1_000, 20_000);
    const becomes =
      ends === 'completed'
        ? [
            {at, status: 'initiated'},
            {at: rings, status: 'ringing'},
            {at: answered, status: 'in-progress'},
            {at: answered + random.whole(2_000, 60_000), status: ends},
          ]
        : [
            {at, status: 'initiated'},
            {at: rings, status: 'ringing'},
            {at: answered, status: ends},
          ];
    const callSid = `CA${(this.made.length + 1).toString(16).padStart(32, '0')}`;
    const call = {callSid, to, out, attempt, at, becomes};
    this.made.push(call);
    for (const {at: when, status} of becomes)
      for (let copies = random.chance(0.1) ? 0 : random.chance(0.1) ? 2 : 1; copies > 0; copies -= 1)
        this.reports.push({
          at: when + random.whole(50, random.chance(0.1) ? 30_000 : 800),
          out,
          attempt,
          callSid,
          status,
        });
    return call;
  }
}
