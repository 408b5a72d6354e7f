import type {Millis} from '@voicebridge/shared/time.ts';
import type {FloorPolicy} from '../../services/realtime-worker/src/assistant.ts';
import {callerClips, readClip} from '../../simulators/audio/clips.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {CoreCall} from '../../tools/harness/virtual/core/core-call.ts';
import type {NoisyLine} from './lines.ts';
import {atLevel, fromMulaw, SAMPLES_PER_MS, type Sound, toMulaw} from './sound.ts';

export const policies = {
  immediate: {mode: 'immediate', minSpeechMs: 0},
  'min speech 300': {mode: 'immediate', minSpeechMs: 300},
  resume: {mode: 'resume', minSpeechMs: 0},
} as const satisfies Record<string, Partial<FloorPolicy>>;
export type Policy = keyof typeof policies;

/** What became of one chance to interrupt, or of one reply that nobody interrupts. */
export interface Trial {
  /** The model's own voice detection said that the caller speaks. */
  readonly server: boolean;
  /** The assistant stopped, and gave way. */
  readonly stopped: boolean;
  /** It answered what was said. */
  readonly answered: boolean;
}

const ROUNDS = 4;
const FRAME_MS = 20;
/** From the end of what is said to the answer: the model waits for half a second of silence first. */
const ANSWERED_WITHIN_MS = 1_500;
/** A stop that comes so much later than the last word still answers it. */
const HEARD_WITHIN_MS = 100;

/** Callers who talk over a long reply, at this level. */
export function interruptions(line: NoisyLine, policy: Policy, level: number, seed: number): Trial[] {
  const random = seededRandom(seed * 7_919 + 17);
  const voices = Object.keys(callerClips).filter(name => name !== 'caller-yes');
  const phone = new Phone(line, seed);
  const call = callOf(phone, policy, seed);
  const trials: Trial[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    if (!call.until(() => call.audible, 8_000)) break;
    call.wait(random.between(1_200, 4_000));
    if (!call.audible) continue; // something else has stopped it
    const name = voices[random.whole(0, voices.length - 1)] as keyof typeof callerClips;
    const voice = atLevel(fromMulaw(readClip(name)), level);
    const from = call.clock.now();
    phone.say(voice, from);
    call.wait(voice.length / SAMPLES_PER_MS + HEARD_WITHIN_MS);
    const by = call.clock.now();
    call.wait(ANSWERED_WITHIN_MS);
    const trial = trialOf(call, from, by);
    trials.push(trial);
    // A caller who was not heard presses a key: there must be a reply to interrupt.
    if (!trial.answered) askByKey(call);
  }
  return trials;
}

/** Replies of fifteen seconds to callers who say nothing. */
export function silentCallers(line: NoisyLine, policy: Policy, seed: number): Trial[] {
  const phone = new Phone(line, seed);
  const call = callOf(phone, policy, seed);
  const trials: Trial[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    if (!call.until(() => call.audible, 8_000)) break;
    const from = call.clock.now();
    call.wait(REPLY_MS - 200);
    const by = call.clock.now();
    call.wait(ANSWERED_WITHIN_MS);
    trials.push(trialOf(call, from, by));
    askByKey(call);
  }
  return trials;
}

function askByKey(call: CoreCall): void {
  call.until(() => !call.audible, 40_000);
  call.press('1');
  call.wait(1_500);
}

/** What happened between two moments, and the outcome shortly after. */
function trialOf({session, facts, landed}: CoreCall, from: Millis, by: Millis): Trial {
  const isDuring = (at: Millis) => at >= from && at <= by;
  const silences = landed.filter(({at, discardedBytes}) => discardedBytes > 0 && isDuring(at)).length;
  // A pause after which the reply went on.
  const resumed = facts.filter(
    fact => fact.is === 'interruption' && fact.interruption.false && isDuring(fact.interruption.at),
  ).length;
  return {
    server: session.speech.some(({startedAt}) => isDuring(startedAt)),
    stopped: silences > resumed,
    answered: session.responses.some(({startedAt}) => startedAt >= from),
  };
}

const REPLY_MS = readClip('assistant-long-story').length / SAMPLES_PER_MS;

function callOf(phone: Phone, policy: Policy, seed: number): CoreCall {
  return new CoreCall({
    seed,
    network: {delay: 20, jitter: 5},
    modelNetwork: {delay: 15, jitter: 5},
    // A detection that hears as well as people do: quiet voices, and not the line.
    knobs: {tagged: false, vadLevel: 60, vadAboveNoise: 3},
    floor: policies[policy],
    script: () => [{say: 'assistant-long-story'}],
    picksUp: (at, played) => phone.frame(at, played),
  });
}

/** What the caller's phone picks up: the line, what comes back of the assistant, and now and then a voice. */
class Phone {
  readonly #line: NoisyLine;
  #at: number;
  #voice: {readonly sound: Sound; readonly from: Millis} | undefined;

  constructor(line: NoisyLine, seed: number) {
    this.#line = line;
    this.#at = (seed * 104_729) % line.noise.length;
  }

  say(sound: Sound, from: Millis): void {
    this.#voice = {sound, from};
  }

  frame(at: Millis, played: Buffer): string {
    const {noise, echo} = this.#line;
    const back = fromMulaw(played);
    const sound = new Float64Array(FRAME_MS * SAMPLES_PER_MS);
    const said = this.#voice ? Math.round((at - this.#voice.from) * SAMPLES_PER_MS) : 0;
    for (let index = 0; index < sound.length; index += 1) {
      const voice = this.#voice?.sound[said + index] ?? 0;
      sound[index] = (noise[(this.#at + index) % noise.length] ?? 0) + echo * (back[index] ?? 0) + voice;
    }
    this.#at += sound.length;
    return toMulaw(sound).toString('base64');
  }
}
