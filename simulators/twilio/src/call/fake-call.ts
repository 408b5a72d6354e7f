import {type Clock, systemClock} from '@voicebridge/shared/time.ts';
import {type ClipName, readClip} from '../../../audio/clips.ts';
import {AlertLog} from './alert-log.ts';
import type {CallFacts} from './call-facts.ts';
import {CallFlow} from './call-flow.ts';
import type {Next} from './next.ts';
import type {CallReport, FakeCallEvent} from '../report/call-report.ts';
import {CallProgress, type ToldAbout} from './call-progress.ts';
import {CallStreams} from './call-streams.ts';
import {CallWebhooks} from './call-webhooks.ts';
import type {Conferences} from './conferences.ts';
import type {CallerStep} from '../phone/caller-script.ts';
import type {Document} from './document.ts';
import type {DialOptions, Settings} from '../fake-twilio-options.ts';
import {gapsBetween} from '../report/gaps.ts';
import {CallPeople} from './call-people.ts';
import {PhoneLine} from './phone-line.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import type {TimerWheel} from '../timer-wheel.ts';
import type {WebhookClient} from '../twiml/webhook-client.ts';

/** What a caller does, step by step. After the last step the caller stays on the line until the call is ended. */
export type CallerScript = readonly CallerStep<FakeCall>[];

export interface FakeCallDeps {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly client: WebhookClient;
  readonly conferences: Conferences;
  /** Who is told what of this call; the number's address is told about its end if not given. */
  readonly told?: ToldAbout;
}

/** One call at the fake Twilio: the caller's phone in the test's hand, and the truth about what was heard. */
export class FakeCall {
  readonly ended: Promise<CallReport>;
  readonly #deps: FakeCallDeps;
  readonly #dial: DialOptions;
  readonly #facts: CallFacts;
  readonly #listeners: ((event: FakeCallEvent) => void)[] = [];
  readonly #alerts = new AlertLog();
  readonly #webhooks: CallWebhooks;
  readonly #streams: CallStreams;
  readonly #line: PhoneLine<FakeCall>;
  readonly #flow: CallFlow;
  readonly #documents: {url: string; at: number; xml: string; verbs: string[]}[] = [];
  readonly #saidByTwilio: string[] = [];
  readonly #handedTo: string[] = [];
  readonly #keysPlayed: string[] = [];
  readonly #people: CallPeople;
  readonly #startedAt: number;
  readonly #wallStartedAt: number;
  readonly #progress: CallProgress;
  readonly #over = new AbortController();

  constructor(facts: CallFacts, script: CallerScript, dial: DialOptions, first: Next, deps: FakeCallDeps) {
    this.#deps = deps;
    this.#dial = dial;
    this.#facts = facts;
    this.#startedAt = deps.clock.now();
    this.#wallStartedAt = deps.clock.wall();
    const emit = (event: FakeCallEvent) => this.#emit(event);
    const alert = (code: number, detail: string, streamSid?: string) => this.#alert(code, detail, streamSid);
    this.#webhooks = new CallWebhooks({
      ...deps,
      call: facts,
      badSignature: dial.badSignature === true || dial.badSignature === 'webhook',
      alert,
      asked: webhook => emit({type: 'webhook', at: deps.clock.now(), webhook}),
    });
    this.#progress = new CallProgress({
      ...deps,
      call: facts,
      webhooks: this.#webhooks,
      told: deps.told ?? {url: deps.settings.statusCallbackUrl, method: 'POST', events: new Set(['completed'])},
    });
    this.#streams = new CallStreams({
      ...deps,
      dial,
      call: facts,
      webhooks: this.#webhooks,
      alert,
      emit,
      opened: (_, at) => {
        this.#line.startScript();
        this.#line.streamOpened(at);
      },
    });
    this.#line = new PhoneLine<FakeCall>({
      ...deps,
      call: this,
      script,
      streams: this.#streams,
      press: digit => this.press(digit),
      tag: dial.tag,
      dtx: dial.dtx ?? false,
      emit,
      hangUp: () => this.hangUp(),
    });
    this.#people = new CallPeople({...deps, call: facts, alert, emit});
    this.#flow = new CallFlow({
      ...deps,
      dial,
      call: facts,
      webhooks: this.#webhooks,
      streams: this.#streams,
      alert,
      obeying: document => this.#obeying(document),
      said: text => this.#saidByTwilio.push(text),
      handedTo: target => this.#handedTo.push(target),
      keysPlayed: keys => this.#keysPlayed.push(keys),
      meets: name => this.#people.meets(name),
      progress: this.#progress,
      over: this.#over.signal,
      serves: queue => deps.settings.people(`Queue: ${queue}`),
      ring: (noun, times, url, signal) => this.#people.ring(noun, times, url, signal),
    });
    this.ended = this.#live(first);
  }

  get callSid(): string {
    return this.#facts.callSid;
  }

  /** `queued`, `ringing`, `in-progress`, and in the end `completed`, `busy`, `no-answer`, `failed` or `canceled`. */
  get status(): string {
    return this.#facts.status;
  }

  /** When Twilio was asked for the call, or it came in, in Unix milliseconds. */
  get wallStartedAt(): number {
    return this.#wallStartedAt;
  }

  get facts(): Readonly<CallFacts> {
    return this.#facts;
  }

  /** The audio of the assistant is audible to the caller at this moment. */
  get hearsAssistant(): boolean {
    return this.#streams.audibleFor(this.#deps.clock.now()) > 0;
  }

  /** The assistant has been heard on the stream that is open now. */
  get heardOnThisStream(): boolean {
    const at = this.#deps.clock.now();
    return this.#streams.all.some(stream => stream.live && stream.heardUntil(at) !== undefined);
  }

  /** It talks with others in a conference. */
  get isMeeting(): boolean {
    return this.#people.isMeeting;
  }

  /** How many telephones have rung for the caller. */
  get rings(): number {
    return this.#people.rings;
  }

  get streamsOpened(): number {
    return this.#streams.all.length;
  }

  get scriptFinished(): boolean {
    return this.#line.scriptFinished;
  }

  on(listener: (event: FakeCallEvent) => void): void {
    this.#listeners.push(listener);
  }

  hangUp(): void {
    const status = this.#facts.status === 'ringing' ? {status: 'canceled'} : {};
    if (!this.#isOver) this.#flow.interrupt({go: 'end', by: 'caller', reason: 'the caller hung up', ...status});
  }

  /** The caller says this after what is still being said. */
  say(audio: Buffer | ClipName, name = 'audio'): void {
    if (typeof audio === 'string') this.#line.say(audio, readClip(audio));
    else this.#line.say(name, audio);
  }

  press(digit: string): void {
    if (!this.#flow.takesKey(digit)) this.#streams.press(digit);
  }

  /** Resets the TCP connection of the media socket, as when a network dies. */
  cutSocket(): void {
    this.#streams.cut();
  }

  /** Twilio loses the media socket and says so; the server's end stays open and silent for 30 to 45 s. */
  halfOpen(): void {
    this.#streams.halfOpen();
  }

  /** What the REST API does to a call. */
  redirect(next: Next, changes: {statusCallbackUrl?: string} = {}): void {
    if (changes.statusCallbackUrl !== undefined) this.#progress.tellTo(changes.statusCallbackUrl);
    if (!this.#isOver) this.#flow.interrupt(next);
  }

  /** Lets go of everything without telling anybody: the simulator stops. */
  abandon(): void {
    this.#webhooks.silence();
    if (!this.#isOver) this.#flow.abandon({go: 'end', by: 'twilio', reason: 'the simulator was stopped'});
    this.#streams.destroy();
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  async #live(first: Next): Promise<CallReport> {
    const {clock} = this.#deps;
    const end = await this.#flow.run(first);
    const endedAt = clock.now();
    this.#over.abort();
    this.#facts.status = end.status ?? 'completed';
    this.#line.hangUp(endedAt);
    this.#emit({type: 'ended', at: endedAt, endedBy: end.by, reason: end.reason});
    const seconds = Math.ceil((endedAt - this.#startedAt) / 1000);
    this.#progress.tell('completed', {
      CallDuration: String(seconds),
      Duration: String(Math.ceil(seconds / 60)),
      SipResponseCode: '200',
    });
    await this.#progress.settled();
    await Promise.all([this.#webhooks.settled(), ...this.#streams.all.map(stream => stream.gone)]);
    return this.#report(end, endedAt);
  }

  #obeying({url, xml, verbs}: Document): void {
    const at = this.#deps.clock.now();
    const names = verbs.map(({verb}) => verb);
    if (this.#documents.length === 0 && this.#facts.status === 'in-progress') {
      this.#line.pickUp();
      if (this.#dial.scriptFrom === 'answer') this.#line.startScript();
    }
    this.#documents.push({url, at, xml, verbs: names});
    this.#emit({type: 'twiml', at, url, verbs: names});
  }

  #report(end: Extract<Next, {go: 'end'}>, endedAt: number): CallReport {
    const {settings, clock} = this.#deps;
    const {callSid, from, to, status} = this.#facts;
    const streams = this.#streams.all.map(stream => stream.report());
    const firstAudioMs = streams.find(stream => stream.firstAudioMs !== undefined)?.firstAudioMs;
    return {
      callSid,
      ...(this.#dial.tag === undefined ? {} : {tag: this.#dial.tag}),
      from,
      to,
      clockOrigin: clock === systemClock ? performance.timeOrigin : clock.wall() - clock.now(),
      startedAt: this.#startedAt,
      endedAt,
      endedBy: end.by,
      reason: end.reason,
      status,
      documents: this.#documents,
      streams,
      spoke: this.#line.spoken,
      saidByTwilio: this.#saidByTwilio,
      handedTo: this.#handedTo,
      keysPlayed: this.#keysPlayed,
      people: this.#people.reports,
      meetings: this.#people.meetings,
      violations: settings.strict ? this.#alerts.violations : [],
      alerts: this.#alerts.all,
      webhooks: [this.#webhooks, ...this.#people.webhooks].flatMap(({reports}) => reports),
      gaps: gapsBetween(streams),
      ...(firstAudioMs === undefined ? {} : {firstAudioMs}),
    };
  }

  #alert(code: number, detail: string, streamSid?: string): void {
    const at = this.#deps.clock.now();
    const alert = this.#alerts.add(code, detail, at, streamSid);
    if (alert) this.#emit({type: 'alert', at, alert});
  }

  #emit(event: FakeCallEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
