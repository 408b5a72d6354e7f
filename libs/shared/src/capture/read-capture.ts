import {z} from 'zod';
import type {Millis} from '../time.ts';
import {CAPTURE_FORMAT, type CaptureEnd, type CaptureHead, type CaptureLine} from './capture.ts';
import {Chain, unsealed} from './chain.ts';

/** A section as it is read. Audio stands in its messages as base64 again. */
export interface ReadSection extends CaptureHead {
  readonly lines: readonly CaptureLine[];
  /** How far it goes, in milliseconds since it began. */
  readonly until: Millis;
  /** Undefined: it ends in mid-call, because the process was killed or the file was cut. */
  readonly end: CaptureEnd['end'] | undefined;
}

/** A file cannot be replayed; `message` names the line and what to do. */
export class UnreadableCapture extends Error {}

const Head = z.object({
  capture: z.literal(CAPTURE_FORMAT),
  wall: z.number(),
  half: z.enum(['edge', 'worker']),
  callSid: z.string(),
  process: z.string(),
  about: z.record(z.string(), z.unknown()),
});
const Line = z.object({
  at: z.number().nonnegative(),
  socket: z.enum(['phone', 'model', 'tool', 'call']),
  direction: z.enum(['in', 'out']),
  message: z.record(z.string(), z.unknown()),
});
const End = z.object({at: z.number().nonnegative(), end: z.enum(['over', 'full'])});

/**
 * Reads the sections of a file. Throws `UnreadableCapture` at the first line that is not as it was written. A last line
 * that was cut is left out, and its section has no end.
 */
export function readCapture(text: string, file: string): ReadSection[] {
  const sections: SectionReader[] = [];
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  for (const [index, line] of lines.entries()) read(line, {number: index + 1, file}, sections);
  // Without its end of line it was being written when the process was killed, or the file was cut: perhaps it is whole.
  if (last !== '' && unsealed(last)) read(last, {number: lines.length + 1, file}, sections);
  if (sections.length === 0) throw new UnreadableCapture(`${file} has no line of a capture`);
  return sections.map(section => section.whole());
}

interface Place {
  readonly number: number;
  readonly file: string;
}

function read(line: string, {number, file}: Place, sections: SectionReader[]): void {
  const fail = (what: string): never => {
    throw new UnreadableCapture(`${file}, line ${number}: ${what}`);
  };
  const {text, check} = unsealed(line) ?? fail('this is no line of a capture: the file was edited, or is another one');
  const value = parsed(text);
  const isHead = typeof value === 'object' && value !== null && 'capture' in value;
  if (isHead) {
    const head = Head.safeParse(value);
    if (!head.success) return fail(otherVersion(value.capture));
    sections.push(new SectionReader(head.data));
  }
  const section = sections.at(-1) ?? fail('the file does not begin with the head of a section: its beginning was cut');
  if (section.check(text) !== check)
    return fail('this line, or what was between it and the one before, is not as it was written: the file was edited');
  if (!isHead) section.add(value, fail);
}

function otherVersion(format?: unknown): string {
  const which =
    typeof format === 'number' && format !== CAPTURE_FORMAT ? ` (format ${format}, and not ${CAPTURE_FORMAT})` : '';
  return `this was written by another version${which}, which this one cannot read: replay it with the version that wrote it`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

class SectionReader {
  readonly #head: CaptureHead;
  readonly #chain = new Chain();
  readonly #sounds: string[] = [];
  readonly #lines: CaptureLine[] = [];
  #until: Millis = 0;
  #end: ReadSection['end'];

  constructor(head: CaptureHead) {
    this.#head = head;
  }

  check(text: string): string {
    return this.#chain.next(text);
  }

  add(value: unknown, fail: (what: string) => never): void {
    const end = End.safeParse(value);
    const line = Line.safeParse(value);
    this.#until = end.data?.at ?? line.data?.at ?? this.#until;
    if (end.success) this.#end = end.data.end;
    else if (line.success) this.#lines.push({...line.data, message: this.#withAudio(line.data.message, fail)});
    else fail(otherVersion());
  }

  whole(): ReadSection {
    return {...this.#head, lines: this.#lines, until: this.#until, end: this.#end};
  }

  #withAudio(message: CaptureLine['message'], fail: (what: string) => never): CaptureLine['message'] {
    const {payload, event} = message;
    if (isRecord(event) && 'payload' in event)
      return {...message, event: {...event, payload: this.#sound(event['payload'], fail)}};
    return payload === undefined ? message : {...message, payload: this.#sound(payload, fail)};
  }

  #sound(given: unknown, fail: (what: string) => never): string {
    if (typeof given === 'string') {
      this.#sounds.push(given);
      return given;
    }
    const known = typeof given === 'number' ? this.#sounds[given] : undefined;
    return known ?? fail('it refers to audio that is not in this section');
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
