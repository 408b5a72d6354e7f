import type {AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {CarrierCall, Dialled} from '../calls-out/carrier-out.ts';
import type {WayBack} from './call-answer.ts';

/** A person as a carrier is asked to call them for a caller. */
export interface WantedPerson {
  readonly to: string;
  /** A number of the account: who calls, as the person sees it. */
  readonly from: string;
  readonly ringSeconds: number;
  /** The call of the caller. */
  readonly callSid: CallSid;
  readonly away: number;
}

/** A carrier that calls people for callers, in calls of their own. */
export interface PeopleCaller {
  ring(person: WantedPerson): Promise<Dialled>;
  /** A call to a person; undefined: the carrier knows none. Rejects if it cannot be asked. */
  find(callSid: string): Promise<CarrierCall | undefined>;
  /** Takes the caller out of whatever they hear: the carrier asks what comes next, and repeats `outcome`. Rejects if it would not. */
  bringBack(back: WayBack, outcome: AwayOutcome): Promise<void>;
  /** Ends a call to a person, whatever it is doing. A call that is over already is no error. */
  hangUp(callSid: string): Promise<void>;
}
