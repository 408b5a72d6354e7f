import type {MissCause} from '@voicebridge/shared/observability/metric-labels.ts';
import {earliest, type Millis} from '@voicebridge/shared/time.ts';
import {type AnswerStep, AnswerDeadline, FIRST_SOUND_WITHIN_MS} from './answer-deadline.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {LiveResponse, Response} from './live-response.ts';
import {type Ended, missed, silentBecause} from './miss-cause.ts';
import {codeIn} from '@voicebridge/shared/protocol/code-in.ts';
import type {Explained, ModelEvent} from '../model/model-adapter.ts';
import {RateLimit} from './rate-limit.ts';
import {ReplyPace} from './reply-pace.ts';
import {type Create, type Request, respond, ResponseSequencer} from './response-sequencer.ts';

/** What `Replies` needs of the rest of the dialogue. */
export interface RepliesDeps {
  /** The longest silence in which a caller waits for an answer, in milliseconds. */
  readonly answerWithinMs: Millis;
  /** Stops waiting for a response: what still comes of it is not played. */
  readonly abandon: (responseId: string, at: Millis) => CallEffect[];
  /** As `PendingReply.early`. */
  readonly early: () => Request | undefined;
  /** The response in progress. `Replies` begins and ends it; the dialogue reports its audio. */
  readonly live: LiveResponse;
}

/** Nobody said why. */
const UNEXPLAINED: Explained = {detail: ''};

const RETRY_AFTER_MS = 300;
const BUSY = 'conversation_already_has_active_response';
/** Refusals that are no error: the server did something by itself at the same moment. */
const BENIGN = new Set([BUSY, 'response_cancel_not_active']);

/**
 * The replies that the model is asked for, one at a time. If the caller does not get an answer, for whatever reason,
 * the same steps follow (`AnswerDeadline`): ask the same session again, ask another session, end the call with an apology.
 */
export class Replies {
  readonly #deps: RepliesDeps;
  readonly limit = new RateLimit();
  readonly pace = new ReplyPace();
  readonly #sequencer = new ResponseSequencer();
  readonly #watch: AnswerDeadline;
  readonly #live: LiveResponse;
  /** What the caller waits for: from the request to the first sound of an answer. */
  #awaited: Request | undefined;
  #retry: {readonly at: Millis; readonly request: Request} | undefined;
  /** Whether the model was asked to finish a sentence since the caller last spoke or pressed a key: only once. */
  #wentOn = false;
  #hasSession = false;

  constructor(deps: RepliesDeps) {
    this.#deps = deps;
    this.#live = deps.live;
    this.#watch = new AnswerDeadline(deps.answerWithinMs);
  }

  get deadline(): Millis | undefined {
    const limitedUntil = this.#watch.isWaiting ? this.limit.until : undefined;
    return earliest(this.#sequencer.deadline, this.#retry?.at, this.#watch.deadline, limitedUntil);
  }

  /** Whether a session is configured. */
  get hasSession(): boolean {
    return this.#hasSession;
  }

  /** Whether the model makes a response, or a request for one is sent or waits. */
  get busy(): boolean {
    return this.#sequencer.busy || this.#retry !== undefined || this.limit.until !== undefined;
  }

  /** Whether the caller waits for an answer of which nothing was audible yet. */
  get awaited(): boolean {
    return this.#awaited !== undefined;
  }

  /** Which session must answer. `spare`: the same one, and a spare is made ready; `other`: the spare. */
  get session(): AnswerDeadline['session'] {
    return this.#watch.session;
  }

  /** Asks the model to speak, now or as soon as it can be asked. */
  want(request: Request, at: Millis): CallEffect[] {
    this.#awaited = request;
    if (request.cause === 'digits') this.#wentOn = false;
    if (this.limit.keeps(request)) return [];
    return this.#asked(this.#sequencer.want(request, at), at);
  }

  /** Another session is in use: what the last one was asked for and did not begin to say is asked again. */
  sessionOpened(at: Millis): CallEffect[] {
    this.#hasSession = true;
    this.#watch.sessionOpened(at);
    this.#retry = undefined;
    const again = this.#sequencer.reset(at, this.#live.current?.spoke ?? false);
    this.#live.abandon();
    if (again || this.#sequencer.busy || !this.#awaited) return this.#asked(again, at);
    return this.want(this.#awaited, at);
  }

  /** As `AnswerDeadline.takenOver`. */
  takenOver(waitsSince: Millis, lostAt: Millis, at: Millis): void {
    this.#watch.takenOver(waitsSince, lostAt, at);
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

  /**
   * The caller has waited for an answer since `at`, or since `audibleUntil` if that is later. Undefined: they do not
   * wait.
   */
  waits(at: Millis | undefined, audibleUntil: Millis): void {
    this.#watch.waits(at, Math.max(audibleUntil, this.limit.heldUntil ?? Number.NEGATIVE_INFINITY));
  }

  /** The caller's speech was a turn. `serverResponds`: the server answers it without being asked. */
  turn(serverResponds: boolean, at: Millis): CallEffect[] {
    this.#retry = undefined; // the answer to this turn takes its place
    this.#wentOn = false;
    if (!serverResponds) return [...this.noTurn(at), ...this.want({cause: 'turn'}, at)];
    this.#awaited = {cause: 'turn'};
    this.#sequencer.turnCommitted(at);
    return [];
  }

  /** The caller's speech was no turn: what waited for its end can be asked for. */
  noTurn(at: Millis): CallEffect[] {
    return this.#asked(this.#sequencer.listened(at), at);
  }

  /** What was to be asked for, and was not yet, is asked for later by itself. */
  withdraw(cause: Request['cause']): void {
    this.#sequencer.withdraw(cause);
    if (this.#awaited?.cause === cause) this.#awaited = undefined;
  }

  itemAdded(itemId: string): void {
    this.#sequencer.itemAdded(itemId);
  }

  /** A response began. Returns the request that it answers; undefined if the server made it by itself. */
  started(responseId: string, tag: string | undefined, at: Millis): Request | undefined {
    const request = this.#sequencer.created(responseId, tag);
    this.pace.began(responseId, request !== undefined, at);
    // The server answers a turn that it did not report.
    if (!request) this.#wentOn = false;
    this.#live.started(responseId, request);
    return request;
  }

  /** A response began while the caller was speaking: they will not hear it, and it is asked for again afterwards. */
  takenBack(responseId: string): void {
    this.#sequencer.takenBack(responseId);
  }

  /** Something of a response is audible, or will be as soon as there is a stream. */
  audible(responseId: string, at: Millis): void {
    this.pace.sounded(responseId, at);
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

  /**
   * A response ended. `heeded`: the caller was meant to hear it; they did not speak over it, and it was not abandoned.
   */
  ended(event: Ended, heeded: boolean, at: Millis): CallEffect[] {
    const effects = this.#asked(this.#sequencer.done(event.responseId, at), at);
    const response = this.#live.over(event.responseId);
    if (!response) return effects;
    const cause = missed(event, response);
    if (cause === undefined && response.spoke) this.#answered();
    if (cause === undefined || !heeded) return effects;
    const why = {note: codeIn(event.reason), detail: event.message ?? ''};
    return [...effects, ...this.#missed(cause, why, response, event, at)];
  }

  #asked(create: Create | undefined, at: Millis): CallEffect[] {
    if (create) this.pace.asked(at);
    return create ? [respond(create)] : [];
  }

  #answered(): void {
    this.#watch.answered();
    this.limit.answered();
  }

  #missed(cause: MissCause, why: Explained, response: Response, event: Ended, at: Millis): CallEffect[] {
    if (cause === 'incomplete' && response.spoke)
      return this.#goOn(response, why, event.reason === 'content_filter', at);
    const owed = response.spoke ? this.#live.failed() : [];
    const request = this.#again(response);
    // A request that fails while a rate limit lasts is made again when the limit is over.
    const limited =
      this.limit.step ?? (cause === 'rate-limited' ? this.limit.hit(event.retryAfterMs, request, at) : undefined);
    if (limited) {
      this.#awaited = request;
      this.#watch.holdUntil((this.limit.until ?? at) + FIRST_SOUND_WITHIN_MS);
      return [...owed, {do: 'missed', cause, step: limited, ...why}];
    }
    const step = this.#watch.next();
    return step ? [...owed, ...this.#take(step, cause, why, request, at + RETRY_AFTER_MS)] : [];
  }

  /** An earlier owner of the call asked the caller to wait until then. */
  resumeHold(until: Millis): void {
    this.#awaited = {cause: 'recovery'};
    this.limit.adopt(until, this.#awaited);
  }

  /** A reply stopped in mid-sentence. The model is asked once to finish it; after that, the caller can ask. */
  #goOn(response: Response, why: Explained, isFiltered: boolean, at: Millis): CallEffect[] {
    if (this.#wentOn) return [{do: 'missed', cause: 'incomplete', step: 'accept', ...why}];
    this.#wentOn = true;
    const request = wholeAgain(response) ?? this.#live.rest(isFiltered ? 'filtered' : 'broken-off');
    return [
      ...this.#live.failed(),
      {do: 'missed', cause: 'incomplete', step: 'ask-again', ...why},
      ...this.want(request, at),
    ];
  }

  /** The model refused a command. No refusal ends the call by itself. */
  refused({code, message, about}: Extract<ModelEvent, {type: 'refused'}>, at: Millis): CallEffect[] {
    const isRespond = about?.startsWith('respond:') ?? false;
    const tag = isRespond ? about?.slice('respond:'.length) : undefined;
    if (code === BUSY && (isRespond || about === undefined)) this.#sequencer.refused(tag);
    if (BENIGN.has(code)) return [];
    const effects: CallEffect[] = [
      {do: 'warn', what: 'the model refused a command', code, note: codeIn(about), detail: message},
    ];
    const aboutMetadata = /metadata/i.test(message);
    if (!isRespond && !(about === undefined && aboutMetadata)) return effects;
    const request = this.#sequencer.notCreated(tag, aboutMetadata);
    if (!request) return effects;
    if (aboutMetadata) return [...effects, ...this.want(request, at)];
    const step = this.#watch.next();
    return step
      ? [
          ...effects,
          ...this.#take(step, 'refused', {note: codeIn(code), detail: message}, request, at + RETRY_AFTER_MS),
        ]
      : effects;
  }

  time(at: Millis): CallEffect[] {
    const limited = this.#watch.isWaiting ? this.limit.due(at) : undefined;
    if (limited) return this.want(limited, at);
    const step = this.#watch.due(at);
    if (step) return this.#overdue(step, at);
    const effects = this.#asked(this.#sequencer.time(at), at);
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
    if (step !== 'ask-again') return this.#take(step, cause, UNEXPLAINED, undefined, at);
    const {request, responseId} = this.#sequencer.abandon();
    const effects = responseId === undefined ? [] : this.#deps.abandon(responseId, at);
    this.#live.abandon();
    const wanted = response ? this.#again(response) : (request ?? this.#due());
    return [
      ...this.#take(step, cause, UNEXPLAINED, wanted, at),
      ...effects,
      ...(this.#hasSession ? this.time(at) : []),
    ];
  }

  /** Ends the call with an apology. */
  giveUp(cause: MissCause): CallEffect[] {
    return this.#take('give-up', cause, UNEXPLAINED, undefined, 0);
  }

  /** The answer was said to its end, but the server never reported the end of the response. */
  #neverEnded({responseId}: Response, at: Millis): CallEffect[] {
    this.#live.over(responseId);
    this.#live.noteEnd(responseId);
    this.#answered();
    return [
      {do: 'missed', cause: 'never-ended', step: 'accept', detail: ''},
      ...this.#asked(this.#sequencer.done(responseId, at), at),
    ];
  }

  /** What to ask for in place of an answer that did not come or broke off. */
  #again(response: Response): Request {
    const {spoke, request} = response;
    return wholeAgain(response) ?? (spoke ? this.#live.rest('broken-off') : (request ?? {cause: 'turn'}));
  }

  #take(step: AnswerStep, cause: MissCause, why: Explained, request: Request | undefined, at: Millis): CallEffect[] {
    const told: CallEffect = {do: 'missed', cause, step, ...why};
    this.#awaited = request ?? this.#due();
    if (step === 'give-up') {
      const reason = this.#hasSession ? 'platform.model-silent' : 'platform.model-lost';
      return [told, {do: 'leave', intent: 'apologise', reason}];
    }
    if (step === 'ask-again') this.#retry = {at, request: this.#awaited};
    return [told];
  }

  /** What is asked for if a caller waits and nothing was: the first words of the call, or an answer. */
  #due(): Request {
    return this.#awaited ?? (this.#hasSession ? undefined : this.#deps.early()) ?? {cause: 'turn'};
  }
}

/** What must be heard whole is asked for as it was. */
function wholeAgain({request}: Response): Request | undefined {
  return request?.cause === 'disclosure' ? request : undefined;
}
