import {sleep} from '@voicebridge/shared/retry.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Settings} from '../fake-twilio-options.ts';
import type {Method} from '../twiml/stream-noun.ts';
import type {CallFacts} from './call-facts.ts';
import type {CallWebhooks} from './call-webhooks.ts';

/** The events of a call that somebody can be told: https://www.twilio.com/docs/voice/api/call-resource#statuscallbackevent */
export const PROGRESS_EVENTS = ['initiated', 'ringing', 'answered', 'completed'] as const;
export type ProgressEvent = (typeof PROGRESS_EVENTS)[number];

/** Who is told about what happens to a call. */
export interface ToldAbout {
  readonly url: string | undefined;
  readonly method: Method;
  readonly events: ReadonlySet<ProgressEvent>;
}

/** Who is told about what machine detection hears. */
export interface ToldMachine {
  readonly url: string;
  readonly method: Method;
  readonly mode: 'Enable' | 'DetectMessageEnd';
}

export interface CallProgressDeps {
  readonly told: ToldAbout;
  readonly settings: Pick<Settings, 'statusCallbacks'>;
  readonly call: CallFacts;
  readonly webhooks: CallWebhooks;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Tells what happens to a call. Each request takes its own time, so a later event may arrive before an earlier one; each
 * says what was true when it left.
 */
export class CallProgress {
  readonly #deps: CallProgressDeps;
  readonly #telling = new Set<Promise<void>>();
  #url: string | undefined;
  #sequence = 0;

  constructor(deps: CallProgressDeps) {
    this.#deps = deps;
    this.#url = deps.told.url;
  }

  /** From now on, this address is told. */
  tellTo(url: string): void {
    this.#url = url;
  }

  tell(event: ProgressEvent, extra: Readonly<Record<string, string>> = {}): void {
    const {told, call, clock} = this.#deps;
    const url = this.#url;
    if (url === undefined || !told.events.has(event)) return;
    const params = {
      CallStatus: event === 'initiated' ? 'initiated' : call.status,
      Timestamp: new Date(clock.wall()).toUTCString().replace('GMT', '+0000'),
      CallbackSource: 'call-progress-events',
      SequenceNumber: String(this.#sequence),
      ...extra,
    };
    this.#sequence += 1;
    this.#deliver('call-status', url, params, told.method);
  }

  /** Machine detection has made up its mind. */
  tellMachine({url, method}: ToldMachine, answeredBy: string, after: Millis): void {
    this.#deliver(
      'machine',
      url,
      {AnsweredBy: answeredBy, MachineDetectionDuration: String(Math.round(after))},
      method,
    );
  }

  /** When everything has been told. */
  async settled(): Promise<void> {
    while (this.#telling.size > 0) await Promise.all(this.#telling);
  }

  #deliver(
    purpose: 'call-status' | 'machine',
    url: string,
    params: Readonly<Record<string, string>>,
    method: Method,
  ): void {
    const {settings, random, clock, webhooks} = this.#deps;
    const {late, twice, lost = 0} = settings.statusCallbacks;
    const tell = async () => {
      if (random.chance(lost)) return;
      if (late > 0) await sleep(clock, random.between(0, late));
      await webhooks.tell(purpose, url, params, method);
    };
    for (let times = 0; times < (twice ? 2 : 1); times += 1) {
      const telling = tell();
      this.#telling.add(telling);
      void telling.finally(() => this.#telling.delete(telling));
    }
  }
}
