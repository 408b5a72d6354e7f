import {argsOf} from '@voicebridge/shared/rehearsal/rehearsal-of-capture.ts';
import {
  type CallerStep,
  interruptsAfter,
  longEnough,
  type ModelStep,
  momentOf,
  NOT_TRANSCRIBED,
  type RehearsalOfCall,
} from '@voicebridge/shared/rehearsal/rehearsal-text.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallDetail} from './call-shapes.ts';

type Turn = CallDetail['turns'][number];

/** A caller who was silent for so long after the assistant had finished meant it. */
const LONG_SILENCE: Millis = 5_000;
/** What the product asks the model to say: a rehearsal asks for it again. */
const OWN_WORDS = ['greeting', 'idle', 'recovery', 'farewell'];

/** What the caller of a call did and what the model answered, as far as the record of the call has it. */
export function rehearsalOfRecord(detail: CallDetail): RehearsalOfCall {
  const {call, turns, transcript, toolCalls} = detail;
  const ended = call.endedBy === 'caller' || call.endedBy === 'assistant' ? call.endedBy : undefined;
  const caller = callerSteps(detail);
  if (call.endedBy === 'caller') caller.push({does: {hangsUp: true}, note: `at ${momentOf(call.durationMs ?? 0)}`});
  const answers = turns.filter(({cause}) => OWN_WORDS.every(own => own !== cause));
  const kept = toolCalls.filter(tool => tool.ok && tool.arguments !== null).map(({name}) => name);
  return {
    head: [
      `Made of the record of call ${call.callSid}, of the assistant ${call.assistant}: what its caller did, and what the model answered.`,
      'What a record does not keep is not here: keys that were pressed, arguments of tools without `record: keep`.',
      ...(transcript.length > 0
        ? []
        : [`Nothing was kept of what was said: the caller says ${NOT_TRANSCRIBED} instead.`]),
    ],
    caller,
    model: answers.flatMap(turn => modelSteps(turn, detail)),
    expects: {endedBy: ended, tools: [...new Set(kept)]},
  };
}

function callerSteps({turns, interruptions, transcript}: CallDetail): CallerStep[] {
  const steps: CallerStep[] = [];
  let lastEnd: Millis = 0;
  for (const turn of turns) {
    const {callerStartedAtMs: began, callerEndedAtMs: ended, cause} = turn;
    if (cause === 'digits') steps.push({does: {presses: '0'}, note: 'keys were pressed; which ones is not kept'});
    if (began === null) continue;
    const before = turns.findLast(each => each.audioStartedAtMs !== null && each.audioStartedAtMs <= began);
    const says = saidIn(transcript, turn.turn, 'caller') ?? NOT_TRANSCRIBED;
    const cut = before && interruptions.find(each => each.turn === before.turn && !each.falseInterruption);
    const finished = before?.audioEndedAtMs ?? null;
    if (before && cut && before.interrupted) {
      const over = saidIn(transcript, before.turn, 'assistant');
      const note = `at ${momentOf(began)}, over ${over === undefined ? 'the assistant' : quoted(over)}`;
      const after = interruptsAfter(began - (before.audioStartedAtMs ?? began), before.turn === 0);
      steps.push({does: {interruptsAfter: after, says}, note});
    } else {
      const silence = finished === null ? 0 : began - finished;
      const after = silence >= 0 ? `${Math.round(silence / 100) / 10} s after the assistant had finished` : 'meanwhile';
      if (silence > LONG_SILENCE) steps.push({does: {waits: began - lastEnd}, note: 'a long silence'});
      steps.push({does: {says}, note: `at ${momentOf(began)}${before ? `, ${after}` : ''}`});
    }
    lastEnd = ended ?? began;
  }
  return steps;
}

/** One response: its words, and the tools that it called. */
function modelSteps({turn, ...at}: Turn, {turns, transcript, toolCalls}: CallDetail): ModelStep[] {
  const words = saidIn(transcript, turn, 'assistant');
  const next = turns.find(each => each.callerStartedAtMs !== null && each.turn > turn);
  const cutAfter = at.interrupted ? (next?.callerStartedAtMs ?? 0) - (at.audioStartedAtMs ?? 0) : 0;
  const says = words ?? (at.interrupted ? 'Something' : undefined);
  const calls = toolCalls
    .filter(each => each.turn === turn)
    .map(({name, arguments: given}) => ({name, args: argsOf(given)}));
  if (says === undefined && calls.length === 0) return [];
  return [{...(says === undefined ? {} : {says: longEnough(says, cutAfter)}), ...(calls.length === 0 ? {} : {calls})}];
}

function saidIn(transcript: CallDetail['transcript'], turn: number, who: string): string | undefined {
  const lines = transcript.filter(line => line.turn === turn && line.role === who);
  return lines.length === 0 ? undefined : lines.map(({text}) => text).join(' ');
}

const quoted = (text: string) => `“${text.length > 60 ? `${text.slice(0, 60).trim()}…` : text}”`;
