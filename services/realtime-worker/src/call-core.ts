import {unreachable} from '@voicebridge/shared/errors.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal, toModel} from './call-effect.ts';
import type {CallEvent} from './call-event.ts';
import type {RestoredCall} from './call-restore.ts';
import {CallerAudio} from './caller-audio.ts';
import type {DialogueSettings} from './dialogue-settings.ts';
import {Dialogue} from './dialogue.ts';
import {earliest} from './earliest.ts';
import {Failovers, type TakenOver} from './failovers.ts';
import type {ServerRights} from './floor.ts';
import {isFatal, type LostCause, type ModelEvent} from './model-adapter.ts';

export interface CallSettings extends Omit<DialogueSettings, 'heard'> {
  /** How long a call that had a stream may be without one before it is over. */
  readonly streamGraceMs: Millis;
  /** A session older than this is replaced at the next turn boundary. */
  readonly rotateAfterMs: Millis;
  /** Set if another worker had the call before. */
  readonly takenOver?: TakenOver | undefined;
}

/** A call that was accepted and whose stream never comes frees everything after this long. */
const FIRST_STREAM_WITHIN_MS = 30_000;
/** Tries to open a session again, and the pause before each. */
const REOPEN_AFTER_MS = [0, 100, 300, 700, 1_500, 3_000, 3_000];
/** Frames come every 20 ms. */
const FRAMES_STOPPED_MS = 60;
/** A caller who never stops must not keep a worker from leaving. */
const HAND_OVER_WITHIN_MS = 4_000;

/**
 * One call, with no socket and no timer in it: an event and the time in, effects out. Feeding it the same events again
 * plays the same call again. It looks after the caller's stream and the model's session, which come and go;
 * `Dialogue` looks after what is said.
 */
export class CallCore {
  readonly #settings: CallSettings;
  readonly #dialogue: Dialogue;
  readonly #caller = new CallerAudio();
  readonly #failovers: Failovers;
  #model: 'opening' | 'ready' | 'lost' = 'opening';
  #spare: 'none' | 'opening' | 'ready' = 'none';
  #readyAt: Millis = 0;
  #tries = 0;
  #streamBy: Millis | undefined;
  /** When Twilio opened the call's first stream, one hop later. */
  #startedAt: Millis | undefined;
  #firstAudio = false;
  #streamEnd: 'platform.stream-never-came' | 'platform.stream-lost';
  #handOverBy: Millis | undefined;
  #refused: LostCause | undefined;
  #streamOpen = false;
  #streamSid: string | undefined;
  /** When anything last came from the caller's phone. */
  #phoneAt: Millis | undefined;
  readonly #before: RestoredCall['stream'];
  #over = false;

  constructor(settings: CallSettings, at: Millis, restored?: RestoredCall) {
    this.#settings = settings;
    this.#dialogue = new Dialogue({...settings, heard: this.#caller.heard}, at, restored);
    const {since, worker, takenOver} = settings;
    this.#failovers = new Failovers(since, worker, restored?.failovers ?? 0, takenOver);
    this.#streamBy = at + (restored ? settings.streamGraceMs : FIRST_STREAM_WITHIN_MS);
    this.#streamEnd = restored ? 'platform.stream-lost' : 'platform.stream-never-came';
    this.#firstAudio = restored?.greeted ?? false;
    this.#before = restored?.stream;
  }

  get serverRights(): ServerRights {
    return this.#dialogue.serverRights;
  }

  get paddedMs(): Millis {
    return this.#caller.paddedMs;
  }

  /** When `time` is wanted next, on the clock of `at`. */
  get deadline(): Millis | undefined {
    if (this.#over) return undefined;
    const rotateAt = this.#readyAt + this.#settings.rotateAfterMs;
    return earliest(
      this.#dialogue.deadline,
      this.#caller.deadline,
      this.#streamBy,
      this.#handOverBy,
      this.#model === 'ready' && this.#spare === 'none' ? rotateAt : undefined,
    );
  }

  on(event: CallEvent, at: Millis): CallEffect[] {
    if (this.#over) return [];
    const effects = this.#react(event, at);
    effects.push(...this.#dialogue.afterwards(at), ...this.#atBoundary(at));
    if (!this.#firstAudio) this.#noteFirstAudio(effects, at);
    const last = effects.find(effect => effect.do === 'end' || effect.do === 'leave');
    if (!last) return effects;
    this.#over = true;
    const rest = [...this.#dialogue.lastTurn(this.#lastSign(event, at), at), ...this.#failovers.unfinished(at)];
    return [...effects.filter(effect => effect !== last), ...rest, last];
  }

  /** When the phone was last there. As long as its frames come, news of its end by another way came before them. */
  #lastSign(event: CallEvent, at: Millis): {readonly heardFrom: Millis; readonly ahead: boolean} {
    const isThere = at - (this.#phoneAt ?? at) <= FRAMES_STOPPED_MS;
    return {heardFrom: isThere ? at : (this.#phoneAt ?? at), ahead: isThere && event.type === 'over'};
  }

  #react(event: CallEvent, at: Millis): CallEffect[] {
    switch (event.type) {
      case 'edge':
        return this.#fromEdge(event.frame, event.epoch, at);
      case 'model':
        return this.#fromModel(event.event, at);
      case 'spareReady':
        this.#spare = 'ready';
        return [];
      case 'spareLost':
        // Tried again after as long as a session should last at most: the one in use still works.
        this.#spare = 'none';
        this.#readyAt = at - this.#settings.rotateAfterMs + SPARE_AGAIN_AFTER_MS;
        return [];
      case 'hop':
        this.#dialogue.hopMs = event.ms;
        return [];
      case 'over':
        return [{do: 'end', reason: event.reason}];
      case 'drain':
        this.#handOverBy ??= at + HAND_OVER_WITHIN_MS;
        return [];
      case 'time':
        return this.#time(at);
      default:
        return unreachable(event);
    }
  }

  #fromEdge(frame: EdgeToWorker, epoch: number, at: Millis): CallEffect[] {
    if (frame.kind === 'audio' || frame.kind === 'mark') this.#heardPhone(at);
    switch (frame.kind) {
      case 'began': {
        this.#streamOpen = true;
        this.#streamBy = undefined;
        this.#streamEnd = 'platform.stream-lost';
        const {streamSid, edge, sinceStartMs = 0, silentMs} = frame;
        this.#startedAt ??= at - sinceStartMs;
        this.#streamSid = streamSid;
        this.#caller.newStream(at);
        // The edge says the last seconds again; what a turn has settled must not be answered twice.
        if (this.#before?.streamSid === streamSid) this.#caller.skipUntil(this.#before.settledMs);
        const facts = [
          journal({is: 'stream', streamSid, edge, epoch}),
          ...this.#failovers.streamBegan(edge, at, sinceStartMs, silentMs),
        ];
        if (this.#refused) return [...facts, ...this.#apologise()];
        return [...facts, ...this.#dialogue.stream({type: 'streamOpened'}, at)];
      }
      case 'audio': {
        const heard = hear(this.#caller.frame(frame.timestamp, frame.payload, at));
        return [...this.#dialogue.callerFrame(frame.timestamp, at), ...heard];
      }
      case 'mark':
        return this.#dialogue.stream({type: 'markReturned', name: frame.name}, at);
      case 'digit':
        this.#dialogue.digit(frame.digit, at);
        return [];
      case 'counted':
        return [];
      case 'ended':
        this.#streamOpen = false;
        this.#caller.streamLost();
        if (frame.why === 'hungUp') return [{do: 'end', reason: 'caller.hung-up'}];
        this.#streamBy = at + this.#settings.streamGraceMs;
        this.#failovers.streamEnded(frame.why === 'moved', at);
        // We learn of it late; nothing of ours was heard after the phone fell silent.
        return this.#dialogue.stream({type: 'streamLost'}, Math.min(at, this.#phoneAt ?? at));
      default:
        return unreachable(frame);
    }
  }

  #heardPhone(at: Millis): void {
    this.#phoneAt = at;
    this.#failovers.heard(at);
  }

  #fromModel(event: ModelEvent, at: Millis): CallEffect[] {
    switch (event.type) {
      case 'ready': {
        this.#model = 'ready';
        this.#readyAt = at;
        return [...this.#failovers.modelReady(at), ...this.#sessionOpened(at)];
      }
      case 'lost':
        return this.#modelLost(event.cause, event.detail, at);
      case 'callerSpoke':
        this.#caller.callerSpeaks(true);
        return this.#dialogue.callerSpoke(event.itemId, this.#caller.heard.onsetAt(event.fromMs) ?? at, at);
      case 'callerStopped':
        this.#caller.callerSpeaks(false);
        return this.#dialogue.callerStopped(this.#caller.heard.endedAt(event.untilMs), at);
      case 'turnCommitted': {
        this.#caller.callerSpeaks(false);
        const timestamp = this.#caller.settle();
        const effects = this.#dialogue.on(event, at);
        const streamSid = this.#streamSid;
        if (timestamp === undefined || streamSid === undefined) return effects;
        return [...effects, journal({is: 'settled', streamSid, timestamp})];
      }
      case 'audio':
        this.#tries = 0;
        return this.#dialogue.on(event, at);
      default:
        return this.#dialogue.on(event, at);
    }
  }

  #sessionOpened(at: Millis): CallEffect[] {
    const effects = this.#dialogue.sessionOpened(at);
    return [...effects, ...hear(this.#caller.sessionOpened())];
  }

  #modelLost(cause: LostCause, detail: string, at: Millis): CallEffect[] {
    const effects: CallEffect[] = [{do: 'warn', what: 'the model session is lost', code: cause, detail}];
    if (this.#model === 'ready') {
      this.#caller.sessionLost();
      effects.push(...this.#dialogue.sessionLost(at));
    }
    this.#model = 'lost';
    this.#failovers.modelLost(at);
    if (this.#spare === 'ready') return [...effects, ...this.#switchToSpare(at)];
    const after = REOPEN_AFTER_MS[this.#tries];
    this.#tries += 1;
    if (isFatal(cause) || after === undefined) {
      this.#refused = cause;
      // Nobody to tell yet: the stream is still to come, and hears it then.
      return this.#streamOpen ? [...effects, ...this.#apologise()] : effects;
    }
    return [...effects, {do: 'openModel', after}];
  }

  #apologise(): CallEffect[] {
    const refused = this.#refused !== undefined && isFatal(this.#refused);
    return [{do: 'leave', intent: 'apologise', reason: refused ? 'platform.model-refused' : 'platform.model-lost'}];
  }

  #time(at: Millis): CallEffect[] {
    if (this.#streamBy !== undefined && at >= this.#streamBy) return [{do: 'end', reason: this.#streamEnd}];
    const effects = [...hear(this.#caller.time(at)), ...this.#dialogue.time(at)];
    if (this.#model === 'ready' && this.#spare === 'none' && at >= this.#readyAt + this.#settings.rotateAfterMs) {
      this.#spare = 'opening';
      effects.push({do: 'openSpare'});
    }
    return effects;
  }

  /** What waits for a moment in which nobody would notice. */
  #atBoundary(at: Millis): CallEffect[] {
    const overdue = this.#handOverBy !== undefined && at >= this.#handOverBy;
    if (!this.#dialogue.atTurnBoundary(at) && !overdue) return [];
    if (this.#handOverBy !== undefined) {
      this.#handOverBy = undefined;
      return [{do: 'handOver'}];
    }
    return this.#spare === 'ready' ? this.#switchToSpare(at) : [];
  }

  #switchToSpare(at: Millis): CallEffect[] {
    this.#spare = 'none';
    this.#model = 'ready';
    this.#readyAt = at;
    return [{do: 'useSpare'}, ...this.#failovers.modelRotated(at), ...this.#sessionOpened(at)];
  }

  #noteFirstAudio(effects: CallEffect[], at: Millis): void {
    if (!effects.some(effect => effect.do === 'edge' && effect.frame.kind === 'audio')) return;
    this.#firstAudio = true;
    // We learn of the stream one hop late, and are heard one hop later.
    const ms = Math.max(0, at - (this.#startedAt ?? at) + 2 * (this.#dialogue.hopMs ?? 0));
    effects.push(journal({is: 'firstAudio', ms}), {do: 'measure', what: 'firstAudio', ms});
  }
}

const SPARE_AGAIN_AFTER_MS = 5_000;

function hear(payloads: readonly string[]): CallEffect[] {
  return payloads.map(payload => toModel({do: 'hear', payload}));
}
