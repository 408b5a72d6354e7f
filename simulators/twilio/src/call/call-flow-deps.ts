import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {DialOptions, Settings} from '../fake-twilio-options.ts';
import type {Noun, Verb} from '../twiml/twiml.ts';
import type {CallFacts} from './call-facts.ts';
import type {CallProgress} from './call-progress.ts';
import type {CallStreams} from './call-streams.ts';
import type {CallWebhooks} from './call-webhooks.ts';
import type {Conferences} from './conferences.ts';
import type {Document} from './document.ts';
import type {Person, PersonEnd} from './person.ts';

/** A verb of one kind, as a document has it. */
export type VerbOf<Name extends Verb['verb']> = Extract<Verb, {verb: Name}>;

/** What is done now: `url` is that of the document; aborted when something else is to be done. */
export interface Step {
  readonly url: string;
  readonly signal: AbortSignal;
}

export interface CallFlowDeps {
  readonly settings: Settings;
  readonly dial: DialOptions;
  readonly call: CallFacts;
  readonly clock: Clock;
  readonly webhooks: CallWebhooks;
  readonly streams: CallStreams;
  readonly alert: (code: number, detail: string, streamSid?: string) => void;
  readonly obeying: (document: Document) => void;
  readonly said: (text: string) => void;
  readonly handedTo: (target: string) => void;
  readonly keysPlayed: (keys: string) => void;
  readonly conferences: Conferences;
  /** The call talks with others in a conference, until the function is called that this returns. */
  readonly meets: (name: string) => () => void;
  readonly progress: CallProgress;
  /** Aborted when the call is over. */
  readonly over: AbortSignal;
  /** Rings whoever answers at a target. Undefined: nobody is known there. */
  readonly ring: (
    noun: Noun,
    dial: Pick<VerbOf<'Dial'>, 'timeout' | 'timeLimit'>,
    url: string,
    signal: AbortSignal,
  ) => Promise<PersonEnd> | undefined;
  /** Who serves a queue. */
  readonly serves: (queue: string) => Person | undefined;
}

export async function wait({clock}: Pick<CallFlowDeps, 'clock'>, ms: Millis, signal: AbortSignal): Promise<undefined> {
  if (ms > 0) await sleep(clock, ms, signal);
}
