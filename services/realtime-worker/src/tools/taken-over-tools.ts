import type {Millis} from '@voicebridge/shared/time.ts';
import {resultId} from '../conversation/model-context.ts';
import type {CallEffect} from '../events/call-effect.ts';
import {beginTool} from './begin-tool.ts';
import type {Departure} from './departure.ts';
import {hostedOf} from './hosted-tool.ts';
import {runAtOnce} from './run-at-once.ts';
import {outcomeUnknown, unknownTool} from './tool-failure.ts';
import {type AfterTool, toolNamed, type ToolResults, type ToolState} from './tool-results.ts';
import {parseArguments} from './tool.ts';

/** The tool calls that another worker had begun when this one took the call over: each is gone on with, once. */
export class TakenOverTools {
  readonly #state: ToolState;
  readonly #results: ToolResults;
  readonly #departure: Departure;
  #isResumed: boolean;

  /** `isNew`: no worker had the call before. */
  constructor(state: ToolState, results: ToolResults, departure: Departure, isNew: boolean) {
    this.#state = state;
    this.#results = results;
    this.#departure = departure;
    this.#isResumed = isNew;
  }

  /** Goes on with the end of the call, if the assistant was ending it. */
  adoptGoodbye(audibleUntil: Millis): void {
    const {memory, assistant} = this.#state;
    if (this.#departure.absence.current) return;
    for (const {call, isAnswered} of memory.toolCalls.toReversed()) {
      const tool = toolNamed(assistant.tools, call.name);
      if (tool?.runs !== 'at-once') continue;
      const {outcome} = runAtOnce(tool, parseArguments(tool, call.arguments));
      if (outcome.kind !== 'leave' && outcome.kind !== 'away') continue;
      if (!isAnswered) this.#departure.adopt(call.callId, outcome, audibleUntil);
      return;
    }
  }

  /** Goes on with what the caller was entering. `since`: the time since the call began. */
  adoptEntry(since: Millis, at: Millis): void {
    const {memory, assistant, records, seen, running, entries} = this.#state;
    for (const {call, isAnswered} of memory.toolCalls) {
      const tool = toolNamed(assistant.tools, call.name);
      const record = records.of(call.callId);
      if (isAnswered || tool?.runs !== 'on-keys' || !record) continue;
      const {callId} = call;
      seen.add(callId);
      const calledAt = at - Math.max(0, since - record.at);
      running.add({callId, tool, args: {}, responseId: '', record, calledAt}, at, true);
      entries.begin(callId, tool, at);
    }
  }

  /** Goes on with the tools whose result is not in the conversation, as soon as a session can be told. */
  resume(since: Millis, at: Millis): AfterTool {
    if (this.#isResumed) return {effects: []};
    this.#isResumed = true;
    const {memory, assistant, records, seen, running} = this.#state;
    const {tools} = assistant;
    const effects: CallEffect[] = [];
    const unknown: string[] = [];
    for (const {call, isAnswered} of memory.toolCalls) {
      const {callId, name} = call;
      const tool = toolNamed(tools, name) ?? hostedOf(tools, name);
      const record = records.of(callId);
      const isToldLater = (tool?.runs === 'later' && tool.isBackground) || tool?.runs === 'hosted';
      const isOpen = isToldLater ? record?.durationMs === null : !isAnswered;
      // An operator's transfer is over when its caller is back.
      if (this.#departure.absence.current?.callId === callId) continue;
      if (!isOpen || tool?.runs === 'at-once' || running.has(callId)) continue;
      const args = tool && parseArguments(tool, call.arguments);
      const known = record ?? records.next({turn: 0, name, at: since}, this.#results.kept(tool, call.arguments));
      seen.add(callId);
      if (!tool || !args || tool.runs === 'hosted') {
        // What a provider ran for another session, nobody can tell.
        const outcome = tool?.runs === 'hosted' ? outcomeUnknown(name) : unknownTool(name);
        effects.push(...this.#results.answered({callId, record: known, calledAt: at}, outcome, at));
        unknown.push(resultId(callId));
        continue;
      }
      const calledAt = at - Math.max(0, since - known.at);
      const begun = {callId, tool, args, responseId: '', record: known, calledAt};
      effects.push(...beginTool(begun, this.#state, this.#results, at, at));
    }
    return unknown.length > 0 ? this.#results.ask(unknown, '', effects) : {effects};
  }
}
