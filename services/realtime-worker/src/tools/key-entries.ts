import type {EntryRule} from '@voicebridge/assistant/digits-tool.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';
import type {KeysFact} from '../events/keys-fact.ts';
import {enteredTooFew, nothingEntered} from './tool-failure.ts';
import type {KeypadTool, Tool} from './tool.ts';

/** Fewer digits are a choice, no secret: they would be masked wherever a number has them. */
const SECRET_FROM = 3;
const END = '#';
const ANEW = '*';

/** An entry that is complete, or was given up. */
export interface Entered {
  readonly callId: string;
  readonly outcome: ToolOutcome;
  readonly effects: CallEffect[];
}

/** Keys that were pressed before anything asked for them, and what notes that they are taken. */
export interface KeysAhead {
  readonly keys: string;
  readonly noted: readonly CallEffect[];
}

export const NO_KEYS: KeysAhead = {keys: '', noted: []};

interface Open {
  readonly callId: string;
  readonly as: string;
  readonly tells: KeypadTool['tells'];
  readonly rule: EntryRule;
  keys: string;
  /** Since when the next key is waited for. */
  since: Millis;
}

/**
 * The digits that the caller enters for tools, one entry at a time. They are in the journal, so that a call which moves
 * goes on in the middle of an entry, and sealed there as all words are (`events/journal-seal.ts`).
 *
 *   closed ──begin──> waits for the first key ──key──> waits for the next ──(max, # or a pause)──> closed, kept by name
 *     ^                    └──nothing came─────────────────────────────────────────────────────┘
 */
export class KeyEntries {
  #open: Open | undefined;
  readonly #kept: Map<string, string>;
  /** All that were complete, also those that were entered anew: what repeats an earlier one says it of a caller, too. */
  readonly #entered: {readonly as: string; readonly keys: string}[];
  /** Entries that another worker left open, by call id. */
  readonly #begun: ReadonlyMap<string, string>;

  readonly #takeAhead: () => KeysAhead;

  /** `takeAhead`: the keys that were pressed before anything asked for them. */
  constructor(restored: readonly KeysFact[] = [], takeAhead: () => KeysAhead = () => NO_KEYS) {
    this.#takeAhead = takeAhead;
    this.#entered = restored.filter(({isWhole}) => isWhole);
    this.#kept = new Map(this.#entered.map(({as, keys}) => [as, keys]));
    this.#begun = new Map(restored.flatMap(({callId, keys, isWhole}) => (isWhole ? [] : [[callId, keys]])));
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Whether a key was pressed for the entry that is open. */
  get hasKeys(): boolean {
    return this.#open !== undefined && this.#open.keys !== '';
  }

  /** The call of a tool for which digits are entered now. */
  get callId(): string | undefined {
    return this.#open?.callId;
  }

  /** When the entry is over unless a key is pressed. `audibleUntil`: until then the caller hears something. */
  dueAt(audibleUntil: Millis): Millis | undefined {
    if (!this.#open) return undefined;
    const {rule, keys, since} = this.#open;
    return keys === '' ? Math.max(since, audibleUntil) + rule.firstMs : since + rule.pauseMs;
  }

  /** A tool asks for digits. What the caller pressed before they had heard all of the question counts. */
  begin(callId: string, {as, tells, rule}: KeypadTool, at: Millis): CallEffect[] {
    this.#open = {callId, as, tells, rule, keys: this.#begun.get(callId) ?? '', since: at};
    const {keys, noted} = this.#takeAhead();
    const effects: CallEffect[] = [{do: 'collecting', isOn: true}, ...noted];
    for (const key of keys) if (/\d/.test(key) && this.#open.keys.length < rule.max) this.#open.keys += key;
    if (this.#open.keys !== '') effects.push(this.#noted(this.#open, false));
    return effects;
  }

  /** The caller pressed a key. */
  pressed(key: string, at: Millis): CallEffect[] | Entered {
    const open = this.#open;
    if (!open) return [];
    open.since = at;
    if (key === END) return this.#close(open);
    if (key === ANEW) open.keys = '';
    else if (/\d/.test(key)) open.keys += key;
    return open.keys.length >= open.rule.max ? this.#close(open) : [this.#noted(open, false)];
  }

  /** Time passed. */
  due(audibleUntil: Millis, at: Millis): Entered | undefined {
    const dueAt = this.dueAt(audibleUntil);
    return this.#open && dueAt !== undefined && at >= dueAt ? this.#close(this.#open) : undefined;
  }

  /** Nothing is collected any more: the tool has another result. */
  stop(callId: string): CallEffect[] {
    if (this.#open?.callId !== callId) return [];
    this.#open = undefined;
    return [{do: 'collecting', isOn: false}];
  }

  /** The digits with these names; of those that were not entered, the first name. */
  valuesOf(names: readonly string[]): {readonly values: Readonly<Record<string, string>>; readonly missing?: string} {
    const missing = names.find(name => !this.#kept.has(name));
    const values = Object.fromEntries(names.map(name => [name, this.#kept.get(name) ?? '']));
    return missing === undefined ? {values} : {values, missing};
  }

  /** A text without digits that were entered. */
  masked(text: string): string {
    const all = this.#entered.map(({keys}) => keys);
    return maskDigits(text, all);
  }

  /** What a tool answers, as the model may know it: without the digits that it is told only the number of. */
  forModel(text: string, tools: readonly Tool[]): string {
    const told = tools.flatMap(tool => (tool.runs === 'on-keys' && tool.tells === 'digits' ? [tool.as] : []));
    const hidden = this.#entered.flatMap(({as, keys}) => (told.includes(as) ? [] : [keys]));
    return maskDigits(text, hidden, {alone: true});
  }

  #close(open: Open): Entered {
    const {callId, as, rule, tells, keys} = open;
    const effects = this.stop(callId);
    if (keys === '') return {callId, outcome: nothingEntered, effects};
    if (keys.length < rule.min) return {callId, outcome: enteredTooFew(keys.length, rule.min), effects};
    this.#kept.set(as, keys);
    this.#entered.push({as, keys});
    effects.push(this.#noted(open, true));
    const count = `${keys.length} ${keys.length === 1 ? 'digit was' : 'digits were'} entered`;
    const output =
      tells === 'digits'
        ? `The caller entered ${keys.split('').join(' ')}. Do not say these digits aloud.`
        : `${count}. They are kept as ${as}: you cannot see them, and the tools that need them are given them.`;
    return {callId, outcome: {kind: 'output', output, ...(tells === 'digits' ? {isSecret: true} : {})}, effects};
  }

  #noted({callId, as, keys}: Open, isWhole: boolean): CallEffect {
    return journal({is: 'keys', callId, as, keys, isWhole});
  }
}

/** Fewer digits are taken for others by chance too often where they stand inside a longer number. */
const ANYWHERE_FROM = 6;
const BETWEEN = '[\\s,.-]{0,3}';

/**
 * A text in which digits that were entered are dots, also where blanks stand between them. `alone`: a few digits inside a longer
 * number stay: who reads the text has to go on with that number.
 */
export function maskDigits(text: string, secrets: readonly string[], {alone = false} = {}): string {
  return secrets
    .filter(digits => digits.length >= SECRET_FROM)
    .toSorted((a, b) => b.length - a.length)
    .reduce(
      (masked, digits) => masked.replaceAll(patternOf(digits, alone && digits.length < ANYWHERE_FROM), '•••'),
      text,
    );
}

function patternOf(digits: string, alone: boolean): RegExp {
  const written = digits.split('').join(BETWEEN);
  return new RegExp(alone ? `(?<!\\d[.,]?)${written}(?![.,]?\\d)` : written, 'g');
}
