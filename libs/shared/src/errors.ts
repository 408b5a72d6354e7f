/** Every failure we expect says for itself what should happen next. Anything else is a bug. */
export abstract class BridgeError extends Error {
  /** Whether trying the same again may help. */
  abstract readonly retryable: boolean;
  /** Whether the call it belongs to cannot go on. Other calls always can. */
  abstract readonly endsCall: boolean;
}

/** A process cannot start as it is configured. The message names each problem and its cure, and no value. */
export class CannotStart extends BridgeError {
  override readonly name = 'CannotStart';
  readonly retryable = false;
  readonly endsCall = false;
}

/** For the `default` of a switch over a union: a new member becomes a type error here. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
