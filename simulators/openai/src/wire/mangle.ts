import {damages, type Damage} from '../knobs/mutation.ts';
import type {Knobs} from '../knobs/knobs.ts';
import type {Random} from '../random.ts';

type Json = Record<string, unknown>;

const DAMAGED: Readonly<Record<Exclude<Damage, 'removed'>, unknown>> = {
  null: null,
  number: 7,
  fraction: 1.5,
  text: 'seven',
  list: [],
  object: {},
  flag: true,
};

/** The names of the beta protocol, retired in May 2026; an empty one had no counterpart. */
const BETA_NAMES: Readonly<Record<string, string>> = {
  'conversation.item.added': 'conversation.item.created',
  'conversation.item.done': '',
  'response.output_audio.delta': 'response.audio.delta',
  'response.output_audio.done': 'response.audio.done',
  'response.output_audio_transcript.delta': 'response.audio_transcript.delta',
  'response.output_audio_transcript.done': 'response.audio_transcript.done',
  'response.output_text.delta': 'response.text.delta',
  'response.output_text.done': 'response.text.done',
};

/** The event as the knobs let it out, or nothing if it does not come at all. */
export function mangled(event: Json, {betaNames, mutations}: Readonly<Knobs>, random: Random): Json | undefined {
  const named = betaNames ? inBetaNames(event) : event;
  if (!named) return undefined;
  let result: Json = named;
  for (const {event: wanted, path, how, rate = 1} of mutations) {
    if (!matches(wanted, String(event['type'])) || (rate < 1 && random.next() >= rate)) continue;
    if (path === '') return undefined;
    const target = path === '*' ? pick(fieldsOf(result), random) : path.split('.');
    if (target) result = withDamage(result, target, how === 'any' ? pick(damages, random) : how);
  }
  return result;
}

/** Every field of a value, as paths: `['response', 'output', '0', 'id']`. */
export function fieldsOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[key], ...fieldsOf(inner).map(path => [key, ...path])]);
}

/** A copy with one field damaged; a path that leads nowhere changes nothing. */
export function withDamage(event: Json, path: readonly string[], how: Damage | undefined): Json {
  const copy = structuredClone(event);
  const last = path.at(-1);
  const holder = path.slice(0, -1).reduce<unknown>(inside, copy);
  if (last === undefined || how === undefined || typeof holder !== 'object' || holder === null) return copy;
  if (!Object.hasOwn(holder, last)) return copy;
  if (how !== 'removed') Object.assign(holder, {[last]: DAMAGED[how]});
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else Reflect.deleteProperty(holder, last);
  return copy;
}

function inside(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function inBetaNames(event: Json): Json | undefined {
  const name = BETA_NAMES[String(event['type'])];
  if (name === '') return undefined;
  return name === undefined ? event : {...event, type: name};
}

function matches(pattern: string, type: string): boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return pattern === type;
  const [head = '', tail = ''] = [parts[0], parts.at(-1)];
  return type.length >= head.length + tail.length && type.startsWith(head) && type.endsWith(tail);
}

function pick<Value>(values: readonly Value[], random: Random): Value | undefined {
  return values[Math.floor(random.next() * values.length)];
}
