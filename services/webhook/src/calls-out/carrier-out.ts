/** A call as a carrier is asked for it. */
export interface Dial {
  readonly to: string;
  readonly from: string;
  readonly ringSeconds: number;
  readonly detectMachines: boolean;
  /** What the carrier repeats in every request about this call. */
  readonly out: string;
  readonly attempt: number;
}

/** A call as the carrier knows it. */
export interface CarrierCall {
  readonly callSid: string;
  /** In the carrier's words. */
  readonly status: string;
}

/**
 * The outcome of asking a carrier for a call. `refused`: no call was made; `again`: it may be asked again. `unknown`: the
 * request may have arrived.
 */
export type Dialled =
  | {readonly outcome: 'placed'; readonly callSid: string}
  | {readonly outcome: 'refused'; readonly reason: string; readonly again: boolean}
  | {readonly outcome: 'unknown'; readonly reason: string};

/** A carrier that makes calls. */
export interface CarrierOut {
  dial(dial: Dial): Promise<Dialled>;
  /** A call; undefined: the carrier knows none. Rejects if it cannot be asked. */
  find(callSid: string): Promise<CarrierCall | undefined>;
  /** The calls to a number that it was asked for since then, in Unix milliseconds. Rejects if it cannot be asked. */
  callsTo(to: string, since: number): Promise<readonly CarrierCall[]>;
  /** Ends a call, whatever it is doing. */
  hangUp(callSid: string): Promise<void>;
}
