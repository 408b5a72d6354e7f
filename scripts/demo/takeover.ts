import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallReport, StreamReport} from '../../simulators/twilio/src/report/call-report.ts';
import {clipThatBegins, heardFrom, placeIn} from './clip-heard.ts';
import type {HeardSession} from './figures.ts';
import type {Kill} from './kill-worker.ts';
import type {Carriers} from './story.ts';

const BYTES_PER_MS = 8;
/** Two places of a recording may sound alike for a moment, such as the pauses between words: 100 ms. */
const ALIKE_BYTES = 800;
/** What the next session is told about a sentence that was not heard to its end. */
const INTERRUPTED = / — \(.*\)$/;

/** How a call went on when its worker was killed in mid-sentence, all of it from the phone and the model. */
export interface Takeover {
  readonly killed: string;
  readonly successor: string | undefined;
  /** From the kill until the other worker heard the caller; undefined: never. */
  readonly takenOverMs: Millis | undefined;
  /** The sentence, as the phone played it; undefined if it did not go on. */
  readonly sentence: BrokenSentence | undefined;
  /** The words of the broken sentence that the next model session was given. */
  readonly remembered: string;
  /** The words with which that session went on. */
  readonly rest: string;
}

export interface BrokenSentence {
  /** Where in its recording the sentence broke off. */
  readonly stoppedAtMs: Millis;
  /** Where in the same recording it went on. */
  readonly wentOnAtMs: Millis;
  /** How long the caller heard nothing in between. */
  readonly silenceMs: Millis;
  /** From the kill until the caller heard the rest. */
  readonly heardAfterMs: Millis;
}

/** Finds the broken sentence in what the caller heard. */
export function takeoverOf(
  {worker, at, takenOverMs}: Kill & {readonly takenOverMs: Millis | undefined},
  {streams}: CallReport,
  sessions: readonly HeardSession[],
  {workers}: Carriers,
): Takeover {
  const next = sessions[1]?.session.items.filter(({role}) => role === 'assistant') ?? [];
  // The conversation as it was heard is given to a session first; then it speaks.
  const broken = next.findLast(({generatedMs}) => generatedMs === 0);
  const rest = next.find(({generatedMs}) => generatedMs > 0);
  const remembered = broken?.text.replace(INTERRUPTED, '') ?? '';
  return {
    killed: worker,
    // On a busy machine a call may move once more.
    successor: workers[workers.indexOf(worker) + 1],
    takenOverMs,
    sentence: streams[0] && broken && sentenceOf(remembered, streams[0], at),
    remembered,
    rest: rest?.text ?? '',
  };
}

function sentenceOf(text: string, {played, segments}: StreamReport, killedAt: Millis): BrokenSentence | undefined {
  const clip = clipThatBegins(text);
  const heard = clip && heardFrom(clip.audio, played);
  if (!heard) return undefined;
  const differsAt = heard.at + heard.bytes;
  const segment = segments.find(({from, to}) => from <= differsAt && differsAt < to);
  // After a silence the rest begins with the segment, even if it sounds like what was to come for a moment.
  const brokeAt = segment && differsAt - segment.from < ALIKE_BYTES ? segment.from : differsAt;
  const wentOn = placeIn(clip.audio, played, brokeAt);
  const before = segments.findLast(({to}) => to <= brokeAt);
  if (wentOn === undefined || !segment) return undefined;
  const resumedAt = segment.at + (brokeAt - segment.from) / BYTES_PER_MS;
  const endedAt = before && segment.from === brokeAt ? before.at + (before.to - before.from) / BYTES_PER_MS : resumedAt;
  return {
    stoppedAtMs: (brokeAt - heard.at) / BYTES_PER_MS,
    wentOnAtMs: wentOn / BYTES_PER_MS,
    silenceMs: resumedAt - endedAt,
    heardAfterMs: resumedAt - killedAt,
  };
}
