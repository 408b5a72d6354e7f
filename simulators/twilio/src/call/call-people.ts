import type {Clock} from '@voicebridge/shared/time.ts';
import type {Settings} from '../fake-twilio-options.ts';
import type {FakeCallEvent, MeetingReport, PersonReport} from '../report/call-report.ts';
import {sid} from '../sid.ts';
import type {Noun} from '../twiml/twiml.ts';
import type {WebhookClient} from '../twiml/webhook-client.ts';
import type {CallFacts} from './call-facts.ts';
import {CallWebhooks} from './call-webhooks.ts';
import {type PersonEnd, ringPerson} from './person.ts';

interface CallPeopleDeps {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly client: WebhookClient;
  /** The call for which they are called. */
  readonly call: CallFacts;
  readonly alert: (code: number, detail: string) => void;
  readonly emit: (event: FakeCallEvent) => void;
}

/** The people whose telephones ring for a caller, and whom the caller meets in conferences. */
export class CallPeople {
  readonly #deps: CallPeopleDeps;
  readonly #reports: PersonReport[] = [];
  readonly #webhooks: CallWebhooks[] = [];
  readonly #meetings: MeetingReport[] = [];
  #isMeeting = false;

  constructor(deps: CallPeopleDeps) {
    this.#deps = deps;
  }

  /** How many telephones have rung. */
  get rings(): number {
    return this.#webhooks.length;
  }

  get reports(): PersonReport[] {
    return this.#reports;
  }

  /** Every request that Twilio made about them, one for each telephone. */
  get webhooks(): readonly CallWebhooks[] {
    return this.#webhooks;
  }

  get isMeeting(): boolean {
    return this.#isMeeting;
  }

  get meetings(): MeetingReport[] {
    return this.#meetings;
  }

  /** The caller talks with others in a conference, until the function is called that this returns. */
  meets(name: string): () => void {
    const {clock} = this.#deps;
    const at = clock.now();
    this.#isMeeting = true;
    return () => {
      this.#isMeeting = false;
      this.#meetings.push({name, at, ms: clock.now() - at});
    };
  }

  /** A telephone rings. Undefined: nobody is known there. */
  ring(
    noun: Noun,
    {timeout, timeLimit}: {readonly timeout: number; readonly timeLimit: number},
    documentUrl: string,
    signal: AbortSignal,
  ): Promise<PersonEnd> | undefined {
    const {settings, clock, call, client, alert, emit} = this.#deps;
    const person = settings.people(noun.target);
    if (!person) return undefined;
    const [heard, rangAt]: [string[], number] = [[], clock.now()];
    let bridgedAt: number | undefined;
    const child: CallFacts = {
      accountSid: call.accountSid,
      callSid: sid('CA', settings.ids),
      from: call.from,
      to: noun.target.replace(/^\w+: /, ''),
      direction: 'outbound-dial',
      status: 'ringing',
    };
    const webhooks = new CallWebhooks({
      client,
      clock,
      call: child,
      badSignature: false,
      alert,
      asked: webhook => emit({type: 'webhook', at: clock.now(), webhook}),
    });
    this.#webhooks.push(webhooks);
    const ended = (status: string) =>
      this.#reports.push({
        target: noun.target,
        rangAt,
        heard,
        ...(bridgedAt === undefined ? {} : {bridgedAt}),
        endedAt: clock.now(),
        status,
      });
    return ringPerson({
      noun,
      timeout,
      timeLimit,
      documentUrl,
      person,
      child,
      parentCallSid: call.callSid,
      webhooks,
      clock,
      sayMsPerChar: settings.sayMsPerChar,
      heard: text => heard.push(text),
      bridged: () => {
        bridgedAt = clock.now();
        emit({type: 'bridged', at: bridgedAt, target: noun.target});
      },
      alert,
      signal,
    }).then(end => {
      ended(signal.aborted ? 'canceled' : end.status);
      return end;
    });
  }
}
