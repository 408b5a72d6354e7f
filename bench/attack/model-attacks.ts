import {type ChildProcess, fork} from 'node:child_process';
import {once} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {percentiles} from '../load/percentiles.ts';
import {Tape} from '../load/tape.ts';
import {HOSTILE_MODELS} from './hostile-models.ts';
import {quietPhone, type QuietPhone} from './quiet-phone.ts';
import {ringing, type SignedBridge} from './signed-bridge.ts';
import {megabytes, ms, table} from './table.ts';

const SETTLE = 2_000;
/** Rows with an attack between two rows without. */
const BETWEEN = 4;
/** Callers of the hostile model at a time. */
const VICTIMS = 2;

interface Options {
  readonly models: readonly string[];
  readonly calls: number;
  readonly seconds: number;
  /** For so long Redis stands still meanwhile. */
  readonly away: number;
}

let numbers = 0;
/** A number of their own for each: what a hostile model says that it costs counts against its caller's budget. */
const nextNumber = () => `+1555020${String((numbers += 1) % 10_000).padStart(4, '0')}`;

/** Honest calls, beside callers whose model is hostile in one way after the other. */
export async function modelAttacks(
  bridge: SignedBridge,
  options: Options,
  progress: (text: string) => void,
): Promise<string> {
  const rows: (string | number)[][] = [];
  const measured = async (name?: string) => {
    const row = await measure(bridge, options, name);
    progress(row.join(' | '));
    rows.push(row);
  };
  for (const [index, name] of options.models.entries()) {
    if (index % BETWEEN === 0) await measured();
    await measured(name);
  }
  await measured();
  const heads = [
    `beside ${options.calls} calls, ${options.seconds} s each`,
    'caller → model p50 / p99 / max',
    'model → caller p99 / max',
    'reaction p50 / max',
    'frames lost',
    'connected',
    'dropped',
    'longest turn of the worker',
    'worker',
    'worker memory, most more',
    'sessions of it, sent by it',
  ];
  return table(heads, rows);
}

async function measure(
  bridge: SignedBridge,
  {calls, seconds, away}: Options,
  name: string | undefined,
): Promise<(string | number)[]> {
  const tape = new Tape();
  bridge.load.tape = tape;
  const before = bridge.load.model.sessions;
  await bridge.load.dial(bridge.webhookUrl, calls);
  // A session that is opened later would be with the hostile model.
  for (let looks = 0; looks < 200 && bridge.load.model.sessions < before + calls; looks += 1) await sleep(50);
  const quiet = (await bridge.costOf('worker')).rssBytes;
  let most = quiet;
  const look = setInterval(() => {
    void bridge.costOf('worker').then(({rssBytes}) => (most = Math.max(most, rssBytes)));
  }, 100);
  const attack = name === undefined ? undefined : await Victims.call(bridge, name);
  await sleep(SETTLE);
  const started = await bridge.costOf('worker');
  await bridge.askWorker('begin');
  tape.start();
  await bridge.pauseRedis(away * 1_000);
  await sleep((seconds - away) * 1_000);
  tape.stop();
  const {longestTurnMs = Number.NaN} = await bridge.askWorker('end');
  const after = await bridge.costOf('worker');
  await sleep(700);
  clearInterval(look);
  const told = await attack?.state();
  await attack?.[Symbol.asyncDispose]();
  await bridge.load.hangUp();
  await sleep(1_000);
  const [up, down, reactions] = [percentiles(tape.up), percentiles(tape.down), percentiles(tape.reactions)];
  return [
    name === undefined ? 'nothing' : (HOSTILE_MODELS[name]?.what ?? name),
    `${ms(up.p50)} / ${ms(up.p99)} / ${ms(up.max)}`,
    `${ms(down.p99)} / ${ms(down.max)}`,
    `${ms(reactions.p50)} / ${ms(reactions.max)} (${reactions.count})`,
    tape.lost,
    `${calls - tape.refused} of ${calls}`,
    tape.dropped,
    ms(longestTurnMs),
    `${Math.round((after.cpuMs - started.cpuMs) / (seconds * 10))} %`,
    megabytes(most - quiet),
    told === undefined ? '' : `${told.sessions}, ${megabytes(told.bytes)}`,
  ];
}

/** Callers who have the hostile model, and call again when their call is over. */
class Victims implements AsyncDisposable {
  readonly #bridge: SignedBridge;
  readonly #child: ChildProcess;
  readonly #stop = new AbortController();
  #calling: Promise<unknown> = Promise.resolve();

  private constructor(bridge: SignedBridge, name: string) {
    const script = fileURLToPath(new URL('hostile-model-process.ts', import.meta.url));
    this.#bridge = bridge;
    this.#child = fork(script, [name], {execArgv: []});
  }

  static async call(bridge: SignedBridge, name: string): Promise<Victims> {
    const victims = new Victims(bridge, name);
    await once(victims.#child, 'spawn');
    bridge.load.model.upgradeInstead = (key, socket) => victims.#child.connected && victims.#child.send({key}, socket);
    victims.#calling = Promise.all(Array.from({length: VICTIMS}, () => victims.#callAgain()));
    return victims;
  }

  async state(): Promise<{readonly sessions: number; readonly bytes: number}> {
    const told = once(this.#child, 'message') as Promise<[{sessions: number; bytes: number}]>;
    this.#child.send({});
    const [state] = await told;
    return state;
  }

  async #untilClosed(phone: QuietPhone): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (!phone.isOpen) return;
      await sleep(50);
    }
  }

  async #callAgain(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const phone: QuietPhone | undefined = await quietPhone(this.#bridge, {
        call: {...ringing(), From: nextNumber()},
      }).catch(() => undefined);
      if (phone) await this.#untilClosed(phone);
      await phone?.[Symbol.asyncDispose]();
      await sleep(200);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#calling;
    this.#bridge.load.model.upgradeInstead = undefined;
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}
