import {isRecord} from '../json/json-schema.ts';

/** The damage to a field: it is removed, or replaced by a value of another kind. */
export const damages = ['removed', 'null', 'number', 'fraction', 'text', 'list', 'object', 'flag'] as const;
export type Damage = (typeof damages)[number];

/** Damage to events on their way out, after everything that makes them correct. */
export interface Mutation {
  /** Which events: a type, in which `*` stands for anything. */
  readonly event: string;
  /** The field, as a dotted path (`response.output.0.id`); `*` is any field at random, an empty path the whole event. */
  readonly path: string;
  /** `any` is one of them at random; of a whole event nothing but `removed` has a meaning. */
  readonly how: Damage | 'any';
  /** The share of these events that it happens to; all, if not given. */
  readonly rate?: number;
}

export function isMutation(value: unknown): value is Mutation {
  if (!isRecord(value)) return false;
  const {event, path, how, rate = 1} = value;
  const isHow = how === 'any' || damages.some(damage => damage === how);
  return typeof event === 'string' && typeof path === 'string' && isHow && typeof rate === 'number';
}
