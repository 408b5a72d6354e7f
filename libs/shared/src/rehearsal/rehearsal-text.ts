import type {Millis} from '../time.ts';

/** One thing that the caller of a call did, as a file for `npm run rehearse` says it. `note`: when it was. */
export interface CallerStep {
  readonly does:
    | {readonly says: string}
    | {readonly interruptsAfter: Millis; readonly says: string}
    | {readonly presses: string}
    | {readonly waits: Millis}
    | {readonly hangsUp: true};
  readonly note?: string;
}

/** One response of the model. Tools of one entry are called at the same time. */
export interface ModelStep {
  readonly says?: string;
  readonly calls?: readonly {readonly name: string; readonly args: Readonly<Record<string, unknown>>}[];
}

export interface RehearsalOfCall {
  readonly head: readonly string[];
  readonly caller: readonly CallerStep[];
  readonly model: readonly ModelStep[];
  readonly expects: {
    readonly endedBy?: 'caller' | 'assistant' | undefined;
    /** Tools that must be called and answer. */
    readonly tools?: readonly string[];
  };
}

/** What a caller said whose words are not known. */
export const NOT_TRANSCRIBED = 'Hello?';
/** What a file may have at most. */
const LONGEST_WORDS = 2_000;
const LONGEST_MS: Millis = 600_000;
const MOST_KEYS = 50;

/** The rehearsal as YAML. All texts are quoted, so that none of them means anything else. */
export function rehearsalText({head, caller, model, expects}: RehearsalOfCall): string {
  const steps = caller.length === 0 ? [{does: {waits: 1_000}}] : joined(caller);
  const lines = [...head.map(line => `# ${oneLine(line)}`), 'caller:'];
  for (const {does, note} of steps) {
    if (note !== undefined) lines.push(`  # ${oneLine(note)}`);
    lines.push(...entry(stepPairs(does)));
  }
  if (model.length > 0) lines.push('model:');
  for (const step of model) lines.push(...entry(modelPairs(step)));
  const {endedBy, tools = []} = expects;
  const expected = [
    ...(tools.length === 0 ? [] : [`  tool: {${tools.map(name => `${JSON.stringify(name)}: true`).join(', ')}}`]),
    ...(endedBy === undefined ? [] : [`  endedBy: ${endedBy}`]),
  ];
  if (expected.length > 0) lines.push('expects:', ...expected);
  return `${lines.join('\n')}\n`;
}

function stepPairs(does: CallerStep['does']): string[] {
  if ('interruptsAfter' in does)
    return [`interruptsAfter: ${bounded(does.interruptsAfter)}`, `says: ${words(does.says)}`];
  if ('says' in does) return [`says: ${words(does.says)}`];
  if ('presses' in does) return [`presses: ${JSON.stringify(does.presses.slice(0, MOST_KEYS))}`];
  return 'waits' in does ? [`waits: ${bounded(does.waits)}`] : ['hangsUp: true'];
}

function modelPairs({says, calls = []}: ModelStep): string[] {
  const called = calls.map(({name, args}) => JSON.stringify({[name]: args}));
  const names = new Set(calls.map(({name}) => name));
  const [first] = called;
  const together = JSON.stringify(Object.fromEntries(calls.map(({name, args}) => [name, args])));
  return [
    ...(says === undefined ? [] : [`says: ${words(says)}`]),
    ...(first === undefined ? [] : [`calls: ${names.size === calls.length ? together : `[${called.join(', ')}]`}`]),
  ];
}

/** An entry of a list. */
function entry([first = '', ...rest]: readonly string[]): string[] {
  return [`  - ${first}`, ...rest.map(pair => `    ${pair}`)];
}

/** Keys that were pressed one after the other are one entry. */
function joined(steps: readonly CallerStep[]): CallerStep[] {
  const all: CallerStep[] = [];
  for (const step of steps) {
    const last = all.at(-1);
    if (last && 'presses' in step.does && 'presses' in last.does)
      all[all.length - 1] = {...last, does: {presses: last.does.presses + step.does.presses}};
    else all.push(step);
  }
  return all;
}

const bounded = (ms: Millis) => Math.min(LONGEST_MS, Math.max(0, Math.round(ms)));
const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim();

/** JSON is YAML, too. */
function words(text: string): string {
  const said = oneLine(text).slice(0, LONGEST_WORDS).trim();
  return JSON.stringify(said === '' ? NOT_TRANSCRIBED : said);
}

/** A rehearsal speaks so fast, and a caller who interrupts at a moment must be able to. */
const MS_PER_LETTER: Millis = 55;
const MORE: Millis = 1_000;
const REST = ' … and the rest of it, which was not heard';
/** The greeting of a rehearsal is that of the assistant's file, perhaps a short one. */
const IN_GREETING: Millis = 1_000;

/** Words that are long enough to be interrupted after so long. */
export function longEnough(says: string, interruptedAfter: Millis): string {
  let all = says;
  while (all.length < LONGEST_WORDS && all.length * MS_PER_LETTER < interruptedAfter + MORE) all += REST;
  return all;
}

/** When a caller interrupts in a rehearsal who did so after `ms` in a call. */
export function interruptsAfter(ms: Millis, isGreeting: boolean): Millis {
  return isGreeting ? Math.min(ms, IN_GREETING) : ms;
}

/** A moment of a call as people read it: 1:04.2. */
export function momentOf(ms: Millis): string {
  const tenths = Math.max(0, Math.round(ms / 100));
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, '0')}.${tenths % 10}`;
}
