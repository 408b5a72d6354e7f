import {maskedJson, withoutDigits, withoutWords} from '@voicebridge/shared/capture/mask.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';
import type {ConversationItem, ModelCommand, ModelEvent} from '../model/model-adapter.ts';
import type {Tool} from '../tools/tool.ts';

/**
 * What a capture has of the words of a call: all letters and no digit, and of tools whose record is not kept no letters either.
 * Masked twice is masked once, so that what a replay does can be compared with it.
 */
export class CaptureMask {
  readonly #tools: () => readonly Tool[];
  /** The tool of each call of one, by its id. */
  readonly #names = new Map<string, string>();

  constructor(tools: () => readonly Tool[]) {
    this.#tools = tools;
  }

  event(event: ModelEvent): object {
    switch (event.type) {
      case 'words':
      case 'callerWords':
        return {...event, text: withoutDigits(event.text)};
      case 'toolCalled':
        this.#names.set(event.callId, event.name);
        return {...event, arguments: this.#args(event.name, event.arguments)};
      case 'lost':
        return {type: event.type, cause: event.cause, detail: ''};
      case 'mended':
        return {...event, detail: ''};
      case 'responseEnded':
      case 'refused':
      case 'notTranscribed':
        return event.message === undefined ? event : {...event, message: withoutDigits(event.message)};
      default:
        return event;
    }
  }

  command(command: ModelCommand): object {
    if (command.do === 'respond' && command.instructions !== undefined)
      return {...command, instructions: withoutDigits(command.instructions)};
    return command.do === 'add' ? {...command, item: this.#item(command.item)} : command;
  }

  outcome(name: string, outcome: ToolOutcome): object {
    if (outcome.kind === 'leave') return outcome.facts ? {...outcome, facts: maskedFacts(outcome.facts)} : outcome;
    return {...outcome, output: this.#result(name, outcome.output), ...('notes' in outcome ? {notes: undefined} : {})};
  }

  #item(item: ConversationItem): ConversationItem {
    switch (item.kind) {
      case 'toolCall':
        this.#names.set(item.callId, item.name);
        return {...item, arguments: this.#args(item.name, item.arguments)};
      case 'toolResult':
        return {...item, output: this.#result(this.#names.get(item.callId), item.output)};
      default:
        return {...item, text: withoutDigits(item.text)};
    }
  }

  #args(name: string, args: string): string {
    const tool = this.#named(name);
    return tool && tool.runs !== 'later' ? withoutDigits(args) : maskedJson(args, this.#maskOf(tool));
  }

  #result(name: string | undefined, text: string): string {
    return this.#maskOf(this.#named(name))(text);
  }

  #maskOf(tool: Tool | undefined): (text: string) => string {
    return tool && (tool.runs !== 'later' || tool.isKept) ? withoutDigits : withoutWords;
  }

  #named(name: string | undefined): Tool | undefined {
    return this.#tools().find(tool => tool.name === name);
  }
}

/** Facts and variables of a call: who calls whom is not in a capture. */
export function maskedFacts(facts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, withoutDigits(value)]));
}
