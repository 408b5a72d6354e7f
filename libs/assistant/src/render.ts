import type {ResolvedAssistant} from './resolved.ts';
import {variablesOfTransfer} from './transfer-tool.ts';
import {fillIn, variablesIn} from './variables.ts';
import type {StoredVersion} from './version.ts';

/** What fills in the variables of every call. */
export interface CallFacts {
  readonly direction: string;
  readonly caller: string | undefined;
  readonly callee: string | undefined;
  /** When the call came in, in Unix milliseconds. */
  readonly wall: number;
}

/**
 * The variables of one call: those that its assistant says something with, and those in `given`. They stand in the
 * call's journal, so a number that no text uses is not kept.
 */
export function variablesOf(
  assistant: ResolvedAssistant,
  call: CallFacts,
  given: Readonly<Record<string, string>> = {},
  tools: StoredVersion['tools'] = {},
): Record<string, string> {
  const used = new Set([...textsOf(assistant).flatMap(variablesIn), ...Object.values(tools).flatMap(variablesOfTool)]);
  const all = {...ofCall(call, assistant.timeZone), ...assistant.variables};
  const own = Object.entries(all).filter(([name]) => used.has(name));
  return {...Object.fromEntries(own), ...given};
}

/** An assistant with its variables filled in. `onMissing` is told about those that have no value. */
export function render(
  assistant: ResolvedAssistant,
  variables: Readonly<Record<string, string>>,
  onMissing?: (name: string) => void,
): ResolvedAssistant {
  const all = {...assistant.variables, ...variables};
  const fill = (text: string) => fillIn(text, all, onMissing);
  return {
    ...assistant,
    instructions: fill(assistant.instructions),
    greeting: fill(assistant.greeting),
    ...(typeof assistant.disclosure === 'string' ? {disclosure: fill(assistant.disclosure)} : {}),
    voicemail: filledVoicemail(assistant.voicemail, fill),
    failureSay: assistant.failureSay === null ? null : fill(assistant.failureSay),
    variables: all,
  };
}

function variablesOfTool(tool: StoredVersion['tools'][string]): readonly string[] {
  if (tool === false) return [];
  if (tool.kind === 'built-in' && tool.name === 'schedule_callback') return ['direction', 'caller', 'callee'];
  return tool.kind === 'transfer' ? variablesOfTransfer(tool) : [];
}

/** Everything that it says, or is told to say. */
function textsOf({instructions, greeting, failureSay, disclosure, voicemail}: ResolvedAssistant): string[] {
  const message = typeof voicemail === 'string' ? [] : Object.values(voicemail);
  return [
    instructions,
    greeting,
    failureSay ?? '',
    disclosure === undefined || disclosure === false ? '' : disclosure,
    ...message,
  ];
}

function filledVoicemail(
  voicemail: ResolvedAssistant['voicemail'],
  fill: (text: string) => string,
): ResolvedAssistant['voicemail'] {
  if (typeof voicemail === 'string') return voicemail;
  return 'say' in voicemail ? {say: fill(voicemail.say)} : {instruct: fill(voicemail.instruct)};
}

function ofCall({direction, caller, callee, wall}: CallFacts, timeZone: string): Record<string, string> {
  const said = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', {timeZone, ...options}).format(wall);
  return {
    direction,
    caller: caller ?? '',
    callee: callee ?? '',
    date: said({day: 'numeric', month: 'long', year: 'numeric'}),
    time: said({hour: '2-digit', minute: '2-digit'}),
    weekday: said({weekday: 'long'}),
  };
}
