import type {Assistant} from '../assistant.ts';
import type {Fact} from '../events/call-effect.ts';
import type {EdgeEvent} from '../events/call-event.ts';

/** What must happen before something of a call is kept. */
export type Consent = Pick<Assistant, 'recordingAfter' | 'disclosure'>;
type Rule = Pick<Assistant, 'recording' | 'recordingAfter' | 'disclosure'>;

/** Whether a call that is taken now is recorded at once. `wasRecorded`: by an owner before. */
export function beginsAtOnce({recording, recordingAfter}: Rule, wasRecorded: boolean): boolean {
  return recording && (wasRecorded || recordingAfter === undefined);
}

/** Whether the caller agrees by this. */
export function agreesBy(frame: EdgeEvent, {recordingAfter}: Consent): boolean {
  return typeof recordingAfter === 'object' && frame.kind === 'digit' && frame.digit === recordingAfter.key;
}

/** Whether the caller has now been told of the recording: by what is said first, in older versions by the greeting. */
export function endsGreeting(fact: Fact, {recordingAfter, disclosure}: Consent): boolean {
  if (disclosure) return recordingAfter === 'greeting' && fact.is === 'disclosed';
  return recordingAfter === 'greeting' && fact.is === 'turn' && fact.turn.turn === 0 && fact.open !== true;
}
