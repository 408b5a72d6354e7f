import type {z} from 'zod';
import {FromTwilio} from './from-twilio.ts';
import {parse} from '@voicebridge/shared/protocol/parse.ts';
import {mediaGuard} from './fast-media.ts';

/** What a text from Twilio is: a message, or why nobody can use it. */
export type Read =
  | {readonly ok: true; readonly message: FromTwilio}
  | {
      readonly ok: false;
      readonly reason: 'unknownEvent' | 'notJson' | 'unexpectedShape' | 'unreadableStart';
      readonly detail: string;
    };

const EVENTS: readonly string[] = FromTwilio.options.map(option => option.shape.event.value);

/** The text of a message becomes what it is. */
export type Reader = (text: string) => Read;

/**
 * Text from Twilio becomes a message here, or a reason, and nothing further in ever sees the text. An event that we do
 * not know is no fault of the peer's (`unknownEvent`): Twilio may add some.
 */
export function readTwilio(text: string): Read {
  const media = mediaGuard(text);
  return media ? {ok: true, message: media} : readAs(FromTwilio, text);
}

/** A text against one of the schemas. */
export function readAs(schema: z.ZodType<FromTwilio>, text: string): Read {
  const parsed = parse(schema, text);
  if (parsed.ok || parsed.reason === 'notJson') return parsed;
  const event = eventOf(text);
  // Without it there is no call: this is no message that may be missing.
  if (event === 'start') return {...parsed, reason: 'unreadableStart'};
  return event === undefined || EVENTS.includes(event) ? parsed : {...parsed, reason: 'unknownEvent'};
}

/** The event that a JSON text names. */
function eventOf(text: string): string | undefined {
  const raw: unknown = JSON.parse(text);
  if (typeof raw !== 'object' || raw === null || !('event' in raw)) return undefined;
  return typeof raw.event === 'string' ? raw.event : undefined;
}
