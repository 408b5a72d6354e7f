import type {Millis} from '@voicebridge/shared/time.ts';
import {resultId} from '../conversation/model-context.ts';
import {type CallEffect, toModel} from '../events/call-effect.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {hostedName, hostedOf} from './hosted-tool.ts';
import type {Preconditions} from './preconditions.ts';
import {outcomeUnknown, toolStopped, unknownTool} from './tool-failure.ts';
import {type AfterTool, type ToolResults, type ToolState, wordsOf} from './tool-results.ts';
import {type CalledAt, CALLER_SPOKE, recordedName} from './called-at.ts';
import {parseArguments} from './tool.ts';

/**
 * The tools that the model's provider runs on a server of its own choice:
 *
 *   the provider asks ──caller agreed──> yes ──> it runs ──> result ──> the model speaks of it
 *           │                └──not yet──> no: the caller is asked first
 *   or it runs at once ─────────────────────────────┘
 *
 * The model knows a result before we do. What a session began, another one never hears of.
 */
export class HostedToolCalls {
  readonly #state: ToolState;
  readonly #results: ToolResults;
  readonly #preconditions: Preconditions;

  constructor(state: ToolState, results: ToolResults, preconditions: Preconditions) {
    this.#state = state;
    this.#results = results;
    this.#preconditions = preconditions;
  }

  /** The provider runs a tool, or asks whether it may. Idempotent, by item. */
  called(event: Extract<ModelEvent, {type: 'hostedCalled'}>, {turn, at, since, isSilenced}: CalledAt): AfterTool {
    const {memory, assistant, records, rounds, running, seen, hostedItems} = this.#state;
    const {itemId, approvedBy = '', asks, responseId = ''} = event;
    const approved = hostedItems.get(approvedBy);
    if (approved !== undefined) hostedItems.set(itemId, approved);
    const callId = `mcp-${itemId.slice(-25)}`;
    if (approved !== undefined || memory.has(itemId) || !seen.add(callId)) return {effects: []};
    hostedItems.set(itemId, callId);
    const name = recordedName(hostedName(event.server, event.name));
    const effects = memory.remember({kind: 'toolCall', id: itemId, callId, name, arguments: event.arguments});
    const tool = hostedOf(assistant.tools, name);
    const args = (tool && parseArguments(tool, event.arguments)) ?? {};
    const record = records.next({turn, name, at: since}, this.#results.kept(tool, event.arguments));
    const open = {callId, record, calledAt: at};
    const answered = (outcome: ToolOutcome) => this.#results.answered(open, outcome, at);
    rounds.called(responseId);
    if (asks && isSilenced)
      return {effects: [...effects, refuse(itemId, CALLER_SPOKE), ...answered(toolStopped(name))]};
    const refused = tool
      ? asks
        ? this.#preconditions.approval({...tool, name}, args, callId)
        : undefined
      : unknownTool(name);
    if (refused && asks) effects.push(refuse(itemId, wordsOf(refused)));
    if (refused || !tool)
      return this.#results.ask(callId, responseId, [...effects, ...answered(refused ?? unknownTool(name))]);
    if (asks) effects.push(toModel({do: 'approve', requestId: itemId, yes: true}));
    running.add({...open, tool, args, responseId}, at);
    return {effects: [...effects, records.began(callId, record)], waits: true};
  }

  /** The id of a call, by its item; undefined: it is not known. */
  callOf(itemId: string): string | undefined {
    return this.#state.hostedItems.get(itemId);
  }

  /** When a call has taken too long. */
  get due(): Millis | undefined {
    return this.#state.running.hostedDue;
  }

  /** A call that has taken too long. */
  overdue(at: Millis): {readonly callId: string; readonly outcome: ToolOutcome} | undefined {
    return this.#state.running.hostedOverdue(at);
  }

  /** Another session is in use: what the provider of the one before did, nobody will tell. */
  sessionOpened(at: Millis): AfterTool {
    const lost = this.#state.running.takeHosted();
    const effects = lost.flatMap(call => this.#results.answered(call, outcomeUnknown(call.record.name), at));
    if (lost.length === 0) return {effects};
    const told = lost.map(({callId}) => resultId(callId));
    return this.#results.ask(told, '', effects);
  }
}

const refuse = (requestId: string, reason: string): CallEffect =>
  toModel({do: 'approve', requestId, yes: false, reason});
