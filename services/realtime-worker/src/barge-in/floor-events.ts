import type {Millis} from '@voicebridge/shared/time.ts';
import type {FloorPolicy} from '../assistant.ts';
import type {ServerRights} from '../model/model-adapter.ts';
import type {Truncation} from '../playback/truncation.ts';
import type {ConfirmedClear} from '../playback/playback-ledger.ts';

/**
 * What the server may do by itself with this policy. `lifted`: the greeting needs no protection any more. Where a noise is
 * not a turn, the server may do nothing.
 */
export function serverRights({mode, minSpeechMs, uninterruptible}: FloorPolicy, lifted: boolean): ServerRights {
  const serverResponds = mode === 'immediate' && minSpeechMs === 0 && lifted;
  return {serverInterrupts: serverResponds && !uninterruptible, serverResponds};
}

/** A server that owns interruption has yielded by the time it reports that the caller speaks: nothing is left to decide. */
export const HAS_YIELDED: FloorPolicy = {
  mode: 'immediate',
  minSpeechMs: 0,
  greetingProtectedMs: 0,
  noiseMs: 0,
  uninterruptible: false,
};

export type FloorEvent =
  /** `asked`: by us, perhaps before the caller began to speak; else the server made it by itself. */
  | {
      readonly type: 'responseStarted';
      readonly responseId: string;
      readonly greeting: boolean;
      readonly asked: boolean;
    }
  | {readonly type: 'assistantAudio'; readonly responseId: string; readonly itemId: string; readonly payload: string}
  | {readonly type: 'itemFinished'; readonly itemId: string}
  | {readonly type: 'responseEnded'; readonly responseId: string}
  /** `since`: when the first of that speech arrived here; `heard`: their frames say so too, and not only the model. */
  | {readonly type: 'callerSpoke'; readonly since: Millis; readonly heard: boolean}
  /** All that was protected was heard. */
  | {readonly type: 'protectedHeard'}
  /** A machine has answered: from now on nobody speaks who could interrupt, and what is being said stops. */
  | {readonly type: 'machineRecords'}
  /** The caller pressed a key, which cannot be a noise on the line. */
  | {readonly type: 'keyPressed'}
  /** This response is not waited for any longer. */
  | {readonly type: 'abandoned'; readonly responseId: string}
  /** By their frames the caller speaks; asked for with `awaitsMinSpeech`. */
  | {readonly type: 'callerHeard'}
  /** `spokenMs`: how long the caller really spoke, the silence that proved the end not counted. */
  | {readonly type: 'callerStopped'; readonly spokenMs: Millis}
  | {readonly type: 'markReturned'; readonly name: string}
  /**
   * What was sent at `since` or later does not reach the caller's phone; undefined: all of it has. What has reached it since the
   * last such event had left at `leftAt`. `gaveUp`: audio among it never will.
   */
  | {
      readonly type: 'undelivered';
      readonly since: Millis | undefined;
      readonly leftAt: Millis;
      readonly gaveUp: boolean;
    }
  | {readonly type: 'streamOpened'}
  | {readonly type: 'streamLost'}
  /** The model's session is lost or replaced: what it was about to say will not come. */
  | {readonly type: 'modelLost'}
  /**
   * Nothing more will happen on this call. `heardFrom`: when anything last came from the caller's phone. `ahead`: the end
   * was reported out of band, before the phone's last frames.
   */
  | {readonly type: 'over'; readonly heardFrom: Millis; readonly ahead: boolean}
  /** Some time passed; `deadline` says when it is wanted. */
  | {readonly type: 'time'};

/** Audio of one item that another owner of the call had sent to the phone, how long ago, and the mark behind it. */
export interface SentBefore {
  readonly itemId: string;
  readonly itemFrom: Millis;
  readonly ms: Millis;
  readonly agoMs: Millis;
  readonly mark?: string | undefined;
}

/** The caller spoke over the assistant: how far they had heard it, and what is truncated. */
export interface Interruption extends Omit<ConfirmedClear, 'unheard'> {
  readonly cuts: readonly Truncation[];
  /** When the clear went out. */
  readonly at: Millis;
  readonly unheardMs: Millis;
  readonly roundTrip: Millis | undefined;
}

export type FloorEffect =
  | {
      readonly do: 'say';
      readonly payload: string;
      readonly mark: string;
      readonly itemId: string;
      readonly responseId: string;
      /** From where to where in the item. */
      readonly itemFrom: Millis;
      readonly itemMs: Millis;
    }
  /** A mark without audio. */
  | {readonly do: 'mark'; readonly mark: string}
  /** Twilio: drop what is buffered. */
  | {readonly do: 'clear'}
  /** The model: forget what was not heard. */
  | ({readonly do: 'truncate'} & Truncation)
  /** The model: stop generating. Never where the server stops by itself. */
  | {readonly do: 'cancel'; readonly responseId: string}
  /** From now on the server may interrupt and answer by itself, as far as this assistant lets it. */
  | {readonly do: 'unprotect'}
  | {readonly do: 'interrupted'; readonly interruption: Interruption}
  /** What the caller said over us was only a noise. The model must forget it. */
  | {readonly do: 'noise'}
  /** It was too short to stop the reply. The model may know of it, and does not answer. */
  | {readonly do: 'unanswered'}
  | {readonly do: 'resumed'; readonly interruption: Interruption}
  /** The clear landed after all had been heard: nothing has to be truncated. */
  | {readonly do: 'allHeard'; readonly interruption: Interruption}
  /** The caller spoke over an assistant that always finishes. */
  | {readonly do: 'uninterruptible'}
  /** The line was closed in the middle of it. */
  | {readonly do: 'cutOff'; readonly cuts: readonly Truncation[]};

/** Responses that the caller will not hear, and the items that stay unfinished with them. */
export interface Silenced {
  readonly effects: readonly FloorEffect[];
  readonly unfinished: ReadonlySet<string>;
}

export const NOTHING_SENT = {heard: 0, proven: 0, sent: 0, by: 'clock'} as const;

export function cancels(responseIds: readonly string[]): FloorEffect[] {
  return responseIds.map(responseId => ({do: 'cancel', responseId}));
}

export function truncations(cuts: readonly Truncation[]): FloorEffect[] {
  return cuts.map(cut => ({do: 'truncate', ...cut}));
}
