import type {MissCause} from '@voicebridge/shared/observability/metric-labels.ts';
import {earliest, type Millis} from '@voicebridge/shared/time.ts';
import {type AnswerStep, AnswerWatch} from './answer-watch.ts';
import {type CallEffect, toModel} from '../events/call-effect.ts';
import type {LiveResponse, Response} from './live-response.ts';
import {type Ended, missed, silentBecause} from './miss-cause.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {RateLimit} from './rate-limit.ts';
import {type Create, type Request, ResponseSequencer} from './response-sequencer.ts';

/** What replies need of the rest of the dialogue. */
export interface RepliesDeps {
  /** The longest silence that a caller who waits for us is left in. */
  readonly answerWithinMs: Millis;
  /** A response is given up: whatever still comes of it is not played. */
  readonly abandon: (responseId: string, at: Millis) => CallEffect[];
  /** The response in progress. Begun and ended here; the dialogue tells it of audio. */
  readonly live: LiveResponse;
}

const RETRY_AFTER_MS = 300;
/** What a model that answers takes to its first sound. */
const FIRST_SOUND_WITHIN_MS = 1_500;
const BUSY = 'conversation_already_has_active_response';
/** Races with what the server does by itself. */
const BENIGN = new Set([BUSY, 'response_cancel_not_active']);

/**
 * The replies we ask the model for: one at a time, and none that stays out. Whatever keeps an answer from the caller,
 * the same steps follow (`AnswerWatch`): it is asked for again, then of another session, and then the call ends in words.
 */
export class Replies {
  readonly #deps: RepliesDeps;
  readonly limit = new RateLimit();
  readonly #sequencer = new ResponseSequencer();
  readonly #watch: AnswerWatch;
  readonly #live: LiveResponse;
  /** What the caller waits for: set when it is wanted, and gone with the first sound of an answer. */
  #awaited: Request | undefined;
  #retry: {readonly at: Millis; readonly request: Request} | undefined;
  /** A reply that ended in mid-sentence was asked to go on, since the caller last spoke or pressed a key. */
  #wentOn = false;
  #hasSession = false;

  constructor(deps: RepliesDeps) {
    this.#deps = deps;
    this.#live = deps.live;
    this.#watch = new AnswerWatch(deps.answerWithinMs);
  }

  get deadline(): Millis | undefined {
    const limitedUntil = this.#watch.isWaiting ? this.limit.until : undefined;
    return earliest(this.#sequencer.deadline, this.#retry?.at, this.#watch.deadline, limitedUntil);
  }

  /** Whether the model speaks or is about to. */
  get busy(): boolean {
    return this.#sequencer.busy || this.#retry !== undefined || this.limit.until !== undefined;
  }

  /** Whether the caller has an answer to come of which nothing was audible yet. */
  get awaited(): boolean {
    return this.#awaited !== undefined;
  }

  /** Which session an answer is expected from: `spare`: another one should be made ready; `other`: use it. */
  get session(): AnswerWatch['session'] {
    return this.#watch.session;
  }

  want(request: Request, at: Millis): CallEffect[] {
    this.#awaited = request;
    if (request.cause === 'digits') this.#wentOn = false;
    return this.limit.keeps(request) ? [] : asked(this.#sequencer.want(request, at));
  }

  /** Another session: what was asked of the last one, and not a word of it said, is asked again. */
  sessionOpened(at: Millis): CallEffect[] {
    this.#hasSession = true;
    this.#watch.sessionRenewed();
    this.#retry = undefined;
    const again = this.#sequencer.reset(at, this.#live.current?.spoke ?? false);
    this.#live.abandon();
    if (again || this.#sequencer.busy || !this.#awaited) return asked(again);
    return this.want(this.#awaited, at);
  }

  sessionLost(): void {
    this.#hasSession = false;
  }

  callerSpoke(at: Millis): void {
    this.#sequencer.callerSpoke();
    this.#watch.callerSpoke(at);
    this.#awaited = undefined;
    this.#wentOn = false;
  }

  /** The caller waits, if an answer is owed, since `at` or longer, but not before `audibleUntil`. Undefined: they do not. */
  waits(at: Millis | undefined, audibleUntil: Millis): void {
    this.#watch.waits(at, Math.max(audibleUntil, this.limit.heldUntil ?? 0));
  }

  /** The caller's turn: the server answers it, or we ask it to. */
  turn(serverResponds: boolean, at: Millis): CallEffect[] {
    this.#retry = undefined; // this turn is answered, and that will do
    this.#wentOn = false;
    if (!serverResponds) return [...this.noTurn(at), ...this.want({cause: 'turn'}, at)];
    this.#awaited = {cause: 'turn'};
    this.#sequencer.turnCommitted(at);
    return [];
  }

  /** What the caller said needs no answer. */
  noTurn(at: Millis): CallEffect[] {
    return asked(this.#sequencer.listened(at));
  }

  itemAdded(itemId: string): void {
    this.#sequencer.itemAdded(itemId);
  }

  /** Returns what the response answers, if we asked for it. */
  started(responseId: string, tag: string | undefined): Request | undefined {
    const request = this.#sequencer.created(responseId, tag);
    // The server answers the caller by itself, and did not tell of their turn.
    if (!request) this.#wentOn = false;
    this.#live.started(responseId, request);
    return request;
  }

  /** The caller was speaking when it began: it will not be heard, and is asked for when they have finished. */
  takenBack(responseId: string): void {
    this.#sequencer.takenBack(responseId);
  }

  /** Something of a response is audible, or will be as soon as there is a stream. */
  audible(responseId: string): void {
    this.#live.audible(responseId);
    this.#awaited = undefined;
    this.limit.over();
    this.#watch.audible();
  }

  /** A response calls a tool. */
  called(responseId: string): void {
    if (!this.#live.calledTool(responseId)) return;
    this.#awaited = undefined;
    this.limit.over();
  }

  /** `heeded`: the caller was to hear it; it was neither spoken over nor given up. */
  ended(event: Ended, heeded: boolean, at: Millis): CallEffect[] {
    const effects = asked(this.#sequencer.done(event.responseId, at));
    const response = this.#live.over(event.responseId);
    if (!response) return effects;
    const cause = missed(event, response);
    if (cause === undefined && response.spoke) this.#answered();
    if (cause === undefined || !heeded) return effects;
    const detail = [event.reason, event.message].filter(Boolean).join(': ');
    return [...effects, ...this.#missed(cause, detail, response, event, at)];
  }

  #answered(): void {
    this.#watch.answered();
    this.limit.answered();
  }

  #missed(cause: MissCause, detail: string, response: Response, event: Ended, at: Millis): CallEffect[] {
    if (cause === 'incomplete' && response.spoke) return this.#goOn(detail, event.reason === 'content_filter', at);
    const request = this.#again(response);
    // What failed while a limit is waited for is asked again when that is over.
    const limited =
      this.limit.step ?? (cause === 'rate-limited' ? this.limit.hit(event.retryAfterMs, request, at) : undefined);
    if (limited) {
      this.#awaited = request;
      this.#watch.holdUntil((this.limit.until ?? at) + FIRST_SOUND_WITHIN_MS);
      return [{do: 'missed', cause, step: limited, detail}];
    }
    const step = this.#watch.next();
    return step ? this.#take(step, cause, detail, request, at + RETRY_AFTER_MS) : [];
  }

  /** Another owner of the call had asked the caller to wait until then. */
  resumeHold(until: Millis): void {
    this.#awaited = {cause: 'recovery'};
    this.limit.adopt(until, this.#awaited);
  }

  /** A reply that stops in mid-sentence is taken up once; the caller who heard most of it can ask for more. */
  #goOn(detail: string, isFiltered: boolean, at: Millis): CallEffect[] {
    if (this.#wentOn) return [{do: 'missed', cause: 'incomplete', step: 'accept', detail}];
    this.#wentOn = true;
    const request = this.#live.rest(isFiltered ? 'filtered' : 'broken-off');
    return [{do: 'missed', cause: 'incomplete', step: 'ask-again', detail}, ...this.want(request, at)];
  }

  /** The model refused something. None of it is worth a call. */
  refused({code, message, about}: Extract<ModelEvent, {type: 'refused'}>, at: Millis): CallEffect[] {
    const isRespond = about?.startsWith('respond:') ?? false;
    const tag = isRespond ? about?.slice('respond:'.length) : undefined;
    if (code === BUSY && (isRespond || about === undefined)) this.#sequencer.refused(tag);
    if (BENIGN.has(code)) return [];
    const effects: CallEffect[] = [
      {do: 'warn', what: `the model refused ${about ?? 'something'}`, code, detail: message},
    ];
    const aboutMetadata = /metadata/i.test(message);
    if (!isRespond && !(about === undefined && aboutMetadata)) return effects;
    const request = this.#sequencer.notCreated(tag, aboutMetadata);
    if (!request) return effects;
    if (aboutMetadata) return [...effects, ...this.want(request, at)];
    const step = this.#watch.next();
    return step
      ? [...effects, ...this.#take(step, 'refused', `${code}: ${message}`, request, at + RETRY_AFTER_MS)]
      : effects;
  }

  time(at: Millis): CallEffect[] {
    const limited = this.#watch.isWaiting ? this.limit.due(at) : undefined;
    if (limited) return this.want(limited, at);
    const step = this.#watch.due(at);
    if (step) return this.#overdue(step, at);
    const effects = asked(this.#sequencer.time(at));
    if (!this.#retry || at < this.#retry.at) return effects;
    const {request} = this.#retry;
    this.#retry = undefined;
    return [...effects, ...this.want(request, at)];
  }

  /** The caller has waited too long. */
  #overdue(step: AnswerStep, at: Millis): CallEffect[] {
    const response = this.#live.current;
    if (step === 'ask-again' && response?.spoke && !this.#live.isMidItem) return this.#neverEnded(response, at);
    const because = this.limit.isToBlame ? 'rate-limited' : silentBecause(this.#sequencer.state, response);
    const cause = this.#hasSession ? because : 'no-session';
    if (step !== 'ask-again') return this.#take(step, cause, '', undefined, at);
    const {request, responseId} = this.#sequencer.abandon();
    const effects = responseId === undefined ? [] : this.#deps.abandon(responseId, at);
    this.#live.abandon();
    const wanted = response ? this.#again(response) : (request ?? this.#awaited ?? {cause: 'turn'});
    return [...this.#take(step, cause, '', wanted, at), ...effects, ...(this.#hasSession ? this.time(at) : [])];
  }

  /** Nothing more can be done: the call ends in words. */
  giveUp(cause: MissCause): CallEffect[] {
    return this.#take('give-up', cause, '', undefined, 0);
  }

  /** All of it was said, and the server does not say that it is over. */
  #neverEnded({responseId}: Response, at: Millis): CallEffect[] {
    this.#live.over(responseId);
    this.#live.noteEnd(responseId);
    this.#answered();
    return [
      {do: 'missed', cause: 'never-ended', step: 'accept', detail: ''},
      ...asked(this.#sequencer.done(responseId, at)),
    ];
  }

  /** What to ask for in place of an answer that did not come, or not whole. */
  #again({spoke, request}: Response): Request {
    return spoke ? this.#live.rest('broken-off') : (request ?? {cause: 'turn'});
  }

  #take(step: AnswerStep, cause: MissCause, detail: string, request: Request | undefined, at: Millis): CallEffect[] {
    const told: CallEffect = {do: 'missed', cause, step, detail};
    this.#awaited = request ?? this.#awaited ?? {cause: 'turn'};
    if (step === 'give-up') {
      const reason = this.#hasSession ? 'platform.model-silent' : 'platform.model-lost';
      return [told, {do: 'leave', intent: 'apologise', reason}];
    }
    if (step === 'ask-again') this.#retry = {at, request: this.#awaited};
    return [told];
  }
}

function asked(create: Create | undefined): CallEffect[] {
  if (!create) return [];
  const {tag, request, untagged} = create;
  const {instructions, speechOnly} = request;
  return [
    toModel({
      do: 'respond',
      tag,
      ...(instructions === undefined ? {} : {instructions}),
      ...(speechOnly === undefined ? {} : {speechOnly}),
      ...(untagged === undefined ? {} : {untagged}),
    }),
  ];
}
