import type {Millis} from '@voicebridge/shared/time.ts';
import type {ModelScript} from '../../simulators/openai/src/answering/model-script.ts';
import {seededRandom, type Random} from '@voicebridge/shared/testing/seeded-random.ts';
import {brokenOff, mostAnswers} from '../../tools/harness/evidence/model-answers.ts';
import {
  KEYS_SETTLE_MS,
  owedSilences,
  soundsIn,
  type Sound,
  type Wait,
  withTold,
} from '../../tools/harness/evidence/owed-silence.ts';
import {CoreCall} from '../../tools/harness/virtual/core/core-call.ts';
import type {CallOutcome} from './judge.ts';
import {oddModel} from './odd-model.ts';

/** A caller who waits so long for an answer says something again, or hangs up. */
const PATIENCE_MS = 30_000;
const STEP_MS = 20;
const WORDS = 'This is a sentence of the usual length, said at the usual speed. ';
const networks = [
  {delay: 0, jitter: 0},
  {delay: 20, jitter: 5},
  {delay: 80, jitter: 40},
] as const;

/**
 * One call on a virtual clock: a faulty model, and a caller who speaks, interrupts, presses keys and hangs up. `tell`
 * gets one line for each event.
 */
export function virtualCall(seed: number, tell?: (line: string) => void): CallOutcome {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1));
  const model = oddModel(random);
  const streamAfter = random.between(0, 1_500);
  const call = new CoreCall({
    seed,
    network: networks[seed % 3] ?? networks[0],
    modelNetwork: {delay: 15, jitter: 5},
    sessionAfter: random.between(0, 600),
    streamAfter,
    script: script(random),
    knobs: model.first,
    laterKnobs: model.later,
    tolerant: true,
  });
  const caller = new Caller(call, random, streamAfter);
  let thrown: string | undefined;
  try {
    caller.liveThroughIt();
  } catch (error) {
    thrown = error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 3).join(' ') : String(error);
  }
  const endedAt = call.left?.at ?? call.clock.now();
  call.queue.advance(endedAt);
  const said = soundsIn(call.queue.played(), call.queue.segments);
  const told = withTold(said, call.toldByTwilio, caller.actedAt);
  const {sounds} = told;
  const waits = [...caller.waits, ...told.waits];
  if (tell) for (const line of story(call, sounds, waits)) tell(line);
  return {
    seed,
    ways: model.ways,
    silences: owedSilences([...waits, ...brokenOff(call.sessions, said, caller.actedAt)], sounds, endedAt),
    mostResponses: mostAnswers(
      call.sessions.flatMap(({events}) => events),
      caller.actedAt,
    ),
    end: call.left?.effect.do === 'leave' || call.left?.effect.do === 'end' ? call.left.effect.reason : undefined,
    thrown,
  };
}

/** What happened, in order of time. */
function story(call: CoreCall, sounds: readonly Sound[], waits: readonly Wait[]): string[] {
  const line = (at: Millis, text: string) => ({at, text});
  const events = [
    ...waits.map(({since, after}) => line(since, `caller waits: ${after}`)),
    ...sounds.flatMap(({item, from, to}) => [line(from, `item ${item} is heard`), line(to, `item ${item} ends`)]),
    ...call.warned.map(({at, warning}) => line(at, `warning: ${warning.what}, ${warning.code}: ${warning.detail}`)),
    ...call.sessions.flatMap(({events, faults}, index) => [
      ...faults.map(({at, fault}) => line(at, `session ${index + 1} fault: ${fault}`)),
      ...events
        .filter(({type}) => !type.endsWith('.delta'))
        .map(({at, direction, type}) => line(at, `session ${index + 1} ${direction} ${type}`)),
    ]),
    ...(call.left ? [line(call.left.at, `the worker leaves: ${JSON.stringify(call.left.effect)}`)] : []),
  ];
  return events.toSorted((a, b) => a.at - b.at).map(({at, text}) => `${(at / 1_000).toFixed(2).padStart(8)}  ${text}`);
}

class Caller {
  readonly waits: Wait[] = [];
  /** When the caller began to say something, or pressed a key, or hung up. */
  readonly actedAt: Millis[] = [];
  readonly #call: CoreCall;
  readonly #random: Random;

  constructor(call: CoreCall, random: Random, streamAfter: Millis) {
    this.#call = call;
    this.#random = random;
    this.waits.push({after: 'start', since: streamAfter});
  }

  liveThroughIt(): void {
    const random = this.#random;
    for (let turns = random.whole(2, 5); turns > 0; turns -= 1) {
      const interrupts = random.between(0, 1) < 0.3;
      if (!this.#hears()) return this.#hangsUp();
      if (interrupts) this.#passes(random.between(200, 1_500));
      else if (!this.#isTold()) return this.#hangsUp();
      if (this.#call.left) return;
      if (random.between(0, 1) < 0.2) this.#presses();
      else this.#talks();
    }
    this.#hears();
    this.#isTold();
    this.#hangsUp();
  }

  /** Waits for audio of the assistant; without any, speaks once more, and then hangs up. */
  #hears(): boolean {
    if (this.#until(() => this.#call.hearsAssistant, PATIENCE_MS)) return true;
    this.#talks();
    return this.#until(() => this.#call.hearsAssistant, PATIENCE_MS);
  }

  /** Waits until the assistant has finished; after half a sentence, half of the callers wait for more. */
  #isTold(): boolean {
    const pause = this.#random.between(300, 900);
    const waitsForMore = this.#random.between(0, 1) < 0.5;
    let quietFor = 0;
    return this.#until(() => {
      quietFor = this.#call.hearsAssistant ? 0 : quietFor + STEP_MS;
      if (quietFor <= pause) return false;
      return !waitsForMore || quietFor > PATIENCE_MS || !this.#isBrokenOff;
    }, PATIENCE_MS * 2);
  }

  get #isBrokenOff(): boolean {
    const spoken = this.#call.sessions.flatMap(({responses}) =>
      responses.filter(each => each.firstAudioAt !== undefined),
    );
    const status = spoken.at(-1)?.status;
    return status !== 'completed' && status !== 'cancelled';
  }

  #talks(): void {
    const ms = Math.round(this.#random.between(600, 1_800));
    this.#acts();
    this.#call.talk(ms);
    this.#passes(ms);
    this.waits.push({after: 'turn', since: this.#call.clock.now()});
  }

  #presses(): void {
    this.#acts();
    for (let digits = this.#random.whole(1, 4); digits > 0; digits -= 1) {
      this.#call.press(String(this.#random.whole(0, 9)));
      if (digits > 1) this.#passes(this.#random.between(150, 500));
    }
    this.waits.push({after: 'key', since: this.#call.clock.now() + KEYS_SETTLE_MS});
  }

  #hangsUp(): void {
    this.#acts();
    this.#call.hangUp();
    this.#passes(1_000);
  }

  #acts(): void {
    const now = this.#call.clock.now();
    const last = this.waits.pop();
    if (last) this.waits.push({...last, until: now});
    this.actedAt.push(now);
  }

  #passes(ms: Millis): void {
    this.#until(() => false, ms);
  }

  #until(isSo: () => boolean, most: Millis): boolean {
    for (let waited = 0; waited < most; waited += STEP_MS) {
      if (isSo()) return true;
      if (this.#call.left) return true;
      this.#call.wait(Math.min(STEP_MS, most - waited));
    }
    return false;
  }
}

function script(random: Random): ModelScript {
  return ({kind}) => {
    if (kind === 'greeting') return [{say: {text: 'Hello, how can I help you?', audioMs: 1_600}}];
    const ms = Math.round(random.between(500, 5_000));
    return [{say: {text: WORDS.repeat(Math.ceil(ms / 4_000)), audioMs: ms}}];
  };
}
