import type {z} from 'zod';
import {FromTwilio} from './from-twilio.ts';
import {parse} from '@voicebridge/shared/protocol/parse.ts';
import {isAt, MediaReader} from './media-reader.ts';

/** What a text from Twilio is: a message, or why it cannot be used. */
export type Read =
  | {readonly ok: true; readonly message: FromTwilio}
  | {
      readonly ok: false;
      readonly reason: 'unknownEvent' | 'notJson' | 'unexpectedShape' | 'unreadableStart';
      readonly detail: string;
    };

const EVENTS: readonly string[] = FromTwilio.options.map(option => option.shape.event.value);

/** Reads the messages of one socket. */
export interface Reader {
  /** Undefined if `read` must read this message. Valid until the next one is read. */
  readAudio(bytes: Buffer): MediaReader | undefined;
  /** Reads one message. No other code sees the text. An event that we do not know is no fault of the peer. */
  read(text: string): Read;
}

/** One is enough: what was read is used before anything else is read. */
const media = new MediaReader();

/** Reads the messages of one socket of Twilio's. */
export class TwilioReader implements Reader {
  /** The id of the stream, once its `start` was read. */
  #stream: Buffer | undefined;

  readAudio(bytes: Buffer): MediaReader | undefined {
    const stream = this.#stream;
    return stream && media.read(bytes) && isAt(bytes, stream, media.sidAt) ? media : undefined;
  }

  read(text: string): Read {
    const read = readAs(FromTwilio, text);
    if (read.ok && read.message.event === 'start') this.#stream ??= Buffer.from(read.message.start.streamSid);
    return read;
  }
}

/** Reads one message against a schema. */
export function readAs(schema: z.ZodType<FromTwilio>, text: string): Read {
  const parsed = parse(schema, text);
  if (parsed.ok || parsed.reason === 'notJson') return parsed;
  const event = eventOf(text);
  // Without a start there is no call, so this one cannot be counted and skipped.
  if (event === 'start') return {...parsed, reason: 'unreadableStart'};
  return event === undefined || EVENTS.includes(event) ? parsed : {...parsed, reason: 'unknownEvent'};
}

/** The event that a JSON text names. */
function eventOf(text: string): string | undefined {
  const raw: unknown = JSON.parse(text);
  if (typeof raw !== 'object' || raw === null || !('event' in raw)) return undefined;
  return typeof raw.event === 'string' ? raw.event : undefined;
}
