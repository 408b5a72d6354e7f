import {z} from 'zod';
import type {CallDetail} from '../queries/call-shapes.ts';

/** What the page of the phone says, besides the microphone's audio, which comes as bytes. */
export const FromPage = z.discriminatedUnion('event', [
  /** This much was really played. */
  z.strictObject({event: z.literal('mark'), name: z.string().max(255)}),
  z.strictObject({event: z.literal('dtmf'), digit: z.string().regex(/^[0-9*#]$/)}),
  /** A sentence of the network was spoken. */
  z.strictObject({event: z.literal('said')}),
  z.strictObject({event: z.literal('hangUp')}),
  /** Ends the process that carries this call, at once. Only `npm run talk` understands it. */
  z.strictObject({event: z.literal('kill'), what: z.enum(['worker', 'edge'])}),
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
  /** `mayKill`: the page may ask for an end of the processes that carry the call. */
  | {readonly event: 'connected'; readonly callSid: string; readonly mayKill: boolean}
  /** What its worker knows of the call; again when there is more. */
  | ({readonly event: 'soFar'} & CallSoFar)
  | {readonly event: 'killing'; readonly what: 'worker' | 'edge'; readonly id: string}
  /** What was asked for cannot be done. */
  | {readonly event: 'refused'; readonly why: string}
  | {readonly event: 'reconnecting'}
  | {readonly event: 'ended'; readonly why: string};

/** What the person at the phone is shown of their own call while it goes on. */
export type CallSoFar = Pick<CallDetail, 'turns' | 'interruptions' | 'toolCalls' | 'failovers' | 'transcript'> & {
  /** What has the call: a worker, and an edge unless the line is just broken. */
  readonly worker: string;
  readonly edge: string | null;
};
