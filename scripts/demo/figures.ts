import type {SessionSummary} from '../../simulators/openai/src/session/session-summary.ts';
import {callMetrics} from '../../simulators/twilio/src/report/call-metrics.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Person} from './cast.ts';
import {clipThatBegins, heardFrom} from './clip-heard.ts';
import type {Kill} from './kill-worker.ts';
import type {Carriers} from './story.ts';
import type {CallDetail} from '../../services/analytics/src/queries/call-shapes.ts';
import {takeoverOf, type Takeover} from './takeover.ts';

const BYTES_PER_MS = 8;
const FRAME_BYTES = 160;

/** One model session of a call, and the caller audio that arrived in it. */
export interface HeardSession {
  readonly session: SessionSummary;
  readonly heard: Buffer;
}

/** Everything that is known of one call when it is over. */
export interface Evidence {
  readonly who: Person;
  /** What the simulated Twilio saw. */
  readonly report: CallReport;
  /** What the simulated model saw, in the order in which the sessions opened; more than one after a failover. */
  readonly sessions: readonly HeardSession[];
  /** What the product recorded; undefined if there is no record. */
  readonly record: CallDetail | undefined;
  readonly carriers: Carriers;
  /** The kill of this call's worker, and how long after it another worker heard the caller. */
  readonly kill: (Kill & {readonly takenOverMs: Millis | undefined}) | undefined;
}

/** A truncated answer: what the phone played of it, and what the model believes was played. */
export interface Cut {
  readonly generatedMs: Millis;
  readonly heardMs: Millis;
  readonly rememberedMs: Millis;
  /** From the caller's first sound to silence in the caller's ear. */
  readonly silentAfterMs: Millis;
}

/** The figures of one call. All but `record` come from the simulators: they are the ground truth for the record. */
export interface CallFigures {
  readonly who: Person;
  readonly carriers: Carriers;
  readonly seconds: number;
  readonly endedBy: 'caller' | 'assistant' | 'other';
  readonly reason: string;
  readonly firstWordMs: Millis | undefined;
  /** From the caller's last sound to the assistant's first, for each answer. */
  readonly answerMs: readonly Millis[];
  readonly interruptions: number;
  readonly cuts: readonly Cut[];
  /** How the call went on when its worker was killed; undefined if nobody killed it. */
  readonly takeover: Takeover | undefined;
  readonly framesSent: number;
  readonly framesArrived: number;
  /** Whether the audio that arrived is the audio that was sent, byte for byte, from the first frame on. */
  readonly inOrder: boolean;
  readonly violations: readonly string[];
  readonly refusals: readonly string[];
  readonly record: CallDetail | undefined;
}

/** Works out the figures of one call. */
export function figuresOf({who, report, sessions, record, carriers, kill}: Evidence): CallFigures {
  const {streams, endedBy, endedAt, startedAt, reason} = report;
  const {answerMs, interruptions} = callMetrics(report);
  const {bytes, inOrder} = arrived(Buffer.concat(streams.map(({sentAudio}) => sentAudio)), sessions);
  return {
    who,
    carriers,
    seconds: (endedAt - startedAt) / 1_000,
    endedBy: endedBy === 'caller' ? 'caller' : endedBy === 'platform' ? 'assistant' : 'other',
    reason,
    firstWordMs: report.firstAudioMs,
    answerMs,
    interruptions: interruptions.length,
    cuts: cutsOf(
      report,
      sessions,
      interruptions.map(({silentAfterMs}) => silentAfterMs),
    ),
    takeover: kill && takeoverOf(kill, report, sessions, carriers),
    framesSent: streams.reduce((sum, {sentFrames}) => sum + sentFrames, 0),
    framesArrived: Math.floor(bytes / FRAME_BYTES),
    inOrder,
    violations: report.alerts.map(({code, detail}) => `${code} ${detail}`),
    refusals: sessions.flatMap(({session}) =>
      session.refusals.map(({code, message}) => `${code ?? 'refused'}: ${message}`),
    ),
    record,
  };
}

/**
 * How much of what the caller sent arrived in any session, and whether it was the same bytes. Each later session is given
 * again what the one before had not understood yet, and then what follows.
 */
function arrived(sent: Buffer, sessions: readonly HeardSession[]): {bytes: number; inOrder: boolean} {
  let [bytes, until, inOrder] = [0, 0, sessions.length > 0];
  for (const [index, {heard}] of sessions.entries()) {
    const from = index === 0 ? 0 : sent.lastIndexOf(heard);
    inOrder &&=
      heard.length > 0 && from >= 0 && from <= until && sent.subarray(from, from + heard.length).equals(heard);
    bytes += Math.max(0, from + heard.length - Math.max(until, from));
    until = Math.max(until, from + heard.length);
  }
  return {bytes, inOrder};
}

/** Finds each cut answer's recording in what the caller heard, and how far it went. */
function cutsOf({streams}: CallReport, sessions: readonly HeardSession[], silences: readonly Millis[]): Cut[] {
  const played = Buffer.concat(streams.map(stream => stream.played));
  const cut = sessions.flatMap(({session}) => session.items.filter(({truncatedAtMs}) => truncatedAtMs !== null));
  return cut.map(({text, generatedMs, rememberedMs}, index) => ({
    generatedMs,
    heardMs: heardOf(text, played),
    rememberedMs,
    silentAfterMs: silences[index] ?? Number.NaN,
  }));
}

function heardOf(text: string, played: Buffer): Millis {
  const clip = clipThatBegins(text);
  return clip ? (heardFrom(clip.audio, played)?.bytes ?? 0) / BYTES_PER_MS : Number.NaN;
}
