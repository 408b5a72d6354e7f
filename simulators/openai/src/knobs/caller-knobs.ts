import {isRecord} from '../json/json-schema.ts';
import {readKnobs, type Knobs} from './knobs.ts';

/** The knobs that differ for one caller's sessions. */
export interface CallerKnobs {
  readonly first: Readonly<Partial<Knobs>>;
  /** For the sessions after the first one; the same, if not given. */
  readonly later?: Readonly<Partial<Knobs>>;
}

/**
 * Knobs of single callers, so that each of many simultaneous calls can meet a server with its own faults. The next
 * caller to open a session takes the first entry of the queue, for all of their sessions. A caller is known by `OpenAI-
 * Safety-Identifier`; each session without one counts as a new caller.
 */
export class CallerQueue {
  readonly #waiting: CallerKnobs[] = [];
  readonly #known = new Map<string, CallerKnobs | undefined>();

  add(...callers: readonly CallerKnobs[]): void {
    this.#waiting.push(...callers);
  }

  /** The knobs of a session that opens, if it has some of its own. They are its own copy. */
  take(safetyIdentifier: string | readonly string[] | undefined, shared: Readonly<Knobs>): Knobs | undefined {
    const id = typeof safetyIdentifier === 'string' ? safetyIdentifier : undefined;
    if (id !== undefined && this.#known.has(id)) {
      const caller = this.#known.get(id);
      return caller && {...shared, ...(caller.later ?? caller.first)};
    }
    const caller = this.#waiting.shift();
    if (id !== undefined) this.#known.set(id, caller);
    return caller && {...shared, ...caller.first};
  }
}

/** Reads callers from outside the process. Throws a sentence about the first invalid one. */
export function readCallers(body: unknown): CallerKnobs[] {
  if (!Array.isArray(body)) throw new TypeError('callers are a list');
  return body.map((entry: unknown) => {
    if (!isRecord(entry)) throw new TypeError('a caller is {"first": knobs, "later": knobs}');
    const {first, later} = entry;
    return {first: readKnobs(first), ...(later === undefined ? {} : {later: readKnobs(later)})};
  });
}
