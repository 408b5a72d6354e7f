import {styleText} from 'node:util';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallDetail} from '../../services/analytics/src/queries/call-shapes.ts';
import type {CallFigures, Cut} from './figures.ts';
import {bad, dim, good, wrap} from './screen.ts';
import {tableLines, type Row} from './table.ts';
import type {BrokenSentence, Takeover} from './takeover.ts';

/** Up to this difference between what the model believes and what the caller heard, the figure is not coloured. */
const GOOD_ERROR_MS = 60;

/** The three calls side by side. */
export function summaryLines(calls: readonly CallFigures[], width: number): string[] {
  const headings = calls.map(({who}) => styleText([who.color, 'bold'], who.name));
  const row = (label: string, value: (call: CallFigures) => string): Row => ({label, values: calls.map(value)});
  const cut = (label: string, value: (cut: Cut) => string) => row(label, ({cuts}) => cuts.map(value).join('; '));
  const taken = (label: string, value: (takeover: Takeover) => string) =>
    row(label, ({takeover}) => (takeover ? value(takeover) : ''));
  const broken = (label: string, value: (sentence: BrokenSentence) => Millis) =>
    taken(label, ({sentence}) => ms(sentence && value(sentence)));
  const record = (label: string, value: (record: NonNullable<CallFigures['record']>) => string) =>
    row(label, call => (call.record ? value(call.record) : ''));
  const rows = [
    row('edge', ({carriers}) => carriers.edge),
    row('worker', ({carriers}) => carriers.workers.join(', ')),
    row('lasted', ({seconds: length}) => `${length.toFixed(1)} s`),
    row('ended by', ({endedBy}) => (endedBy === 'other' ? 'nobody' : `the ${endedBy}`)),
    row('first word after', ({firstWordMs}) => ms(firstWordMs)),
    row('answers after', ({answerMs}) => seconds(answerMs)),
    row('interruptions', ({interruptions}) => (interruptions === 0 ? 'none' : String(interruptions))),
    cut('  silence after', ({silentAfterMs}) => ms(silentAfterMs)),
    cut('  answer made', ({generatedMs}) => ms(generatedMs)),
    cut('  caller heard', ({heardMs}) => ms(heardMs)),
    cut('  model remembers', ({rememberedMs}) => ms(rememberedMs)),
    cut('  difference', errorOf),
    taken('worker killed', () => 'in mid-sentence'),
    taken('  taken over after', ({takenOverMs}) => ms(takenOverMs)),
    broken('  heard again after', ({heardAfterMs}) => heardAfterMs),
    broken('  silence', ({silenceMs}) => silenceMs),
    row('frames sent', ({framesSent}) => String(framesSent)),
    row(
      'frames arrived',
      ({framesArrived, inOrder}) => `${framesArrived}, ${inOrder ? good('in order') : bad('not in order')}`,
    ),
    row('in the record', ({record: found}) => (found ? '' : bad('missing'))),
    record('  turns', ({call}) => String(call.turns)),
    record('  barge-ins', ({call}) => String(call.bargeIns)),
    record('  failovers', ({call, failovers: [first]}) =>
      call.failovers === 0 ? '' : `${call.failovers}, gap ${ms(first?.gapMs)}`,
    ),
    record('  first word', ({call}) => ms(call.timeToFirstAudioMs)),
    record('  turn gaps', ({turns}) => seconds(turns.flatMap(({platformTurnGapMs: gap}) => gap ?? []))),
    record('  our share', ({turns}) => turns.flatMap(ourShare).join(', ')),
    record('  would cost', ({call}) => (call.costUsd === null ? '' : `$ ${call.costUsd.toFixed(3)}`)),
  ];
  const shown = rows.filter(({label, values}) => label === 'in the record' || values.some(value => value !== ''));
  return [
    ...tableLines(headings, shown, width),
    ...calls.flatMap(({who, takeover}) => (takeover ? ['', ...takeoverLines(who.name, takeover, width)] : [])),
    ...onTheirWay(calls, width),
  ];
}

/** How the sentence of a killed worker went on. */
function takeoverLines(
  name: string,
  {killed, successor, sentence, remembered, rest}: Takeover,
  width: number,
): string[] {
  if (!sentence || successor === undefined) return [];
  const {stoppedAtMs, wentOnAtMs} = sentence;
  const text = (paragraph: string, paint = (line: string) => line) => wrap(paragraph, width).map(paint);
  const away = Math.round(wentOnAtMs - stoppedAtMs);
  const place =
    away === 0 ? 'exactly where it stopped' : `${Math.abs(away)} ms ${away > 0 ? 'later' : 'earlier'} in the sentence`;
  return [
    ...text(
      `${killed} spoke to ${name} when it was killed. ${successor} gave the model what ${name} had heard, and the model went on:`,
    ),
    ...text(`  “${remembered} … ${rest}”`, good),
    ...text(
      `The audio of this sentence stopped at ${clock(stoppedAtMs)} and continued at ${clock(wentOnAtMs)}, ${place}. ` +
        'The new session of the model is told the words that were heard, not the position in the audio, so it continues at a whole word.',
      dim,
    ),
  ];
}

/** Why fewer frames arrived than were sent, where only the last ones are missing. */
function onTheirWay(calls: readonly CallFigures[], width: number): string[] {
  const missing = calls.map(({framesSent, framesArrived}) => framesSent - framesArrived);
  const most = Math.max(0, ...missing);
  if (most === 0 || calls.some((call, index) => (missing[index] ?? 0) > mayMiss(call))) return [];
  const text =
    `The last frames of a call, here ${most === 1 ? '1' : `up to ${most}`} of 20 ms each, did not reach the model. They were ` +
    'still on their way when the line closed, or the assistant had hung up already. That is harmless: nobody was speaking. No ' +
    'frame before them is missing.';
  return ['', ...wrap(text, width).map(dim)];
}

/** Everything that is wrong, in words; empty if all is well. */
export function problemsOf(calls: readonly CallFigures[]): string[] {
  return calls.flatMap(call => {
    const {who, cuts, framesSent, framesArrived, takeover} = call;
    const problems: (string | false)[] = [
      call.endedBy !== who.endedBy && `the call was to be ended by the ${who.endedBy}, but: ${call.reason}`,
      call.firstWordMs === undefined && 'heard nothing from the assistant',
      call.interruptions !== who.interrupts &&
        `talked over the assistant ${call.interruptions} times, and not ${who.interrupts} times`,
      cuts.length !== who.interrupts && `the model cut ${cuts.length} answers, and not ${who.interrupts}`,
      !call.inOrder && 'the model did not hear what the caller said, byte for byte',
      framesSent - framesArrived > mayMiss(call) && `${framesSent - framesArrived} frames never reached the model`,
      Boolean(who.afterTheKill) && !takeover && 'no worker was killed, although one should have been',
      takeover !== undefined && takeover.successor === undefined && 'no worker took the call over',
      takeover?.successor !== undefined && !takeover.sentence && 'the sentence of the killed worker did not go on',
      takeover?.sentence !== undefined &&
        Math.abs(takeover.sentence.wentOnAtMs - takeover.sentence.stoppedAtMs) > SAME_PLACE_MS &&
        'the sentence of the killed worker went on somewhere else',
      !call.record && 'analytics has no record of the call',
      call.record !== undefined &&
        call.record.call.bargeIns !== who.interrupts &&
        `the record counts ${call.record.call.bargeIns} barge-ins, and not ${who.interrupts}`,
      ...call.violations.map(violation => `Twilio would complain: ${violation}`),
      ...call.refusals.map(refusal => `the model refused something: ${refusal}`),
    ];
    return problems.filter(problem => problem !== false).map(problem => `${who.name}: ${problem}`);
  });
}

/** The length of a few words: a sentence that goes on within it goes on where it broke off. */
const SAME_PLACE_MS: Millis = 1_500;

/**
 * Frames that may be between a phone and the model when a line closes: a fifth of a second. When the assistant hangs up, the
 * model is let go first, and then Twilio closes the line, which takes longer on a busy machine.
 */
const ON_THEIR_WAY = {caller: 10, assistant: 100, other: 10} as const;
const mayMiss = ({endedBy}: CallFigures) => ON_THEIR_WAY[endedBy];

function errorOf({heardMs, rememberedMs}: Cut): string {
  const error = Math.round(rememberedMs - heardMs);
  const text = `${error > 0 ? '+' : ''}${error} ms`;
  return Math.abs(error) <= GOOD_ERROR_MS ? good(text) : styleText('yellow', text);
}

/** The turn gap without the time that the model needs: what the product adds. */
function ourShare(turn: CallDetail['turns'][number]): string[] {
  const {platformTurnGapMs: gap, endOfTurnDelayMs: waiting, modelTtfbMs: thinking} = turn;
  return gap === null || waiting === null || thinking === null ? [] : [ms(Math.max(0, gap - waiting - thinking))];
}

function seconds(values: readonly Millis[]): string {
  return values.length === 0 ? '' : `${values.map(value => (value / 1_000).toFixed(2)).join(', ')} s`;
}

function clock(value: Millis): string {
  return `${(value / 1_000).toFixed(2)} s`;
}

function ms(value: Millis | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return value < 1 ? '< 1 ms' : `${Math.round(value)} ms`;
}
