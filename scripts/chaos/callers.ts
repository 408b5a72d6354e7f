import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {CallerScript, FakeCall, FakeTwilio} from '../../simulators/twilio/src/fake-twilio.ts';
import type {Random} from './faults.ts';

const CLIPS = ['caller-yes', 'caller-opening-hours', 'caller-hello', 'caller-human'] as const;

export interface CrowdOptions {
  /** How many callers at a time. */
  readonly calls: number;
  readonly stayMs: readonly [number, number];
  /** How many callers in all. */
  readonly total: number;
}

/** Keeps a number of callers on the line: when one hangs up, another dials, until `stop`. */
export class Crowd {
  readonly #twilio: FakeTwilio;
  readonly #random: Random;
  readonly #options: CrowdOptions;
  readonly #onEnd: (report: CallReport) => void;
  readonly #talking = new Set<FakeCall>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly reports: CallReport[] = [];
  #dialled = 0;
  #closed = false;
  #empty = Promise.withResolvers<void>();

  constructor(
    twilio: FakeTwilio,
    options: CrowdOptions,
    random: Random,
    onEnd: (report: CallReport) => void = () => {},
  ) {
    this.#twilio = twilio;
    this.#onEnd = onEnd;
    this.#options = options;
    this.#random = random;
    for (let callers = 0; callers < options.calls; callers += 1) this.#after(callers * 100, () => this.#dial());
  }

  get talking(): number {
    return this.#talking.size;
  }

  /** All callers have dialled. */
  get complete(): boolean {
    return this.#dialled >= this.#options.total;
  }

  /** Lets no more callers dial, and all hang up. Resolves with the last report. */
  async goHome(): Promise<readonly CallReport[]> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const call of this.#talking) call.hangUp();
    if (this.#talking.size > 0) await this.#empty.promise;
    return this.reports;
  }

  #dial(): void {
    if (this.#closed || this.complete) return;
    const call = this.#twilio.dial(this.#script(), {tag: this.#dialled});
    this.#dialled += 1;
    this.#talking.add(call);
    const [least, most] = this.#options.stayMs;
    this.#after(least + this.#random() * (most - least), () => call.hangUp());
    void call.ended.then(report => {
      this.reports.push(report);
      this.#onEnd(report);
      this.#talking.delete(call);
      this.#dial();
      if (this.#talking.size === 0) this.#empty.resolve();
    });
  }

  /** Speaks from time to time, whether answered or not: some callers interrupt the assistant, some wait. */
  #script(): CallerScript {
    return Array.from({length: 12}, (): CallerScript => [
      {do: 'pause', ms: 1_000 + this.#random() * 7_000},
      {do: 'say', clip: CLIPS[Math.floor(this.#random() * CLIPS.length)] ?? 'caller-yes'},
    ]).flat();
  }

  #after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }
}
