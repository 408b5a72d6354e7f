import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CallFacts} from './call-facts.ts';
import type {EndedBy} from '../report/call-report.ts';
import type {CallProgress} from './call-progress.ts';
import type {CallStreams} from './call-streams.ts';
import type {CallWebhooks} from './call-webhooks.ts';
import {type Document, documentOf} from './document.ts';
import {takeEndSteps} from '../media/end-of-stream.ts';
import type {DialOptions, Settings} from '../fake-twilio-options.ts';
import type {StreamEnd} from '../media/media-stream.ts';
import {sid} from '../sid.ts';
import {type Method, type Problem, streamAddress} from '../twiml/stream-noun.ts';
import type {ConferenceNoun, Noun, Verb} from '../twiml/twiml.ts';
import type {Conferences} from './conferences.ts';
import type {Person, PersonEnd} from './person.ts';
import {type Outgoing, ringCallee} from './ring-callee.ts';
import type {Params} from '../twiml/webhook-client.ts';
import {waits} from './waiting.ts';

/** What a call does next. */
export type Next =
  | {
      readonly go: 'ask';
      readonly purpose: 'voice' | 'fallback' | 'action' | 'redirect';
      readonly url: string;
      readonly method: Method;
      readonly params: Params;
    }
  | {readonly go: 'obey'; readonly document: Document}
  /** The account calls somebody: `answered` is done when they answer. */
  | {readonly go: 'ring'; readonly outgoing: Outgoing; readonly answered: Exclude<Next, {readonly go: 'ring'}>}
  | {readonly go: 'end'; readonly by: EndedBy; readonly reason: string; readonly status?: string};

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
    dial: Pick<DialVerb, 'timeout' | 'timeLimit'>,
    url: string,
    signal: AbortSignal,
  ) => Promise<PersonEnd> | undefined;
  /** Who serves a queue. */
  readonly serves: (queue: string) => Person | undefined;
}

/** What an interrupted step returns; its result is not used. */
const NOTHING_MORE: Next = {go: 'end', by: 'twilio', reason: 'interrupted'};

type ConnectVerb = Extract<Verb, {verb: 'Connect'}>;
type DialVerb = Extract<Verb, {verb: 'Dial'}>;
type EnqueueVerb = Extract<Verb, {verb: 'Enqueue'}>;

/** A key takes so long on the line; a `w` is a pause of half a second. */
const KEY_MS = 100;
const PAUSE_KEY_MS = 500;
/** How long a message in a voice mailbox is. */
const MESSAGE_MS = 2_000;

/**
 * One call, from its first request to its end: asks for a document, obeys it verb by verb, asks again. A hang-up or an
 * update over REST interrupts whatever is going on.
 */
export class CallFlow {
  readonly #deps: CallFlowDeps;
  #interruption: Next | undefined;
  #interrupted = Promise.withResolvers<void>();
  #step = new AbortController();
  #connected: {verb: ConnectVerb; url: string} | undefined;
  #lostStream: StreamEnd | undefined;
  #wantsKey: ((key: string) => void) | undefined;

  constructor(deps: CallFlowDeps) {
    this.#deps = deps;
  }

  async run(first: Next): Promise<Extract<Next, {go: 'end'}>> {
    let next = first;
    while (next.go !== 'end') {
      this.#interrupted = Promise.withResolvers();
      const step = (this.#step = new AbortController());
      const result: Next | undefined = this.#interruption
        ? undefined
        : await Promise.race([this.#take(next, step.signal), this.#interrupted.promise.then(() => undefined)]);
      step.abort();
      next = this.#interruption ?? result ?? next;
      if (this.#interruption) await this.#leaveStream(next);
      this.#interruption = undefined;
    }
    return next;
  }

  /** The phone presses a key. False: nothing asks for one. */
  takesKey(key: string): boolean {
    const wants = this.#wantsKey;
    this.#wantsKey = undefined;
    wants?.(key);
    return wants !== undefined;
  }

  /** Drops everything and does this. `stop` leaves at once. */
  interrupt(next: Next): void {
    this.#deps.streams.stop();
    this.abandon(next);
  }

  /** Drops everything and does this, and the streams are not told. */
  abandon(next: Next): void {
    if (this.#interruption?.go === 'end') return;
    this.#interruption = next;
    this.#step.abort();
    this.#interrupted.resolve();
  }

  #take(next: Next, signal: AbortSignal): Promise<Next> {
    if (next.go === 'ask') return this.#ask(next);
    if (next.go === 'obey') return this.#obey(next.document, signal);
    if (next.go === 'ring') return this.#ring(next, signal);
    return Promise.resolve(next);
  }

  async #ring({outgoing, answered}: Extract<Next, {go: 'ring'}>, signal: AbortSignal): Promise<Next> {
    const {call, clock, progress, over} = this.#deps;
    const ended = await ringCallee({...outgoing, call, clock, progress, over, signal});
    if (ended === 'answered') return answered;
    return {go: 'end', by: 'twilio', reason: `the number that was called: ${ended}`, status: ended};
  }

  async #ask(request: Extract<Next, {go: 'ask'}>): Promise<Next> {
    const {webhooks, dial, settings, call, alert, said} = this.#deps;
    const {purpose, url} = request;
    this.#lostStream = undefined;
    const idempotencyToken = crypto.randomUUID();
    const asked = {...request, params: {...dial.extraParams, ...request.params}, idempotencyToken};
    if (purpose === 'voice' && dial.duplicateWebhook) void webhooks.ask(purpose, asked);
    const document = documentOf(await webhooks.ask(purpose, asked));
    for (const {code, detail} of document.problems) alert(code, detail);
    const {failed} = document;
    if (!failed) {
      if (call.status === 'ringing' && document.verbs[0]?.verb !== 'Reject') call.status = 'in-progress';
      return {go: 'obey', document};
    }
    const {fallbackUrl} = settings;
    if (fallbackUrl !== undefined && purpose !== 'fallback') {
      const params = {ErrorCode: String(failed.code), ErrorUrl: url};
      return {go: 'ask', purpose: 'fallback', url: fallbackUrl, method: 'POST', params};
    }
    said('We are sorry, an application error has occurred. Goodbye.');
    return {go: 'end', by: 'twilio', reason: `application error ${failed.code}: ${failed.detail}`, status: 'failed'};
  }

  async #obey(document: Document, signal: AbortSignal): Promise<Next> {
    this.#deps.obeying(document);
    for (const verb of document.verbs) {
      const next = await this.#perform(verb, document.url, signal);
      if (signal.aborted) return NOTHING_MORE;
      if (next) return next;
    }
    const lost = this.#lostStream;
    return lost
      ? {
          go: 'end',
          by: lost.endedBy === 'platform' ? 'platform' : 'twilio',
          reason: `the stream was lost (${lost.error}) and nothing followed`,
        }
      : {go: 'end', by: 'platform', reason: 'no more instructions'};
  }

  async #perform(verb: Verb, url: string, signal: AbortSignal): Promise<Next | undefined> {
    const {settings, said, handedTo, call} = this.#deps;
    this.#lostStream = undefined;
    switch (verb.verb) {
      case 'Say':
        said(verb.text);
        return this.#wait(verb.text.length * settings.sayMsPerChar * Math.max(1, verb.loop), signal);
      case 'Pause':
        return this.#wait(verb.ms, signal);
      case 'Play':
        if (verb.digits === undefined) {
          handedTo(`Play: ${verb.url}`);
          break;
        }
        this.#deps.keysPlayed(verb.digits);
        return this.#wait(
          verb.digits.split('').reduce((sum, key) => sum + (/w/i.test(key) ? PAUSE_KEY_MS : KEY_MS), 0),
          signal,
        );
      case 'Record':
        handedTo('Record');
        await this.#wait(MESSAGE_MS, signal);
        return this.#goOn(verb, url, {
          RecordingSid: sid('RE'),
          RecordingUrl: 'https://api.twilio.com/recording',
          RecordingDuration: String(MESSAGE_MS / 1_000),
        });
      case 'Refer':
        return this.#refer(verb, url, signal);
      case 'Gather':
        return this.#gather(verb, url, signal);
      case 'Leave':
        this.#deps.alert(12200, `${verb.verb} does nothing on this leg of the simulator`);
        break;
      case 'Connect':
        return this.#connect(verb, url, signal);
      case 'Redirect':
        return {go: 'ask', purpose: 'redirect', url: new URL(verb.url, url).href, method: verb.method, params: {}};
      case 'Hangup':
        return {go: 'end', by: 'platform', reason: 'Hangup'};
      case 'Reject':
        return {
          go: 'end',
          by: 'platform',
          reason: `Reject: ${verb.reason}`,
          status: verb.reason === 'busy' ? 'busy' : 'no-answer',
        };
      case 'Dial': {
        for (const target of verb.targets) handedTo(`Dial: ${target}`);
        const [noun] = verb.nouns;
        if (noun?.conference) return this.#meet(noun.conference, verb, url, signal);
        const ringing = noun && this.#deps.ring(noun, verb, url, signal);
        if (ringing) {
          const {status, bridged, talkedMs} = await ringing;
          if (signal.aborted) return undefined;
          return this.#goOn(verb, url, {
            DialCallStatus: status,
            DialCallSid: sid('CA'),
            DialBridged: String(bridged),
            ...(status === 'completed' ? {DialCallDuration: String(Math.round(talkedMs / 1000))} : {}),
          });
        }
        const {status, ms} = settings.dialOutcome;
        await this.#wait(ms, signal);
        return this.#goOn(verb, url, {
          DialCallStatus: status,
          DialCallSid: sid('CA'),
          DialCallDuration: String(Math.round(ms / 1000)),
        });
      }
      case 'Enqueue': {
        handedTo(`Enqueue: ${verb.queue}`);
        const server = this.#deps.serves(verb.queue);
        if (server) return this.#queue(verb, server, url, signal);
        const {result, ms} = settings.enqueueOutcome;
        await this.#wait(ms, signal);
        return this.#goOn(verb, url, {
          QueueResult: result,
          QueueSid: sid('QU'),
          QueueTime: String(Math.round(ms / 1000)),
          CallSid: call.callSid,
        });
      }
    }
    return undefined;
  }

  async #gather(verb: Extract<Verb, {verb: 'Gather'}>, url: string, signal: AbortSignal): Promise<Next | undefined> {
    for (const text of verb.says) this.#deps.said(text);
    const spokenMs = verb.says.reduce((sum, text) => sum + text.length * this.#deps.settings.sayMsPerChar, 0);
    const pressed = Promise.withResolvers<string>();
    this.#wantsKey = pressed.resolve;
    const key = await Promise.race([pressed.promise, this.#wait(spokenMs + verb.timeout, signal)]);
    this.#wantsKey = undefined;
    if (signal.aborted || key === undefined) return undefined;
    return this.#goOn({...verb, action: verb.action ?? url}, url, {Digits: key, FinishedOnKey: ''});
  }

  /** The call hears music until the conference begins, and is in it until it is over or the time is. */
  async #meet(noun: ConferenceNoun, verb: DialVerb, url: string, signal: AbortSignal): Promise<Next | undefined> {
    const {conferences, clock, meets} = this.#deps;
    const inside = conferences.enter(noun.name, noun);
    const music = new AbortController();
    const gone = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), {once: true}));
    const timeIsUp = sleep(clock, verb.timeLimit, signal);
    const {waitUrl, waitMethod: method} = noun;
    if (waitUrl !== undefined)
      void waits({url: new URL(waitUrl, url).href, method, params: {}, mayLeave: false}, this.#deps, music.signal);
    const began = await Promise.race([inside.began.then(() => true), Promise.race([gone, timeIsUp, inside.over])]);
    music.abort();
    if (began === true) {
      const left = meets(noun.name);
      await Promise.race([inside.over, gone, timeIsUp]);
      left();
    }
    inside.leave();
    if (signal.aborted) return undefined;
    return this.#goOn(verb, url, {DialCallStatus: 'completed'});
  }

  /** The caller waits until somebody takes them, or what they hear there makes them leave. */
  async #queue(verb: EnqueueVerb, server: Person, url: string, signal: AbortSignal): Promise<Next | undefined> {
    const {clock, call} = this.#deps;
    const from = clock.now();
    const ended = (QueueResult: string) =>
      this.#goOn(verb, url, {
        QueueResult,
        QueueSid: sid('QU'),
        QueueTime: String(Math.round((clock.now() - from) / 1000)),
        CallSid: call.callSid,
      });
    if (server.does === 'be-busy') return ended('queue-full');
    if (server.does === 'fail') return ended('system-error');
    const isTaken = server.does === 'answer' ? this.#wait(server.after, signal).then(() => true) : undefined;
    const waits = new AbortController();
    const stop = () => waits.abort();
    signal.addEventListener('abort', stop, {once: true});
    const left = this.#waits(verb, url, waits.signal).then(() => false);
    const taken = await Promise.race([left, ...(isTaken ? [isTaken] : [])]);
    waits.abort();
    if (signal.aborted) return undefined;
    if (!taken) return ended('leave');
    if (server.does === 'answer') await this.#wait(server.talks, signal);
    return ended('bridged');
  }

  /** Resolves when a document makes the caller leave the queue. */
  async #waits({waitUrl, method}: EnqueueVerb, url: string, signal: AbortSignal): Promise<void> {
    if (waitUrl === undefined)
      return await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), {once: true}));
    const source = {url: new URL(waitUrl, url).href, method, params: {QueueTime: '0'}, mayLeave: true};
    return await waits(source, this.#deps, signal);
  }

  /** A caller who came by SIP is handed over: then the call is over for Twilio. */
  async #refer(verb: Extract<Verb, {verb: 'Refer'}>, url: string, signal: AbortSignal): Promise<Next | undefined> {
    const {call, alert, handedTo, ring} = this.#deps;
    if (!/^sips?:/.test(call.from)) {
      alert(12200, 'Refer is for calls that came by SIP');
      return undefined;
    }
    handedTo(`Refer: ${verb.target}`);
    const timeouts = {timeout: 30_000, timeLimit: 14_400_000};
    const end = await ring({target: `Sip: ${verb.target}`, method: 'POST'}, timeouts, url, signal);
    if (signal.aborted) return undefined;
    const status = end && !end.bridged ? end.status : 'completed';
    const reported = {ReferCallStatus: status, ReferSipResponseCode: status === 'completed' ? '202' : '486'};
    if (status !== 'completed') return this.#goOn(verb, url, reported);
    call.status = 'completed';
    const action = this.#goOn(verb, url, reported);
    if (action?.go === 'ask') await this.#deps.webhooks.ask('action', action);
    return {go: 'end', by: 'platform', reason: 'Refer'};
  }

  /** Runs a stream to its end, and asks the action, if there is one. */
  async #connect(verb: ConnectVerb, url: string, signal: AbortSignal): Promise<Next | undefined> {
    const {settings, streams, alert} = this.#deps;
    this.#connected = {verb, url};
    const address =
      verb.stream.refused ??
      streamAddress(verb.stream.url, {
        documentUrl: url,
        allowInsecure: settings.allowInsecure,
        strict: settings.strict,
      });
    const end = 'url' in address ? await streams.run(verb.stream, address.url) : refusal(address);
    if (signal.aborted) return undefined;
    this.#connected = undefined;
    this.#lostStream = end.error === undefined ? undefined : end;
    if ('code' in address) alert(address.code, address.detail);
    const telling = () =>
      'url' in address ? streams.tellEnd() : streams.tell(verb.stream, sid('MZ'), 'stream-error', address.code);
    let next: Next | undefined;
    await takeEndSteps(settings.endOrder, {
      close: () => Promise.resolve(),
      status: async () => {
        const told = telling();
        if (settings.endOrder) await told;
      },
      action: async () => {
        if (end.endedBy === 'network') await this.#wait(settings.actionDelay, signal);
        if (signal.aborted) return;
        const action = this.#goOn(verb, url, {});
        if (action?.go === 'ask') next = await this.#ask(action);
      },
    });
    return next;
  }

  /** The caller or a REST update has ended the stream: `stop` has left already. Only a hang-up asks the action. */
  async #leaveStream(next: Next): Promise<void> {
    const {settings, streams, webhooks, call} = this.#deps;
    const connected = this.#connected;
    this.#connected = undefined;
    if (next.go === 'end') call.status = next.status ?? 'completed';
    if (!connected) return;
    const hungUp = next.go === 'end' && next.by === 'caller';
    await takeEndSteps(settings.endOrder, {
      close: () => {
        streams.close(hungUp ? 'caller' : next.go === 'end' ? next.by : 'platform');
        return Promise.resolve();
      },
      status: async () => {
        await Promise.resolve(); // the streams learn of their end one turn later
        const told = streams.tellEnd();
        if (settings.endOrder) await told;
      },
      action: async () => {
        const action = this.#goOn(connected.verb, connected.url, {});
        if (!hungUp || action?.go !== 'ask') return;
        const told = webhooks.tell('action', action.url, {}, action.method);
        if (settings.endOrder) await told;
      },
    });
  }

  #goOn(verb: {readonly action?: string; readonly method: Method}, url: string, params: Params): Next | undefined {
    if (verb.action === undefined) return undefined;
    return {go: 'ask', purpose: 'action', url: new URL(verb.action, url).href, method: verb.method, params};
  }

  async #wait(ms: Millis, signal: AbortSignal): Promise<undefined> {
    if (ms > 0) await sleep(this.#deps.clock, ms, signal);
  }
}

function refusal({code, detail}: Problem): StreamEnd {
  return {endedBy: 'twilio', error: code, detail};
}
