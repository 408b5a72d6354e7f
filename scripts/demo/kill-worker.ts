import type {FakeCall} from '../../simulators/twilio/src/call/fake-call.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** So much of the answer has been heard when the worker is killed. */
const INTO_THE_ANSWER: Millis = 2_600;

/** A worker that was killed while it spoke. */
export interface Kill {
  /** On the monotonic clock of this process. */
  readonly at: Millis;
  readonly worker: string;
  readonly pid: number;
}

/** Calls `kill` once, in the middle of the answer to the first thing that the caller says. */
export function inMidAnswer(call: FakeCall, kill: () => void): void {
  let [hasSpoken, isDone] = [false, false];
  call.on(({type}) => {
    if (type === 'callerSpoke') hasSpoken = true;
    if (type !== 'audible' || !hasSpoken || isDone) return;
    isDone = true;
    setTimeout(kill, INTO_THE_ANSWER);
  });
}
