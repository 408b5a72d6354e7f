import type {z} from 'zod';
import {FromTwilio} from './from-twilio.ts';
import {parse} from '@voicebridge/shared/protocol/parse.ts';
import {readMediaFast} from './read-media-fast.ts';

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
export type Reader = (text: string) => Read;

/**
 * Reads one message of Twilio's. No other code sees the text. An event that we do not know is no fault of the peer
 * (`unknownEvent`): Twilio may add events.
 */
export function readTwilio(text: string): Read {
  const media = readMediaFast(text);
  return media ? {ok: true, message: media} : readAs(FromTwilio, text);
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
