/**
 * The rule for errors: a failure that some caller tells apart with `instanceof` has a class of its own, which extends
 * Error, sets `name`, and stands next to the code that throws it; every other failure is a plain Error.
 */

/** A process cannot start as it is configured. The message names each problem and its cure, and no value. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';
}

/** For the `default` of a switch over a union: a new member becomes a type error here. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
