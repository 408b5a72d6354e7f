import type {TurnRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import type {Truncation} from '../playback/truncation.ts';
import type {Interruption} from '../barge-in/floor-events.ts';
import type {ResponseStatus} from '../model/model-adapter.ts';
import {ToolTime} from './tool-time.ts';

export type TurnCause = TurnRecord['cause'];

interface OpenTurn {
  readonly responseId: string;
  readonly cause: TurnCause;
  readonly callerStartedAt: Millis | null;
  readonly callerEndedAt: Millis | null;
  readonly decidedAt: Millis | null;
  /** What the caller waits for an answer to: what they said before this turn, or before the tools that lead to it. */
  readonly asked: Asked | undefined;
  /** How much of the caller's wait went to tools, when this turn became audible. */
  toolMs: Millis;
  firstDeltaAt: Millis | null;
  audioStartedAt: Millis | null;
  audioEndedAt: Millis | null;
  hopUpMs: Millis | null;
  hopDownMs: Millis | null;
  status: ResponseStatus | null;
  interrupted: boolean;
  readonly generated: Map<string, Millis>;
  readonly heard: Map<string, Millis>;
}

/** After a pause, what came during it is read within this time. */
const READ_WITHIN: Millis = 100;

/** A time in which this process did nothing in the call. When something came that was read afterwards is not known. */
interface Pause {
  readonly from: Millis;
  readonly until: Millis;
}

/** A turn of the caller that no audio has answered yet. */
interface Asked {
  readonly endedAt: Millis | null;
  readonly decidedAt: Millis | null;
}

/** A turn that the previous owner of the call had begun and not finished. */
export interface InheritedTurn {
  readonly turn: TurnRecord;
  /** By item: how much audio went to Twilio, and how much the caller heard of items that were truncated. */
  readonly said: Map<string, Millis>;
  readonly heard: Map<string, Millis>;
  interrupted: boolean;
  /** All of its audio had come from the model. */
  complete: boolean;
}

/**
 * The turns of a call as they happen: one per response of the model. Moments come in on the worker's monotonic clock and
 * are written as milliseconds since the call began (`callTime`). docs/METRICS.md defines each figure.
 */
export class TurnLog {
  readonly #callTime: (at: Millis) => Millis;
  readonly #labels: {readonly model: string; readonly worker: string};
  #count: number;
  #open: OpenTurn | undefined;
  #inherited: InheritedTurn | undefined;
  #caller: {startedAt: Millis | null; endedAt: Millis | null; decidedAt: Millis | null} = NO_CALLER;
  /** Of what was answered with a call of a tool only. */
  #asked: Asked | undefined;
  readonly #toolTime = new ToolTime();
  #pause: Pause | undefined;

  /** `before`: the turns of previous owners of the call. */
  constructor(
    callTime: (at: Millis) => Millis,
    labels: {model: string; worker: string},
    before?: {readonly turns: number; readonly openTurn: InheritedTurn | undefined},
  ) {
    this.#callTime = callTime;
    this.#labels = labels;
    this.#count = before?.turns ?? 0;
    this.#inherited = before?.openTurn;
  }

  /** The number of the open turn, or of the next one if none is open. */
  get turn(): number {
    return this.#count;
  }

  callerSpoke(onsetAt: Millis): void {
    // A caller who pauses and goes on before any answer stays in the same turn.
    this.#caller = {startedAt: this.#caller.startedAt ?? onsetAt, endedAt: null, decidedAt: null};
    this.#asked = undefined;
  }

  callerStopped(endedAt: Millis | undefined, decidedAt: Millis): void {
    this.#caller = {...this.#caller, endedAt: endedAt ?? null, decidedAt};
  }

  /** An earlier owner had sent an item up to here, which is more than its journal says. */
  saidBefore(itemId: string, ms: Millis): void {
    if (this.#inherited?.said.has(itemId)) this.#inherited.said.set(itemId, ms);
  }

  /** The process did not run since `from`, and goes on `at` this moment. Nothing is recorded that this pause makes wrong. */
  paused(from: Millis, at: Millis): void {
    this.#pause = {from, until: at + READ_WITHIN};
  }

  /** Whether the model waits for tools from now on. */
  toolsRun(areRunning: boolean, at: Millis): void {
    this.#toolTime.run(areRunning, at);
  }

  /** A response began. Closes the turn before it, if that is still open. */
  started(responseId: string, cause: TurnCause, at: Millis): CallEffect[] {
    const before = turnEffects(this.close(at));
    const caller = cause === 'caller' ? this.#caller : NO_CALLER;
    if (cause === 'caller') {
      this.#caller = NO_CALLER;
      this.#asked = caller;
      this.#toolTime.restart(at);
    }
    const asked = cause === 'caller' || cause === 'tool' ? this.#asked : undefined;
    this.#open = {
      responseId,
      cause,
      callerStartedAt: caller.startedAt,
      callerEndedAt: caller.endedAt,
      decidedAt: caller.decidedAt,
      asked,
      toolMs: 0,
      firstDeltaAt: null,
      audioStartedAt: null,
      audioEndedAt: null,
      hopUpMs: null,
      hopDownMs: null,
      status: null,
      interrupted: false,
      generated: new Map(),
      heard: new Map(),
    };
    return [...before, ...this.#openTurnEntry()];
  }

  delta(responseId: string, itemId: string, ms: Millis, at: Millis): void {
    const open = this.#of(responseId);
    if (!open) return;
    open.firstDeltaAt ??= at;
    open.generated.set(itemId, (open.generated.get(itemId) ?? 0) + ms);
  }

  /** When the first audio of the open turn went to Twilio; undefined if none has. */
  get audibleSince(): Millis | undefined {
    return this.#open?.audioStartedAt ?? undefined;
  }

  audioSent(responseId: string, at: Millis, hopMs: Millis | undefined): CallEffect[] {
    const open = this.#of(responseId);
    if (!open || open.audioStartedAt !== null) return [];
    open.audioStartedAt = at;
    open.toolMs = this.#toolTime.until(at);
    this.#asked = undefined;
    open.hopUpMs = hopMs ?? null;
    open.hopDownMs = hopMs ?? null;
    return this.#openTurnEntry();
  }

  ended(responseId: string, status: ResponseStatus): void {
    const open = this.#of(responseId);
    if (open) open.status = status;
  }

  interrupted({cuts, at}: Interruption): void {
    const turn = this.#inherited ?? this.#open;
    if (!turn) return;
    turn.interrupted = true;
    if (this.#open) this.#open.audioEndedAt ??= at;
    for (const {itemId, audioEndMs} of cuts) turn.heard.set(itemId, audioEndMs);
  }

  /** The call ended in the middle of these items: writes how much of each was heard. */
  truncated(cuts: readonly Truncation[]): CallEffect[] {
    const turn = this.#inherited ?? this.#open;
    return cuts.map(({itemId, audioEndMs, receivedMs}) => {
      turn?.heard.set(itemId, audioEndMs);
      return journal({is: 'cut', id: itemId, heardMs: audioEndMs, totalMs: receivedMs});
    });
  }

  /** All audio sent so far has been played. Returns the turn if it is over. */
  playoutEnded(at: Millis): TurnRecord | undefined {
    if (this.#inherited) return this.close(at);
    if (!this.#open || this.#open.status === null) return undefined;
    if (this.#open.audioStartedAt !== null) this.#open.audioEndedAt ??= at;
    return this.close(at);
  }

  close(at: Millis): TurnRecord | undefined {
    if (this.#inherited) return this.#finish(this.#inherited, at);
    const open = this.#open;
    if (!open) return undefined;
    this.#open = undefined;
    const record = this.#record(open, open.audioEndedAt ?? (open.audioStartedAt === null ? null : at));
    this.#count += 1;
    return record;
  }

  #finish({turn, said, heard, interrupted, complete}: InheritedTurn, at: Millis): TurnRecord {
    this.#inherited = undefined;
    this.#count = turn.turn + 1;
    return {
      ...turn,
      audioEndedAt: turn.audioStartedAt === null ? null : round(this.#callTime(at)),
      ...amounts(said, heard),
      interrupted,
      responseStatus: complete ? 'completed' : 'failed',
    };
  }

  /** Writes the open turn as it stands, for the record in case this worker dies before the turn ends. */
  #openTurnEntry(): CallEffect[] {
    if (!this.#open) return [];
    return [
      journal({is: 'turn', open: true, turn: {...this.#record(this.#open, null), generatedMs: null, heardMs: null}}),
    ];
  }

  #record(open: OpenTurn, audioEndedAt: Millis | null): TurnRecord {
    const inCallTime = (moment: Millis | null) => (moment === null ? null : Math.max(0, round(this.#callTime(moment))));
    const {asked, toolMs} = open;
    const wait = between(asked?.endedAt ?? null, open.audioStartedAt);
    const thought = this.#measured(asked?.decidedAt ?? null, open.firstDeltaAt);
    return {
      turn: this.#count,
      cause: open.cause,
      callerStartedAt: inCallTime(open.callerStartedAt),
      callerEndedAt: inCallTime(open.callerEndedAt),
      decidedAt: inCallTime(open.decidedAt),
      firstDeltaAt: inCallTime(open.firstDeltaAt),
      audioStartedAt: inCallTime(open.audioStartedAt),
      audioEndedAt: inCallTime(audioEndedAt),
      // The worker is one hop from the edge: it saw the caller's frame one hop later than the edge did, and sent its own
      // audio one hop before the edge had it.
      platformTurnGapMs:
        wait === null ? null : round(Math.max(0, wait - toolMs) + (open.hopUpMs ?? 0) + (open.hopDownMs ?? 0)),
      toolMs: wait === null ? null : round(toolMs),
      endOfTurnDelayMs: this.#measured(open.callerEndedAt, open.decidedAt),
      modelTtfbMs: thought === null ? null : round(Math.max(0, thought - toolMs)),
      hopUpMs: open.hopUpMs === null ? null : round(open.hopUpMs),
      hopDownMs: open.hopDownMs === null ? null : round(open.hopDownMs),
      ...amounts(open.generated, open.heard),
      interrupted: open.interrupted,
      responseStatus: open.status,
      ...this.#labels,
    };
  }

  /** The time between what two events of the model tell; null if a pause may have delayed the reading of one. */
  #measured(from: Millis | null, to: Millis | null): Millis | null {
    const isBroken = this.#pause && from !== null && to !== null && from < this.#pause.until && to > this.#pause.from;
    return isBroken ? null : between(from, to);
  }

  #of(responseId: string): OpenTurn | undefined {
    return this.#open?.responseId === responseId ? this.#open : undefined;
  }
}

/** How much audio of these items was generated and heard; `cut` has the heard part of those that were truncated. */
function amounts(items: ReadonlyMap<string, Millis>, cut: ReadonlyMap<string, Millis>) {
  const heard = [...items].map(([id, ms]) => Math.min(ms, cut.get(id) ?? ms));
  return {generatedMs: round(sum(items.values())), heardMs: round(sum(heard))};
}

const NO_CALLER = {startedAt: null, endedAt: null, decidedAt: null};

function between(from: Millis | null, to: Millis | null): Millis | null {
  return from === null || to === null ? null : Math.max(0, round(to - from));
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Records keep tenths of a millisecond. */
function round(ms: Millis): Millis {
  return Math.round(ms * 10) / 10;
}

/** The effects of a finished turn: its journal entry, and its turn gap as a measurement. */
export function turnEffects(turn: TurnRecord | undefined): CallEffect[] {
  if (!turn) return [];
  const gap = turn.platformTurnGapMs;
  return [journal({is: 'turn', turn}), ...(gap === null ? [] : [{do: 'measure', what: 'turnGap', ms: gap} as const])];
}
