import {unreachable} from '@voicebridge/shared/errors.ts';
import type {TextSeal} from '@voicebridge/shared/protocol/text-seal.ts';
import {type JournalEntry, readJournal} from './journal-entry.ts';

type Item = Extract<JournalEntry, {is: 'item'}>['item'];

/**
 * How the entries of one call become lines in Redis, and entries again. What people said and pressed, what tools were asked
 * and answered, what was noted and what filled in variables is sealed with the fleet key; all else stays readable:
 *
 *   {"is":"words","wall":…,"id":"item_7","text":"","sealed":"…"}
 *
 * Who cannot open it has the entry without its words: the call goes on, and the assistant does not remember them.
 */
export class JournalSeal {
  readonly #seal: TextSeal | undefined;
  readonly #mayWrite: () => boolean;
  readonly #onUnreadable: () => void;
  #isUsed = false;
  #isUnreadable = false;

  constructor(
    seal?: TextSeal,
    options: {
      /** Whether every worker that may take the call over can read what is sealed. */
      readonly mayWrite?: () => boolean;
      /** Called once when a line was sealed with a key that is not ours. */
      readonly onUnreadable?: () => void;
    } = {},
  ) {
    this.#seal = seal;
    this.#mayWrite = options.mayWrite ?? (() => false);
    this.#onUnreadable = options.onUnreadable ?? (() => {});
  }

  /** Redis has sealed lines of the call, and a worker has joined that cannot read them. */
  get mustBeUndone(): boolean {
    return this.#isUsed && !this.#isUnreadable && !this.#mayWrite();
  }

  /** Redis has no sealed lines of the call any more. */
  undone(): void {
    this.#isUsed = false;
  }

  /** An entry as a line for Redis. */
  line(entry: JournalEntry): string {
    const rest = this.#mayWrite() ? withoutWords(entry) : undefined;
    const text = JSON.stringify(entry);
    const sealed = rest && this.#seal?.seal(text);
    if (sealed === undefined) return text;
    this.#isUsed = true;
    return JSON.stringify({...rest, sealed});
  }

  /** The entries of these lines. */
  read(lines: readonly string[]): JournalEntry[] {
    return readJournal(lines, sealed => {
      this.#isUsed = true;
      const text = this.#seal?.open(sealed);
      if (text === undefined && !this.#isUnreadable) {
        this.#isUnreadable = true;
        this.#onUnreadable();
      }
      return text;
    });
  }
}

/** An entry as everybody may read it; undefined: it holds nothing that is to be hidden. A new kind of entry must be judged here. */
export function withoutWords(entry: JournalEntry): JournalEntry | undefined {
  switch (entry.is) {
    case 'words':
      return {...entry, text: ''};
    case 'item':
      return hasWords(entry.item) ? {...entry, item: emptied(entry.item)} : undefined;
    case 'keys':
      // What was not read was not entered: the caller is asked again.
      return {...entry, keys: '', isWhole: false};
    case 'pressed':
      return {...entry, keys: ''};
    case 'notes':
      return {...entry, notes: {}};
    case 'tool': {
      const {tool} = entry;
      if (tool.arguments === null && tool.result === null) return undefined;
      return {...entry, tool: {...tool, arguments: null, result: null}};
    }
    case 'opened':
    case 'assistant':
      return entry.variables === undefined ? undefined : {...entry, variables: {}};
    case 'snapshot': {
      const {away: _, ...rest} = entry.call;
      const {items, tools, assistant, keys, pressed} = rest;
      const call = {
        ...rest,
        items: items.map(each => ({...each, item: emptied(each.item)})),
        ...(tools
          ? {tools: tools.map(([id, tool]): (typeof tools)[number] => [id, {...tool, arguments: null, result: null}])}
          : {}),
        ...(keys ? {keys: keys.map(each => ({...each, keys: '', isWhole: false}))} : {}),
        ...(pressed === undefined ? {} : {pressed: ''}),
        ...(assistant?.variables ? {assistant: {...assistant, variables: {}}} : {}),
      };
      return {...entry, call};
    }
    case 'away': {
      // To whom the caller goes, and what that person is told about them.
      const {order, ...rest} = entry;
      return order && rest;
    }
    case 'owner':
    case 'stream':
    case 'settled':
    case 'modelReady':
    case 'greeted':
    case 'disclosed':
    case 'answeredBy':
    case 'firstAudio':
    case 'said':
    case 'hushed':
    case 'complete':
    case 'brokenOff':
    case 'cut':
    case 'cutRefused':
    case 'turn':
    case 'interruption':
    case 'recording':
    case 'captured':
    case 'failover':
    case 'tokens':
    case 'frames':
    case 'held':
    case 'ended':
      return undefined;
    default:
      return unreachable(entry);
  }
}

function hasWords(item: Item): boolean {
  return item.kind === 'toolCall' || item.kind === 'toolResult' || item.text !== '';
}

function emptied(item: Item): Item {
  if (item.kind === 'toolCall') return {...item, arguments: '{}'};
  return item.kind === 'toolResult' ? {...item, output: ''} : {...item, text: ''};
}
