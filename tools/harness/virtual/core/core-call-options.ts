import type {Millis} from '@voicebridge/shared/time.ts';
import type {Assistant, FloorPolicy} from '../../../../services/realtime-worker/src/assistant.ts';
import type {ModelScript} from '../../../../simulators/openai/src/answering/model-script.ts';
import type {Knobs} from '../../../../simulators/openai/src/knobs/knobs.ts';
import type {MarkKnobs} from '../../../../simulators/twilio/src/media/mark-returns.ts';
import type {PlaybackKnobs} from '../../../../simulators/twilio/src/phone/play-head.ts';
import type {Network} from '../network.ts';

export interface CoreCallOptions {
  readonly seed: number;
  readonly script: ModelScript;
  /** Between worker and Twilio, each way. */
  readonly network?: Network;
  /** Between worker and model, each way. */
  readonly modelNetwork?: Network;
  readonly knobs?: Partial<Knobs>;
  /** Knobs of the sessions after the first one; without them they share those of the first. */
  readonly laterKnobs?: Partial<Knobs>;
  /** Accepts messages of the model that the worker cannot read. */
  readonly tolerant?: boolean;
  readonly floor?: Partial<FloorPolicy>;
  readonly assistant?: Partial<Omit<Assistant, 'floor'>>;
  /** How the network, or a server that is not strict, changes a message of the model; undefined: it is lost. */
  readonly garble?: (text: string) => string | undefined;
  /** From the start of the call to the model's session and to the caller's stream. */
  readonly sessionAfter?: Millis;
  readonly streamAfter?: Millis;
  /** The frame of the caller's phone, given what it played since the last one; used instead of silence and `talk`. */
  readonly picksUp?: (at: Millis, played: Buffer) => string;
  /** How Twilio returns marks; as documented, if not given. */
  readonly marks?: MarkKnobs;
  /** How the phone plays; in real time, if not given. */
  readonly playback?: PlaybackKnobs;
}

export const NO_NETWORK: Network = {delay: 0, jitter: 0};

export const usualFloor: FloorPolicy = {
  mode: 'immediate',
  minSpeechMs: 0,
  greetingProtectedMs: 500,
  noiseMs: 350,
  uninterruptible: false,
};
