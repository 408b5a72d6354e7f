import {maskedJson, withoutDigits, withoutWords} from '@voicebridge/shared/capture/mask.ts';
import {isSummedUp} from '../conversation/summed-up.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';
import type {ConversationItem, ModelCommand, ModelEvent} from '../model/model-adapter.ts';
import {readLateResult} from '../tools/late-result.ts';
import type {Tool} from '../tools/tool.ts';

/** Whether the caller has to agree to a capture: `asked` until they have. */
export type Agreement = 'not-needed' | 'asked' | 'agreed';

/**
 * What a capture has of the words of a call: all letters and no digit, and of tools whose record is not kept no letters either.
 * Where the caller has to agree, it has no letters of what was said before, whenever they come: only items are in words of which nothing came
 * before. Masked twice is masked once, so that what a replay does can be compared with it.
 */
export class CaptureMask {
  readonly #tools: () => readonly Tool[];
  readonly #agreement: () => Agreement;
  /** The tool of each call of one, by its id. */
  readonly #names = new Map<string, string>();
  /** Items, and calls of tools, that began before the caller agreed, and since. */
  readonly #before = new Set<string>();
  readonly #since = new Set<string>();

  constructor(tools: () => readonly Tool[], agreement: () => Agreement = () => 'not-needed') {
    this.#tools = tools;
    this.#agreement = agreement;
  }

  event(event: ModelEvent): object {
    if ('itemId' in event) this.#began(event.itemId);
    if ('callId' in event) this.#began(event.callId);
    switch (event.type) {
      case 'words':
      case 'callerWords':
        return {...event, text: this.#words(event.itemId)(event.text)};
      case 'hostedCalled':
        return {...event, arguments: maskedJson(event.arguments, withoutWords)};
      case 'hostedEnded':
        return {...event, output: withoutWords(event.output)};
      case 'toolCalled':
        this.#names.set(event.callId, event.name);
        return {...event, arguments: this.#args(event.name, event.arguments, event.callId)};
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
      // They may repeat the last words of an answer.
      return {...command, instructions: this.#words(undefined)(command.instructions)};
    return command.do === 'add' ? {...command, item: this.#item(command.item)} : command;
  }

  outcome(name: string, outcome: ToolOutcome): object {
    if (outcome.kind === 'leave') return outcome.facts ? {...outcome, facts: maskedFacts(outcome.facts)} : outcome;
    const mask = this.#agreement() === 'asked' ? withoutWords : this.#maskOf(this.#named(name));
    return {...outcome, output: mask(outcome.output), ...('notes' in outcome ? {notes: undefined} : {})};
  }

  #item(item: ConversationItem): ConversationItem {
    switch (item.kind) {
      case 'toolCall':
        this.#names.set(item.callId, item.name);
        return {...item, arguments: this.#args(item.name, item.arguments, item.callId)};
      case 'toolResult': {
        const mask = this.#isHidden(item.callId)
          ? withoutWords
          : this.#maskOf(this.#named(this.#names.get(item.callId)));
        return {...item, output: mask(item.output)};
      }
      default:
        return {...item, text: this.#text(item)};
    }
  }

  #text(item: Extract<ConversationItem, {readonly text: string}>): string {
    // All of it is in the capture already, each part as it may be there.
    if (isSummedUp(item)) return withoutWords(item.text);
    const late = item.kind === 'note' ? readLateResult(item.text) : undefined;
    if (!late || this.#isHidden(item.id)) return this.#words(item.id)(item.text);
    return late.before + this.#maskOf(this.#named(late.tool))(late.words);
  }

  #args(name: string, args: string, callId: string): string {
    if (this.#isHidden(callId)) return maskedJson(args, withoutWords);
    const tool = this.#named(name);
    return tool && tool.runs !== 'later' ? withoutDigits(args) : maskedJson(args, this.#maskOf(tool));
  }

  /** Something of an item came. */
  #began(id: string): void {
    const agreement = this.#agreement();
    if (agreement === 'asked') this.#before.add(id);
    if (agreement === 'agreed' && !this.#before.has(id)) this.#since.add(id);
  }

  #words(id: string | undefined): (text: string) => string {
    return this.#isHidden(id) ? withoutWords : withoutDigits;
  }

  #isHidden(id: string | undefined): boolean {
    return this.#agreement() !== 'not-needed' && (id === undefined || !this.#since.has(id));
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
