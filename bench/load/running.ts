import {mkdir} from 'node:fs/promises';
import {cpus} from 'node:os';
import {join, resolve} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Millis} from '@voicebridge/shared/time.ts';
import {Load} from './load.ts';
import type {MachineUse, Measurement, ProcessFigures} from './measurement.ts';
import {percentiles} from './percentiles.ts';
import {type Answer, Probes, type Question} from './probes.ts';
import {type Cost, costOf, machineTime} from './process-cost.ts';
import type {StartSystem, System} from './systems.ts';
import {Tape} from './tape.ts';

/** Calls before all others, which are not measured: code is slow while it is cold. */
const WARM_UP = {calls: 12, seconds: 5};
/** From the last call's beginning until all callers are in the middle of their calls. */
const SETTLE: Millis = 2_500;
/** A frame that takes longer is lost. */
const GRACE: Millis = 700;
/** By then a bridge has let go of calls that have ended. */
const LEFT_AFTER: Millis = 4_000;
const PEAK_EVERY: Millis = 250;
const IDLE_SECONDS = 3;

export interface RunOptions {
  readonly calls: number;
  /** How long it is measured, after everybody has been connected. */
  readonly seconds: number;
  /** A folder for a processor profile of each process. */
  readonly profile?: string | undefined;
  /** Whether memory is measured too, which takes some seconds after the calls. */
  readonly memory?: boolean;
  /** Gets what is being done, in a word or two. */
  readonly phase?: (text: string) => void;
}

interface State {
  readonly cpuMs: Millis;
  readonly rssBytes: number;
  readonly heapBytes: number | undefined;
}

/** A bridge that runs, warm, with the load that calls it. */
export class RunningBridge implements AsyncDisposable {
  readonly #name: string;
  readonly #stack: AsyncDisposableStack;
  readonly #load: Load;
  readonly #probes: Probes;
  readonly #system: System;
  #idle: Readonly<Record<string, State>> = {};
  #idleCpu: Readonly<Record<string, Millis>> = {};

  private constructor(name: string, stack: AsyncDisposableStack, load: Load, probes: Probes, system: System) {
    this.#name = name;
    this.#stack = stack;
    this.#load = load;
    this.#probes = probes;
    this.#system = system;
  }

  /** `name`: part of the file names of profiles. Resolves when it is warm and idle again. */
  static async start(name: string, start: StartSystem): Promise<RunningBridge> {
    const stack = new AsyncDisposableStack();
    try {
      const load = stack.use(await Load.start(1));
      const probes = stack.use(await Probes.listen());
      const system = stack.use(await start(load.modelUrl, probes));
      const bridge = new RunningBridge(name, stack, load, probes, system);
      await bridge.#warmUp();
      return bridge;
    } catch (thrown) {
      await stack.disposeAsync();
      throw thrown;
    }
  }

  async #warmUp(): Promise<void> {
    await this.#load.dial(this.#system.webhookUrl, WARM_UP.calls);
    await sleep(WARM_UP.seconds * 1_000);
    await this.#load.hangUp();
    await sleep(1_500);
    this.#idle = await this.#states();
    await sleep(IDLE_SECONDS * 1_000);
    const after = await this.#costs();
    this.#idleCpu = mapValues(after, ({cpuMs}, name) => (cpuMs - (this.#idle[name]?.cpuMs ?? 0)) / IDLE_SECONDS);
  }

  /** Makes calls, measures them in their middle, and hangs up. */
  async measure({calls, seconds, profile, memory = true, phase = () => {}}: RunOptions): Promise<Measurement> {
    const tape = new Tape();
    this.#load.tape = tape;
    phase('dialling');
    await this.#load.dial(this.#system.webhookUrl, calls);
    await sleep(SETTLE);
    const files = profile === undefined ? undefined : await profileFiles(profile, this.#name, calls);
    await this.#ask('begin', files);
    const [before, machineBefore, ownBefore] = [await this.#costs(), await machineTime(), process.cpuUsage()];
    const began = performance.now();
    phase('measuring');
    tape.start();
    const peaks = await this.#peaks(seconds * 1_000);
    tape.stop();
    const took = performance.now() - began;
    const [after, machineAfter, own] = [await this.#costs(), await machineTime(), process.cpuUsage(ownBefore)];
    const told = await this.#ask('end', files);
    await sleep(GRACE);
    phase('hanging up');
    const held = memory ? await this.#states() : {};
    await this.#load.hangUp();
    if (memory) await sleep(LEFT_AFTER);
    const left = memory ? await this.#states() : {};

    const callSeconds = (calls * took) / 1_000;
    const spent = mapValues(after, ({cpuMs}, name) => cpuMs - (before[name]?.cpuMs ?? 0));
    const processes = mapValues(spent, (cpuMs, name): ProcessFigures => {
      const answers = told[name] ?? [];
      const pauses = answers.flatMap(answer => answer.pauses ?? []);
      const idle = this.#idle[name];
      const grown = (state: State | undefined) =>
        state?.heapBytes === undefined || idle?.heapBytes === undefined
          ? undefined
          : Math.max(0, state.heapBytes - idle.heapBytes) / calls;
      const isNode = answers.some(answer => answer.threadBusy !== undefined);
      return {
        cpuMs: cpuMs / callSeconds,
        idleMs: this.#idleCpu[name] ?? 0,
        threadBusy: isNode ? Math.max(...answers.map(answer => answer.threadBusy ?? 0)) : undefined,
        peakBytes: Math.max(0, (peaks[name] ?? 0) - (idle?.rssBytes ?? 0)) / calls,
        heldBytes: grown(held[name]),
        leftBytes: grown(left[name]),
        longestPause: isNode ? Math.max(0, ...pauses) : undefined,
        pausedMs: isNode ? pauses.reduce((sum, pause) => sum + pause, 0) / (took / 1_000) : undefined,
      };
    });
    const all = Math.max(1, machineAfter.all - machineBefore.all);
    const bridge = Object.values(spent).reduce((sum, cpuMs) => sum + cpuMs, 0) / all;
    const load = (own.user + own.system) / 1_000 / all;
    const stolen = (machineAfter.stolen - machineBefore.stolen) / all;
    const busy = (machineAfter.busy - machineBefore.busy) / all;
    const machine: MachineUse = {
      cores: cpus().length,
      busy,
      bridge,
      load,
      others: Math.max(0, busy - bridge - load - stolen),
      stolen,
      late: percentiles(tape.late).p99,
    };
    return {
      calls,
      seconds,
      up: percentiles(tape.up),
      down: percentiles(tape.down),
      reaction: percentiles(tape.reactions),
      webhook: percentiles(tape.webhook),
      setUp: percentiles(tape.setUp),
      frames: {sent: tape.up.length + tape.lost, lost: tape.lost, twice: tape.twice},
      turns: tape.turns,
      refused: tape.refused,
      dropped: tape.dropped,
      processes,
      machine,
    };
  }

  /** Waits, and returns the most memory that each process had meanwhile, in bytes. */
  async #peaks(forMs: Millis): Promise<Record<string, number>> {
    const peaks: Record<string, number> = {};
    const end = performance.now() + forMs;
    while (performance.now() < end) {
      await sleep(Math.min(PEAK_EVERY, Math.max(0, end - performance.now())));
      for (const [name, {rssBytes}] of Object.entries(await this.#costs()))
        peaks[name] = Math.max(peaks[name] ?? 0, rssBytes);
    }
    return peaks;
  }

  async #costs(): Promise<Record<string, Cost>> {
    const costs = Object.entries(await this.#system.pids()).map(async ([name, pids]) => {
      return [name, await costOf(pids)] as const;
    });
    return Object.fromEntries(await Promise.all(costs));
  }

  /** With the live heap: this collects the garbage of each process. */
  async #states(): Promise<Record<string, State>> {
    const told = await this.#ask('heap');
    return mapValues(await this.#costs(), (cost, name): State => {
      const heaps = (told[name] ?? []).flatMap(({heapBytes}) => heapBytes ?? []);
      return {...cost, heapBytes: heaps.length > 0 ? heaps.reduce((sum, each) => sum + each, 0) : undefined};
    });
  }

  async #ask(ask: Question['ask'], profile?: (name: string, pid: number) => string): Promise<Record<string, Answer[]>> {
    const asked = Object.entries(await this.#system.pids()).map(async ([name, pids]) => {
      const answers = pids.map(pid => this.#probes.ask(pid, profile ? {ask, profile: profile(name, pid)} : {ask}));
      return [name, await Promise.all(answers)] as const;
    });
    return Object.fromEntries(await Promise.all(asked));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** `npm run bench profile` reads the calls from the name. */
async function profileFiles(folder: string, bridge: string, calls: number) {
  await mkdir(folder, {recursive: true});
  return (name: string, pid: number) => join(resolve(folder), `${bridge}-${name}-${calls}-calls-${pid}.cpuprofile`);
}

function mapValues<From, To>(of: Readonly<Record<string, From>>, to: (from: From, key: string) => To) {
  return Object.fromEntries(Object.entries(of).map(([key, from]) => [key, to(from, key)]));
}
