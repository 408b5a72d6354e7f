import {type CallFlowDeps, type VerbOf, wait} from './call-flow-deps.ts';
import {type Document, documentOf} from './document.ts';
import {dialSomebody} from './dial-verb.ts';
import {enqueue} from './enqueue-verb.ts';
import {goOn, type Next} from './next.ts';
import {refer} from './refer-verb.ts';
import {ringCallee} from './ring-callee.ts';
import {takeEndSteps} from '../media/end-of-stream.ts';
import type {StreamEnd} from '../media/media-stream.ts';
import {sid} from '../sid.ts';
import {type Problem, streamAddress} from '../twiml/stream-noun.ts';
import type {Verb} from '../twiml/twiml.ts';

/** What an interrupted step returns; its result is not used. */
const NOTHING_MORE: Next = {go: 'end', by: 'twilio', reason: 'interrupted'};

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
  #connected: {verb: VerbOf<'Connect'>; url: string} | undefined;
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
    const {settings, said, handedTo} = this.#deps;
    this.#lostStream = undefined;
    switch (verb.verb) {
      case 'Say':
        said(verb.text);
        return wait(this.#deps, verb.text.length * settings.sayMsPerChar * Math.max(1, verb.loop), signal);
      case 'Pause':
        return wait(this.#deps, verb.ms, signal);
      case 'Play':
        if (verb.digits === undefined) {
          handedTo(`Play: ${verb.url}`);
          break;
        }
        this.#deps.keysPlayed(verb.digits);
        return wait(
          this.#deps,
          verb.digits.split('').reduce((sum, key) => sum + (/w/i.test(key) ? PAUSE_KEY_MS : KEY_MS), 0),
          signal,
        );
      case 'Record':
        handedTo('Record');
        await wait(this.#deps, MESSAGE_MS, signal);
        return goOn(verb, url, {
          RecordingSid: sid('RE'),
          RecordingUrl: 'https://api.twilio.com/recording',
          RecordingDuration: String(MESSAGE_MS / 1_000),
        });
      case 'Refer':
        return refer(verb, {url, signal}, this.#deps);
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
      case 'Dial':
        return dialSomebody(verb, {url, signal}, this.#deps);
      case 'Enqueue':
        return enqueue(verb, {url, signal}, this.#deps);
    }
    return undefined;
  }

  async #gather(verb: VerbOf<'Gather'>, url: string, signal: AbortSignal): Promise<Next | undefined> {
    for (const text of verb.says) this.#deps.said(text);
    const spokenMs = verb.says.reduce((sum, text) => sum + text.length * this.#deps.settings.sayMsPerChar, 0);
    const pressed = Promise.withResolvers<string>();
    this.#wantsKey = pressed.resolve;
    const key = await Promise.race([pressed.promise, wait(this.#deps, spokenMs + verb.timeout, signal)]);
    this.#wantsKey = undefined;
    if (signal.aborted || key === undefined) return undefined;
    return goOn({...verb, action: verb.action ?? url}, url, {Digits: key, FinishedOnKey: ''});
  }

  /** Runs a stream to its end, and asks the action, if there is one. */
  async #connect(verb: VerbOf<'Connect'>, url: string, signal: AbortSignal): Promise<Next | undefined> {
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
        if (end.endedBy === 'network') await wait(this.#deps, settings.actionDelay, signal);
        if (signal.aborted) return;
        const action = goOn(verb, url, {});
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
        const action = goOn(connected.verb, connected.url, {});
        if (!hungUp || action?.go !== 'ask') return;
        const told = webhooks.tell('action', action.url, {}, action.method);
        if (settings.endOrder) await told;
      },
    });
  }
}

function refusal({code, detail}: Problem): StreamEnd {
  return {endedBy: 'twilio', error: code, detail};
}
