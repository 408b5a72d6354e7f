import type {Millis} from '@voicebridge/shared/time.ts';
import type {Decision, Difference} from './decisions.ts';
import type {RecordedCall} from './recorded-call.ts';
import type {Replayed} from './replay.ts';

/** A moment of a call: `2:05.120`. */
export function clockOf(ms: Millis): string {
  const seconds = (ms % 60_000) / 1_000;
  return `${Math.floor(ms / 60_000)}:${seconds.toFixed(3).padStart(6, '0')}`;
}

/** What came of a replay, in lines. */
export function replayLines(call: RecordedCall, {difference, decisions, until, unknown, errors}: Replayed): string[] {
  const cut = unknown
    ? [`this version cannot play “${unknown.what}” at ${clockOf(unknown.at)}; compared up to there`]
    : call.isCut
      ? [`the capture ends in mid-call at ${clockOf(until)}; compared up to there`]
      : [];
  const broken = errors.map(line => `an error was logged: ${line.trim()}`);
  if (!difference) return [...cut, ...broken, `the same: all ${decisions} decisions of ${clockOf(until)}`];
  return [...cut, ...broken, ...differenceLines(difference)];
}

function differenceLines({at, recorded, now}: Difference): string[] {
  return [`the first difference, at ${clockOf(at)}`, `  recorded  ${told(recorded)}`, `  now       ${told(now)}`];
}

function told(decision: Decision | undefined): string {
  if (!decision) return 'nothing';
  const lengths = Object.entries(decision.ms).map(([name, ms]) => `, ${NAMES[name] ?? name} ${Math.round(ms)} ms`);
  return `${clockOf(decision.at)}  ${decision.what}${lengths.join('')}`;
}

const NAMES: Readonly<Record<string, string>> = {spoken: 'after', audioEndMs: 'cut at'};
