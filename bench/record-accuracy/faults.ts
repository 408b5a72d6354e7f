import {createHmac} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {metric, type ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {RunningProcess} from '../../tools/local-stack/processes.ts';
import type {FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';

export const TROUBLES = ['none', 'worker', 'hang', 'edge', 'model', 'all'] as const;
/** Faults during a wave of calls. */
export type Trouble = (typeof TROUBLES)[number];

export const isTrouble = (text: string): text is Trouble => (TROUBLES as readonly string[]).includes(text);

export const dies = (trouble: Trouble) => trouble === 'worker' || trouble === 'all';

/** Telephone numbers are hashed with this key and the model gets the hash, which matches its sessions with calls. */
export const HASH_KEY = 'what only this bench needs to know';

/** Long enough for its calls to go to others while it does not run, and short enough for them to be going on when it wakes. */
const HANGS_FOR_MS = 1_500;

/** Injects faults, and remembers them. */
export class Troublemaker {
  readonly #fleet: ProcessFleet;
  readonly #killed = new Set<RunningProcess>();
  readonly #hung = new Set<RunningProcess>();
  readonly #modelCuts = new Map<string, number[]>();

  constructor(fleet: ProcessFleet) {
    this.#fleet = fleet;
  }

  /** When a model session of a call was cut off, each time; on the wall clock. */
  modelCuts(callSid: string): readonly number[] {
    return this.#modelCuts.get(callSid) ?? [];
  }

  hasKilled(worker: RunningProcess | undefined): boolean {
    return worker !== undefined && this.#killed.has(worker);
  }

  hasHung(worker: RunningProcess): boolean {
    return this.#hung.has(worker);
  }

  async make(trouble: Trouble, calls: readonly FakeCall[]): Promise<void> {
    if (trouble === 'edge' || trouble === 'all') {
      await sleep(4_000);
      for (const call of everyFifth(calls, 1)) call.cutSocket();
    }
    if (dies(trouble)) {
      await sleep(3_000);
      const doomed = await this.#busiest();
      if (doomed) {
        this.#killed.add(doomed);
        doomed.kill('SIGKILL');
      }
    }
    if (trouble === 'hang') {
      await sleep(7_000);
      const hangs = await this.#busiest();
      if (!hangs) return;
      this.#hung.add(hangs);
      hangs.kill('SIGSTOP');
      await sleep(HANGS_FOR_MS);
      hangs.kill('SIGCONT');
    }
    if (trouble === 'model' || trouble === 'all') {
      await sleep(4_000);
      await this.#cutModel(everyFifth(calls, 3));
    }
  }

  /** The living worker with the most calls. */
  async #busiest(): Promise<RunningProcess | undefined> {
    const living = this.#fleet.workers.filter(worker => !this.#killed.has(worker));
    const busy = await Promise.all(living.map(worker => metric(worker, 'voicebridge_calls_active')));
    return living[busy.indexOf(Math.max(...busy))];
  }

  async #cutModel(calls: readonly FakeCall[]): Promise<void> {
    const open = (await this.#fleet.sessions()).filter(({closedAt}) => closedAt === null);
    for (const {callSid, facts} of calls) {
      const hash = createHmac('sha256', HASH_KEY).update(facts.from).digest('hex').slice(0, 32);
      const session = open.findLast(({safetyIdentifier}) => safetyIdentifier === hash);
      if (!session) continue;
      this.#modelCuts.set(callSid, [...this.modelCuts(callSid), Date.now()]);
      await this.#fleet.closeSession(session.id);
    }
  }
}

function everyFifth(calls: readonly FakeCall[], from: number): FakeCall[] {
  return calls.filter((call, index) => call.status === 'in-progress' && index % 5 === from);
}
