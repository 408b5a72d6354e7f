import {z} from 'zod';

/** What the page of the phone says, besides the microphone's audio, which comes as bytes. */
export const FromPage = z.discriminatedUnion('event', [
  /** This much was really played. */
  z.strictObject({event: z.literal('mark'), name: z.string().max(255)}),
  z.strictObject({event: z.literal('dtmf'), digit: z.string().regex(/^[0-9*#]$/)}),
  /** A sentence of the network was spoken. */
  z.strictObject({event: z.literal('said')}),
  z.strictObject({event: z.literal('hangUp')}),
]);
export type FromPage = z.infer<typeof FromPage>;

/** Undefined for what cannot be read. */
export function readFromPage(text: string): FromPage | undefined {
  try {
    return FromPage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** What the page is told. Audio, marks and clears come as the edge says them, in the words of Media Streams. */
export type ToPage =
  | {readonly event: 'say'; readonly text: string}
  | {readonly event: 'connected'; readonly callSid: string}
  | {readonly event: 'reconnecting'}
  | {readonly event: 'ended'; readonly why: string};
