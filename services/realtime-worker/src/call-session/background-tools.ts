import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {CallEvent} from '../events/call-event.ts';
import {toolThrew, toolTimedOut} from '../tools/tool-failure.ts';
import type {BackgroundTool, Tool} from '../tools/tool.ts';

export interface BackgroundToolsDeps {
  readonly tools: readonly Tool[];
  readonly callSid: CallSid;
  readonly clock: Clock;
  readonly log: Log;
  readonly finished: (event: Extract<CallEvent, {type: 'toolFinished'}>) => void;
}

type RunTool = Extract<CallEffect, {do: 'runTool'}>;

/**
 * Runs the tools of one call whose results come later. Each run ends in exactly one `toolFinished`: with the tool's own
 * outcome, or with words to the model if it rejects or exceeds its time limit. After `close` nothing is reported.
 */
export class BackgroundTools {
  readonly #deps: BackgroundToolsDeps;
  readonly #callOver = new AbortController();

  constructor(deps: BackgroundToolsDeps) {
    this.#deps = deps;
  }

  run(effect: RunTool): void {
    const tool = this.#deps.tools.find(({name}) => name === effect.name);
    if (tool?.runs !== 'later') throw new Error(`${effect.name} is no tool that runs in the background`);
    background(this.#run(tool, effect), this.#deps.log, 'running a tool');
  }

  /** The call is over on this worker: aborts the tools that still run. */
  close(): void {
    this.#callOver.abort();
  }

  async #run(tool: BackgroundTool, {callId, args}: RunTool): Promise<void> {
    const {clock, log, callSid, finished} = this.#deps;
    const {name, timeoutMs} = tool;
    const timeLimit = new AbortController();
    const callOver = this.#callOver.signal;
    const timedOut = Promise.withResolvers<'timed-out'>();
    const cancel = clock.after(timeoutMs, () => timedOut.resolve('timed-out'));
    const signal = AbortSignal.any([callOver, timeLimit.signal]);
    callOver.addEventListener('abort', cancel, {once: true});
    // An async function, so that a tool which throws instead of rejecting is the same.
    const running = (async () => await tool.run(args, {callSid, signal}))().catch((thrown: unknown) => {
      if (!signal.aborted) log.warn({err: thrown, tool: name}, 'a tool failed');
      return toolThrew(name);
    });
    const outcome = await Promise.race([running, timedOut.promise]);
    cancel();
    callOver.removeEventListener('abort', cancel);
    if (callOver.aborted) return;
    if (outcome !== 'timed-out') return finished({type: 'toolFinished', callId, outcome});
    timeLimit.abort();
    log.warn({tool: name, timeoutMs}, 'a tool exceeded its time limit');
    finished({type: 'toolFinished', callId, outcome: toolTimedOut(name, timeoutMs)});
  }
}
