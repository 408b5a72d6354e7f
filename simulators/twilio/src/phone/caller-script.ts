import type {Millis} from '@voicebridge/shared/time.ts';
import type {ClipName} from '../../../audio/clips.ts';

/** What a step may look at. */
export interface CallerView<Call> {
  readonly call: Call;
  /** The caller is talking. */
  readonly talking: boolean;
  /** For how long the assistant's turn has been audible; 0 in silence. */
  readonly assistantAudibleFor: Millis;
  /** The last moment the assistant was heard. */
  readonly assistantHeardUntil: Millis | undefined;
}

/** One thing a caller does, or waits for. */
export type CallerStep<Call> =
  /** Speaks, and goes on when everything is said. */
  | {readonly do: 'say'; readonly clip: ClipName}
  | {readonly do: 'say'; readonly audio: Buffer; readonly name?: string}
  | {readonly do: 'pause'; readonly ms: Millis}
  /** Until the assistant's turn has been audible for this long; without a length, until anything is heard. */
  | {readonly do: 'waitForAssistant'; readonly speakingFor?: Millis}
  /** Until the assistant has answered the caller's last word or key, and has then been silent for this long. */
  | {readonly do: 'waitForSilence'; readonly ms: Millis}
  /** Waits for the assistant like `waitForAssistant`, then talks over it. */
  | {readonly do: 'interruptAfter'; readonly ms: Millis; readonly clip: ClipName}
  | {readonly do: 'press'; readonly digit: string}
  | {readonly do: 'until'; readonly until: (call: Call) => boolean}
  /** The phone's network holds the frames back, then delivers all of them at once. */
  | {readonly do: 'stall'; readonly ms: Millis}
  /**
   * From `after` ms on, also in the middle of what is said next, no frames at all for `ms`: what the caller says then is
   * lost. Twilio's timestamps go on meanwhile, or stand still.
   */
  | {readonly do: 'lose'; readonly after: Millis; readonly ms: Millis; readonly timestamps: 'goOn' | 'stand'}
  /** No frames at all, without a hang-up; and frames again. */
  | {readonly do: 'mute'}
  | {readonly do: 'unmute'}
  | {readonly do: 'hangUp'};

/** What the phone has to do because of a step. */
export type CallerAct<Call> = Exclude<
  CallerStep<Call>,
  {readonly do: 'pause' | 'waitForAssistant' | 'waitForSilence' | 'interruptAfter' | 'until'}
>;

/** Follows a script. After the last step the caller stays on the line and listens. */
export class ScriptedCaller<Call> {
  readonly #steps: readonly CallerStep<Call>[];
  #next = 0;
  #since: Millis | undefined;
  #lastActAt: Millis = -Infinity;
  #saying = false;

  constructor(steps: readonly CallerStep<Call>[]) {
    this.#steps = steps;
  }

  /** Whether nothing is left to do. */
  get finished(): boolean {
    return this.#next >= this.#steps.length && !this.#saying;
  }

  /** What the caller does now; call it again until it says nothing. */
  tick(at: Millis, view: CallerView<Call>): CallerAct<Call> | undefined {
    if (this.#saying) {
      if (view.talking) return undefined;
      this.#saying = false;
      this.#lastActAt = at;
    }
    for (let step = this.#steps[this.#next]; step; step = this.#steps[this.#next]) {
      this.#since ??= at;
      if (!this.#ready(step, at, this.#since, view)) return undefined;
      this.#next += 1;
      this.#since = undefined;
      const act = actOf(step);
      if (!act) continue;
      this.#saying = act.do === 'say';
      if (act.do === 'press') this.#lastActAt = at;
      return act;
    }
    return undefined;
  }

  #ready(step: CallerStep<Call>, at: Millis, since: Millis, view: CallerView<Call>): boolean {
    switch (step.do) {
      case 'pause':
        return at - since >= step.ms;
      case 'waitForAssistant':
        if (step.speakingFor === undefined) return this.#heardSince(since, view);
        return view.assistantAudibleFor > 0 && view.assistantAudibleFor >= step.speakingFor;
      case 'interruptAfter':
        return view.assistantAudibleFor > 0 && view.assistantAudibleFor >= step.ms;
      case 'waitForSilence': {
        const until = view.assistantHeardUntil ?? -Infinity;
        return until > this.#lastActAt && view.assistantAudibleFor === 0 && at - until >= step.ms;
      }
      case 'until':
        return step.until(view.call);
      case 'say':
      case 'press':
      case 'stall':
      case 'lose':
      case 'mute':
      case 'unmute':
      case 'hangUp':
        break;
    }
    return true;
  }

  /** A short word may have been heard between two ticks of a busy machine, and even before the first of them. */
  #heardSince(since: Millis, {assistantAudibleFor, assistantHeardUntil = -Infinity}: CallerView<Call>): boolean {
    const from = this.#next === 0 ? -Infinity : since;
    return assistantAudibleFor > 0 || assistantHeardUntil > from;
  }
}

function actOf<Call>(step: CallerStep<Call>): CallerAct<Call> | undefined {
  switch (step.do) {
    case 'pause':
    case 'waitForAssistant':
    case 'waitForSilence':
    case 'until':
      return undefined;
    case 'interruptAfter':
      return {do: 'say', clip: step.clip};
    case 'say':
    case 'press':
    case 'stall':
    case 'lose':
    case 'mute':
    case 'unmute':
    case 'hangUp':
      break;
  }
  return step;
}
