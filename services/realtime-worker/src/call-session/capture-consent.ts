import type {Assistant} from '../assistant.ts';
import type {Fact} from '../events/call-effect.ts';
import type {EdgeEvent} from '../events/call-event.ts';
import {agreesBy, type Consent, endsGreeting} from '../recording/begins.ts';

type Rule = Pick<Assistant, 'capture' | 'captureAfter' | 'disclosure'>;

/**
 * Whether the capture of a call may be kept, where assistants decide: `asked` until the caller has agreed. It is agreed to in
 * the same ways as a recording.
 */
export class CaptureConsent {
  readonly #consent: Consent;
  #verdict: 'asked' | 'keep' | 'drop';

  /** `wasGiven`: the caller has agreed while another worker had the call. */
  constructor({capture, captureAfter, disclosure}: Rule, wasGiven: boolean) {
    this.#consent = {
      ...(captureAfter === undefined ? {} : {recordingAfter: captureAfter}),
      ...(disclosure === undefined ? {} : {disclosure}),
    };
    this.#verdict = capture !== true ? 'drop' : wasGiven || captureAfter === undefined ? 'keep' : 'asked';
  }

  get verdict(): 'asked' | 'keep' | 'drop' {
    return this.#verdict;
  }

  /** Whether the caller has to agree, and has. */
  get agreement(): 'not-needed' | 'asked' | 'agreed' {
    if (this.#verdict !== 'keep') return 'asked';
    return this.#consent.recordingAfter === undefined ? 'not-needed' : 'agreed';
  }

  /** True: by this frame the caller has agreed, for the first time. */
  edge(frame: EdgeEvent): boolean {
    return this.#agreed(agreesBy(frame, this.#consent));
  }

  /** True: by this the caller was told all there is to tell. */
  noted(fact: Fact): boolean {
    return this.#agreed(endsGreeting(fact, this.#consent));
  }

  #agreed(isSo: boolean): boolean {
    if (!isSo || this.#verdict !== 'asked') return false;
    this.#verdict = 'keep';
    return true;
  }
}
