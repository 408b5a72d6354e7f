import {systemClock} from '@voicebridge/shared/time.ts';
import {FakeCall, type CallerScript, type FakeCallDeps} from './call/fake-call.ts';
import type {DialOptions, FakeTwilioOptions, Settings} from './fake-twilio-options.ts';
import type {Next} from './call/next.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {Conferences} from './call/conferences.ts';
import {PhoneNumber} from './call/phone-number.ts';
import {startRestApi} from './rest/rest-api.ts';
import type {WantedCall} from './rest/calls.ts';
import type {Callee} from './call/callee.ts';
import type {ToldAbout} from './call/call-progress.ts';
import {sid} from './sid.ts';
import {type Lag, TimerWheel} from './timer-wheel.ts';
import {WebhookClient} from './twiml/webhook-client.ts';

export type {CallerScript, DialOptions, FakeCall, FakeTwilioOptions};
export {answeringMachine, type Callee} from './call/callee.ts';

/** A phone number at a Twilio that exists only in this process. Disposing of it ends its calls without a word. */
export interface FakeTwilio extends AsyncDisposable {
  /** Where the REST API listens; use it in place of https://api.twilio.com. */
  readonly restUrl: string;
  readonly accountSid: string;
  /** Whoever dials it reaches what REST has set it up with; at first `webhookUrl` and `statusCallbackUrl`. */
  readonly number: PhoneNumber;
  /** Calls the number. Returns at once; `call.ended` has the report. */
  dial(caller: CallerScript, options?: DialOptions): FakeCall;
  readonly calls: readonly FakeCall[];
  /** How late the simulator itself is. Above 5 ms at p99 it measures itself, and its reports are worth nothing. */
  readonly lag: Lag;
}

const THE_NUMBER = '+15550100002';

/** Opens the fake Twilio. */
export async function startFakeTwilio(options: FakeTwilioOptions): Promise<FakeTwilio> {
  const settings = settingsOf(options);
  const {clock, authToken, accountSid} = settings;
  const client = new WebhookClient(authToken, clock);
  const wheel = new TimerWheel(clock);
  const random = seededRandom(options.seed ?? Math.floor(Math.random() * 2 ** 32));
  const deps: FakeCallDeps = {settings, clock, wheel, random, client, conferences: new Conferences()};
  const calls = new Map<string, FakeCall>();
  const number = new PhoneNumber(THE_NUMBER, settings.webhookUrl, settings.statusCallbackUrl ?? '');

  const place = (
    script: CallerScript,
    dial: DialOptions,
    first: Next,
    direction: 'inbound' | 'outbound-api',
    told?: ToldAbout,
  ) => {
    const callSid = sid('CA', settings.ids);
    const from = dial.from ?? `+1555${String(random.whole(0, 9_999_999)).padStart(7, '0')}`;
    const status = direction === 'inbound' ? 'ringing' : 'queued';
    const facts = {accountSid, callSid, from, to: dial.to ?? THE_NUMBER, direction, status};
    const statusCallbackUrl = number.setUp.statusCallback || undefined;
    const call = new FakeCall(facts, script, dial, first, {
      ...deps,
      settings: {...settings, statusCallbackUrl},
      ...(told ? {told} : {}),
    });
    calls.set(callSid, call);
    return call;
  };

  const callOut = ({from, to, first, timeout, told, machine}: WantedCall) => {
    const before = [...calls.values()].filter(call => call.facts.to === to).length;
    const callee: Callee = settings.callees(to, before);
    const script = callee.does === 'answer' ? callee.script : [];
    // A machine speaks as soon as it answers, a person too.
    const dial = {from, to, scriptFrom: 'answer'} as const;
    return place(
      script,
      dial,
      {go: 'ring', outgoing: {callee, timeout, machine}, answered: first},
      'outbound-api',
      told,
    );
  };
  const rest = await startRestApi({
    port: settings.restPort,
    accountSid,
    authToken,
    number,
    answerWhenEnded: settings.restAnswerWhenEnded,
    find: callSid => calls.get(callSid),
    all: () => [...calls.values()],
    create: callOut,
    ownNumbers: new Set([THE_NUMBER, ...settings.callerIds]),
    mood: settings.restMood,
  });

  return {
    restUrl: rest.url,
    accountSid,
    number,
    dial(caller, dial = {}) {
      const method = dial.webhookMethod ?? number.setUp.voiceMethod;
      return place(
        caller,
        dial,
        {go: 'ask', purpose: 'voice', url: number.setUp.voiceUrl, method, params: {}},
        'inbound',
      );
    },
    get calls() {
      return [...calls.values()];
    },
    get lag() {
      return wheel.lag;
    },
    async [Symbol.asyncDispose]() {
      for (const call of calls.values()) call.abandon();
      await client[Symbol.asyncDispose]();
      await Promise.all([...calls.values()].map(call => call.ended));
      wheel.stop();
      await rest[Symbol.asyncDispose]();
    },
  };
}

function settingsOf(options: FakeTwilioOptions): Settings {
  return {
    accountSid: sid('AC', options.ids),
    ids: 'twilio',
    strict: true,
    network: {delay: 0, jitter: 0},
    clock: systemClock,
    restPort: 0,
    restAnswerWhenEnded: 400,
    actionDelay: 0,
    upgradeTimeout: 5_000,
    sayMsPerChar: 5,
    musicMs: 1_000,
    people: () => undefined,
    callees: () => ({does: 'answer', after: 0, script: []}),
    callerIds: [],
    restMood: () => undefined,
    statusCallbacks: {late: 0, twice: false},
    dialOutcome: {status: 'completed', ms: 0},
    enqueueOutcome: {result: 'bridged', ms: 0},
    allowInsecure: undefined,
    endOrder: undefined,
    halfOpenFor: undefined,
    fallbackUrl: undefined,
    statusCallbackUrl: undefined,
    ...options,
  };
}
