import {maskedJson, withoutWords} from '@voicebridge/shared/capture/mask.ts';
import type {CaptureLine} from '@voicebridge/shared/capture/capture.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {TimedSection} from './recorded-call.ts';

/** Something that the product decided. */
export interface Decision {
  readonly at: Millis;
  /** What it is, without times and positions: two decisions of one name are the same, within the tolerance. */
  readonly what: string;
  /** The same without the letters of what was said: all that a capture has where the caller had not agreed yet. */
  readonly hidden: string;
  /** Positions and lengths in milliseconds, by name. */
  readonly ms: Readonly<Record<string, Millis>>;
}

/** All that one process decided in a section, in order. */
export function decisionsOf({lines}: Pick<TimedSection, 'lines'>): Decision[] {
  const decisions: Decision[] = [];
  let played = 0;
  for (const {at, socket, direction, message} of lines) {
    if (direction !== 'out') continue;
    if (socket === 'phone' && (message['kind'] === 'audio' || message['kind'] === 'mark')) {
      played += typeof message['bytes'] === 'number' ? message['bytes'] / 8 : 0;
      continue;
    }
    const spoken = socket === 'phone' ? {spoken: played} : {};
    played = 0;
    decisions.push({at, ...decisionOf(socket, message, spoken)});
  }
  return decisions;
}

function decisionOf(socket: CaptureLine['socket'], message: CaptureLine['message'], spoken: Record<string, Millis>) {
  const {session, command, ...rest} = message;
  if (!isRecord(command)) {
    const what = told(socket, rest, session);
    return {what, hidden: what, ms: spoken};
  }
  const {audioEndMs, ...words} = command;
  return {
    what: told(socket, words, session),
    hidden: told(socket, withoutItsWords(words), session),
    ms: typeof audioEndMs === 'number' ? {audioEndMs} : {},
  };
}

/** A command to the model without the letters of what was said. */
function withoutItsWords(command: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const {item, instructions} = command;
  return {
    ...command,
    ...(typeof instructions === 'string' ? {instructions: withoutWords(instructions)} : {}),
    ...(isRecord(item) ? {item: hiddenItem(item)} : {}),
  };
}

function hiddenItem(item: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const hide = (name: string, mask: (text: string) => string) =>
    typeof item[name] === 'string' ? {[name]: mask(item[name])} : {};
  const args = (text: string) => maskedJson(text, withoutWords);
  return {...item, ...hide('text', withoutWords), ...hide('output', withoutWords), ...hide('arguments', args)};
}

function told(socket: string, message: Readonly<Record<string, unknown>>, session: unknown): string {
  const {do: does, kind, ...rest} = message;
  const name = [does, kind].find(each => typeof each === 'string') ?? '';
  const of = session === undefined || session === 0 ? '' : ` (session ${Number(session) + 1})`;
  const more = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  return `${socket}: ${name}${more}${of}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** How much two plays of a call may differ, in milliseconds. */
export interface Tolerance {
  /** Of the moments of decisions. */
  readonly timeMs: Millis;
  /** Of positions in what was heard. */
  readonly positionMs: Millis;
  /** Of how much was said between two decisions: a piece of an answer may fall on either side. */
  readonly spokenMs: Millis;
}

export const USUAL_TOLERANCE: Tolerance = {timeMs: 250, positionMs: 60, spokenMs: 1_000};

/** The first decision that is not the same. */
export interface Difference {
  readonly at: Millis;
  readonly recorded: Decision | undefined;
  readonly now: Decision | undefined;
}

/** The first difference of two lists, looking no further than `until`. */
export function firstDifference(
  recorded: readonly Decision[],
  now: readonly Decision[],
  tolerance: Tolerance,
  until: Millis,
): Difference | undefined {
  for (let index = 0; index < Math.max(recorded.length, now.length); index += 1) {
    const [was, is] = [recorded[index], now[index]];
    if (was && is && isSame(was, is, tolerance)) continue;
    const at = Math.min(was?.at ?? Infinity, is?.at ?? Infinity);
    // What would follow is not in the recording.
    if (at > until - tolerance.timeMs) return undefined;
    return {at, recorded: was, now: is};
  }
  return undefined;
}

function isSame(a: Decision, b: Decision, {timeMs, positionMs, spokenMs}: Tolerance): boolean {
  // Where a recording has no words, those of the replay are not compared.
  const areSame = a.what === b.what || (a.what === a.hidden && a.hidden === b.hidden);
  if (!areSame || Math.abs(a.at - b.at) > timeMs) return false;
  const most = (name: string) => (name === 'spoken' ? spokenMs : positionMs);
  return Object.entries(a.ms).every(([name, ms]) => Math.abs(ms - (b.ms[name] ?? Infinity)) <= most(name));
}
