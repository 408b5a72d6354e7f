import {z} from 'zod';
import {isHidden} from './config.ts';
import type {Given} from './given.ts';

/** One variable, as a process sees it. */
export interface Shown {
  readonly name: string;
  /** `default`, `environment`, `.env`, `file /run/secrets/key`, or who set it; `-` if it has no value. */
  readonly source: string;
  /** As it would be written; `hidden` for a secret. */
  readonly value: string;
}

/** Every variable of a process with its value and where that comes from. Shows no secret, and nothing that is wrong. */
export function shownConfig(schema: z.ZodObject, given: Given, sourceOf: (name: string) => string): Shown[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const file = given.files.get(name);
    const source = file === undefined ? sourceOf(name) : `file ${file}`;
    const written = given.values[name];
    if (given.unread.has(name)) return {name, source: '-', value: 'wrong: see below'};
    const {success, data} = field.safeParse(written);
    if (written !== undefined) return {name, source, value: success ? shown(written, field) : 'wrong: see below'};
    const fallback = defaultText(field, data);
    return fallback === undefined
      ? {name, source: '-', value: 'not set'}
      : {name, source: 'default', value: shown(fallback, field)};
  });
}

/** The lines of `--print-config`. */
export function configLines(all: readonly Shown[]): string[] {
  const width = (of: (one: Shown) => string) => Math.max(0, ...all.map(one => of(one).length));
  const [names, sources] = [width(({name}) => name), width(({source}) => source)];
  return all.map(({name, source, value}) => `${name.padEnd(names)}  ${source.padEnd(sources)}  ${value}`);
}

/** A default as an operator would write it; undefined if there is none. */
export function textOf(value: unknown): string | undefined {
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return undefined;
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return typeof value === 'string' ? value : Array.isArray(value) ? value.join(',') : JSON.stringify(value);
}

/** The default of a field as one would write it. `parsed`: what the process makes of it. */
export function defaultText(field: z.ZodType, parsed: unknown): string | undefined {
  return textOf(field instanceof z.ZodPrefault ? field.def.defaultValue : parsed);
}

function shown(value: string, field: z.ZodType): string {
  if (isHidden(field)) return 'hidden';
  // Users, passwords and queries of URLs hold secrets too.
  const safe = value.replaceAll(/([a-z]+:\/\/)[^\s/,?#]*@/gi, '$1…@').replaceAll(/(:\/\/[^\s?,]*)\?[^\s,]*/g, '$1?…');
  return /\p{Cc}/u.test(safe) ? JSON.stringify(safe) : safe;
}
