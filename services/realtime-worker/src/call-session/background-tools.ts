import type {SendRequest} from '@voicebridge/assistant/http/send-request.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {ProcessPauses} from '../health/process-pauses.ts';
import type {CallEvent} from '../events/call-event.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';
import {toolFault} from '@voicebridge/assistant/http/tool-fault.ts';
import {maskDigits} from '../tools/key-entries.ts';
import {outcomeUnknown, toolThrew, toolTimedOut} from '../tools/tool-failure.ts';
import {type BackgroundTool, type RunTool as Run, runItself, type Tool} from '../tools/tool.ts';
import {LOST_RESULT_WITHIN, type ToolLedger, type ToolState} from './tool-ledger.ts';

export interface BackgroundToolsDeps {
  /** The tools of the assistant that has the call now. */
  readonly tools: () => readonly Tool[];
  readonly callSid: CallSid;
  readonly clock: Clock;
  readonly pauses: Pick<ProcessPauses, 'pausedSince'>;
  readonly log: Log;
  readonly ledger: ToolLedger;
  readonly send: SendRequest;
  readonly runTool?: Run | undefined;
  /** Log the words of errors of tools; off if not given. */
  readonly logModelDetails?: boolean;
  /** This worker as the owner of this call: never the same for another owner, nor when it takes the call again. */
  readonly owner: string;
  /** Whether a worker that had the call before is gone, so that what it had not written will not come. */
  readonly isOwnerLost: boolean;
  /** Resolves with true when the next owner would know of the tool call; false: another worker has the call. */
  readonly journalled: () => Promise<boolean>;
  readonly finished: (event: Extract<CallEvent, {type: 'toolFinished'}>) => void;
}

/** `ranMs`: how long the tool ran, if it ran here. */
interface ToolEnd {
  readonly outcome: ToolOutcome;
  readonly ranMs?: Millis;
}

type RunTool = Extract<CallEffect, {do: 'runTool'}>;

/** Pause before Redis is asked again, for a result that another worker may write, or because it did not answer. */
const LOOK_AGAIN: Millis = 100;
/** What was answered while this process did not run has been read so long after it runs again. */
const READ_WITHIN: Millis = 100;
/** A result is told to the model although Redis does not take it within this time. */
const WRITTEN_WITHIN: Millis = 1_000;

/**
 * Runs the tools of one call whose results come later. Each run ends in exactly one `toolFinished`: with the tool's own
 * outcome, or with words to the model if it rejects or exceeds its time limit. After `close` nothing is reported.
 *
 * A tool runs once, whichever workers have the call meanwhile:
 *
 *   in the journal ──> begun in the ledger ──> runs ──> result in the ledger ──> told to the model
 *          │ the call moves: the next owner asks the ledger
 *          ├── never begun ─────────────────────> runs it
 *          ├── it has a result ─────────────────> tells it
 *          └── begun ──┬── repeatable ──────────> runs it again, with the same key
 *                      └── not repeatable ──────> waits for the result, or tells that it is unknown
 */
export class BackgroundTools {
  readonly #deps: BackgroundToolsDeps;
  readonly #closed = new AbortController();
  readonly #running = new Map<string, {readonly tool: BackgroundTool; readonly abort: AbortController}>();
  readonly #runs = new Set<Promise<void>>();

  constructor(deps: BackgroundToolsDeps) {
    this.#deps = deps;
  }

  run(effect: RunTool): void {
    const tool = this.#deps.tools().find(({name}) => name === effect.name);
    if (tool?.runs !== 'later') throw new Error(`${effect.name} is no tool that runs in the background`);
    const run = this.#run(tool, effect).finally(() => this.#runs.delete(run));
    this.#runs.add(run);
    background(run, this.#deps.log, 'running a tool');
  }

  /** Nobody waits for a result any more. */
  stop(callId: string): void {
    this.#running.get(callId)?.abort.abort();
    this.#running.delete(callId);
  }

  /**
   * The call is over on this worker. `isMoved`: it goes on with another one, which waits for the results of tools that
   * cannot run twice: those run to their end. Resolves when none is left.
   */
  async close({isMoved}: {readonly isMoved: boolean}): Promise<void> {
    this.#closed.abort();
    for (const {tool, abort} of this.#running.values()) if (!isMoved || tool.isRepeatable) abort.abort();
    await Promise.allSettled(this.#runs);
  }

  async #run(tool: BackgroundTool, effect: RunTool): Promise<void> {
    const {callSid, ledger, clock, log, finished} = this.#deps;
    const {callId} = effect;
    const abort = new AbortController();
    this.#running.set(callId, {tool, abort});
    const end = await this.#outcome(tool, effect, abort);
    if (end === undefined) return;
    const {outcome: own, ranMs} = end;
    // Written before it is told: whoever takes the call over then knows it, too.
    const written = ledger.finish(callSid, callId, own).catch((thrown: unknown) => {
      log.warn({err: thrown, tool: tool.name}, 'the result of a tool is not in Redis');
      return own;
    });
    const late = Promise.withResolvers<ToolOutcome>();
    const cancel = clock.after(WRITTEN_WITHIN, () => late.resolve(own));
    const outcome = await Promise.race([written, late.promise]);
    cancel();
    const isWanted = this.#running.delete(callId) && !this.#closed.signal.aborted;
    if (isWanted) finished({type: 'toolFinished', callId, outcome, ...(ranMs === undefined ? {} : {ranMs})});
  }

  /** Undefined: this worker is not to know. */
  async #outcome(tool: BackgroundTool, effect: RunTool, abort: AbortController): Promise<ToolEnd | undefined> {
    const begun = await this.#begin(tool, effect.callId, abort.signal);
    if (begun === undefined) return undefined;
    if (begun.state === 'finished') return {outcome: begun.outcome};
    if (begun.state === 'begun' || tool.isRepeatable) return await this.#attempt(tool, effect, abort);
    const outcome = await this.#awaited(tool, effect.callId, begun.sinceWall, abort.signal);
    return outcome && {outcome};
  }

  /** Undefined: another worker has the call, or nobody waits any more. */
  async #begin(tool: BackgroundTool, callId: string, signal: AbortSignal): Promise<ToolState | undefined> {
    const {callSid, ledger, clock, log, journalled, owner} = this.#deps;
    if (!(await journalled())) return undefined;
    const attempt = {attempt: owner, wall: clock.wall()};
    const giveUpAt = clock.now() + tool.timeoutMs;
    while (!signal.aborted) {
      try {
        return await ledger.begin(callSid, callId, attempt);
      } catch (thrown) {
        log.warn({err: thrown, tool: tool.name}, 'a tool cannot begin: Redis does not answer');
        if (clock.now() >= giveUpAt) return {state: 'finished', outcome: toolThrew(tool.name)};
      }
      await sleep(clock, LOOK_AGAIN);
    }
    return undefined;
  }

  async #attempt(
    tool: BackgroundTool,
    {callId, args, secrets = {}}: RunTool,
    abort: AbortController,
  ): Promise<ToolEnd | undefined> {
    const {clock, log, callSid, pauses, send, runTool = runItself, logModelDetails = false} = this.#deps;
    const {name, timeoutMs} = tool;
    const {signal} = abort;
    if (signal.aborted) return undefined;
    const beganAt = clock.now();
    const timedOut = Promise.withResolvers<'timed-out'>();
    let cancel = clock.after(timeoutMs, () => {
      const hasJustWoken = pauses.pausedSince(clock.now() - READ_WITHIN) > 0;
      if (hasJustWoken) cancel = clock.after(READ_WITHIN, () => timedOut.resolve('timed-out'));
      else timedOut.resolve('timed-out');
    });
    const stopped = Promise.withResolvers<undefined>();
    signal.addEventListener('abort', () => stopped.resolve(undefined), {once: true});
    const job = {callSid, key: `${callSid}:${callId}`, secrets, send, signal};
    // An async function, so that a tool which throws instead of rejecting is the same.
    const running = (async () => await runTool(tool, args, job))().catch((thrown: unknown) => {
      if (!signal.aborted) log.warn({tool: name, ...faultOf(thrown, secrets, logModelDetails)}, 'a tool failed');
      return toolThrew(name);
    });
    const outcome = await Promise.race([running, timedOut.promise, stopped.promise]);
    cancel();
    const ranMs = clock.now() - beganAt;
    if (outcome !== 'timed-out') return outcome && {outcome, ranMs};
    abort.abort();
    log.warn({tool: name, timeoutMs}, 'a tool exceeded its time limit');
    return {outcome: toolTimedOut(name, timeoutMs), ranMs};
  }

  /** The result of an attempt that another worker began. */
  async #awaited(
    tool: BackgroundTool,
    callId: string,
    sinceWall: number,
    signal: AbortSignal,
  ): Promise<ToolOutcome | undefined> {
    const {callSid, ledger, clock, log, isOwnerLost} = this.#deps;
    const left = Math.min(tool.timeoutMs, Math.max(0, sinceWall + tool.timeoutMs - clock.wall())) + LOOK_AGAIN;
    const until = clock.now() + (isOwnerLost ? Math.min(left, LOST_RESULT_WITHIN) : left);
    while (clock.now() < until && !signal.aborted) {
      await sleep(clock, LOOK_AGAIN);
      const outcome = await ledger.result(callSid, callId).catch(() => undefined);
      if (outcome) return outcome;
    }
    if (signal.aborted || this.#closed.signal.aborted) return undefined;
    log.warn({tool: tool.name}, 'it is not known what became of a tool that another worker began');
    return outcomeUnknown(tool.name);
  }
}

/** A fault for the log, without the digits that the tool was given: the words of its error may repeat them. */
function faultOf(thrown: unknown, secrets: Readonly<Record<string, string>>, withWords: boolean) {
  const {message, ...fault} = toolFault(thrown, withWords);
  return {...fault, ...(message === undefined ? {} : {message: maskDigits(message, Object.values(secrets))})};
}
