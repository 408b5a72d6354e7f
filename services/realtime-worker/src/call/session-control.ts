import {SWITCHES_AT_MOST} from '@voicebridge/assistant/switch-tool.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import type {CallerAudio} from '../caller-audio/caller-audio.ts';
import {type CallEffect, hear} from '../events/call-effect.ts';
import type {CallEvent} from '../events/call-event.ts';
import type {FailoverLog} from '../journal/failover-log.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {cannotSwitch, switched} from '../tools/tool-failure.ts';
import type {Dialogue} from './dialogue.ts';
import {ModelLifecycle, type SessionStep} from './model-lifecycle.ts';

type Lost = Omit<Extract<ModelEvent, {type: 'lost'}>, 'type'>;

export interface SessionControlDeps {
  readonly dialogue: Dialogue;
  /** What the session is given of the caller. */
  readonly caller: CallerAudio;
  readonly failovers: FailoverLog;
  /** A session older than this is replaced at the next turn boundary. */
  readonly rotateAfterMs: Millis;
  /** How often the call was given to another assistant. */
  readonly switches: number;
}

/**
 * The model's session of a call: what is told to whom when one is ready, lost, replaced, or belongs to another assistant.
 * When that happens is decided by `ModelLifecycle`. Pure.
 */
export class SessionControl {
  readonly #dialogue: Dialogue;
  readonly #caller: CallerAudio;
  readonly #failovers: FailoverLog;
  readonly #model: ModelLifecycle;
  /** The assistant that goes on with the call as soon as its session is ready, and the call of the tool. */
  #next: {readonly callId: string; readonly assistant: Assistant} | undefined;
  #switches: number;

  constructor({dialogue, caller, failovers, rotateAfterMs, switches}: SessionControlDeps) {
    this.#dialogue = dialogue;
    this.#caller = caller;
    this.#failovers = failovers;
    this.#model = new ModelLifecycle(rotateAfterMs);
    this.#switches = switches;
  }

  /** When a session is too old. None is replaced for its age while the caller is away: it may never be needed. */
  get deadline(): Millis | undefined {
    return this.#dialogue.absence.current ? undefined : this.#model.deadline;
  }

  /** The session in use is configured. */
  ready(at: Millis): CallEffect[] {
    this.#model.ready(at);
    return this.#model.isReady ? [...this.#failovers.modelReady(at), ...this.#opened(at)] : [];
  }

  /** A whole answer came of it. */
  works(): void {
    this.#model.works();
  }

  /** The session in use is lost, or could not be opened. */
  lost({cause, note, detail}: Lost, at: Millis): CallEffect[] {
    const effects: CallEffect[] = [{do: 'warn', what: 'the model session is lost', code: cause, note, detail}];
    if (this.#model.isReady) effects.push(...this.#gone(at));
    this.#failovers.modelLost(at);
    return [...effects, ...this.#perform(this.#model.lost(cause), at)];
  }

  spareReady(): void {
    this.#model.spareReady();
  }

  spareLost(at: Millis): CallEffect[] {
    this.#model.spareLost(at);
    if (!this.#next) return [];
    // The caller was told that another one takes over: nobody is to wait for the next try.
    return this.lost({cause: 'unreachable', note: 'the session of another assistant is lost', detail: ''}, at);
  }

  /** The call is given to another assistant: a session with its voice is opened, and used at the next boundary. */
  assistantFound({callId, assistant}: Extract<CallEvent, {type: 'assistantFound'}>, at: Millis): CallEffect[] {
    const isTooOften = this.#switches >= SWITCHES_AT_MOST;
    if (typeof assistant === 'string' || isTooOften) {
      const why = typeof assistant === 'string' ? assistant : `it was passed on ${SWITCHES_AT_MOST} times already`;
      return this.#dialogue.toolUse.finished({callId, outcome: cannotSwitch(why)}, at);
    }
    this.#switches += 1;
    this.#next = {callId, assistant};
    return this.#model.renew() ? [{do: 'dropSpare'}, {do: 'openSpare'}] : [];
  }

  /** Whether another session could go on now without the caller noticing. */
  isAtBoundary(at: Millis): boolean {
    return this.#next ? this.#dialogue.mayChangeVoice(at) : this.#dialogue.atTurnBoundary(at);
  }

  /** A spare that waits for a turn boundary takes over. */
  atBoundary(at: Millis): CallEffect[] {
    return this.#model.isRotating && !this.#dialogue.absence.current ? this.#perform({do: 'useSpare'}, at) : [];
  }

  /** After each event: another session is needed where the one in use does not answer. */
  tend(at: Millis): CallEffect[] {
    const step = this.#model.answerFrom(this.#dialogue.replies.session);
    if (!step) return [];
    if (step.do !== 'useSpare' && step.do !== 'replace') return this.#perform(step, at);
    const effects = this.#gone(at);
    this.#failovers.modelLost(at);
    return [...effects, ...this.#perform(step, at)];
  }

  /** Time passed. */
  time(at: Millis): CallEffect[] {
    const step = this.#dialogue.absence.current ? undefined : this.#model.due(at);
    return step ? this.#perform(step, at) : [];
  }

  /** The model was given up: the caller hears why, and the call ends. */
  apologise(): CallEffect[] {
    const {refusal} = this.#model;
    return refusal === undefined ? [] : [{do: 'leave', intent: 'apologise', reason: refusal}];
  }

  #opened(at: Millis): CallEffect[] {
    const next = this.#next;
    this.#next = undefined;
    const became = next ? this.#dialogue.becomes(next.assistant) : [];
    const effects = [...became, ...this.#dialogue.sessionOpened(at)];
    if (next) {
      const outcome = switched(next.assistant.name);
      effects.push(...this.#dialogue.toolUse.finished({callId: next.callId, outcome}, at));
    }
    return [...effects, ...hear(this.#caller.sessionOpened())];
  }

  #gone(at: Millis): CallEffect[] {
    this.#caller.sessionLost();
    return this.#dialogue.sessionLost(at);
  }

  #perform(step: SessionStep, at: Millis): CallEffect[] {
    switch (step.do) {
      case 'useSpare':
        this.#model.spareUsed(at);
        return [{do: 'useSpare'}, ...this.#failovers.modelRotated(at), ...this.#opened(at)];
      case 'replace':
        return [{do: 'openModel', after: 0}];
      case 'reopen':
        return [{do: 'openModel', after: step.after}];
      case 'give-up':
        // Without a stream, the apology waits for one.
        return this.#dialogue.floor.streamOpen ? this.apologise() : [];
      case 'openSpare':
      case 'dropSpare':
        return [{do: step.do}];
      default:
        return step satisfies never;
    }
  }
}
