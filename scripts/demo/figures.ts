import {assistantClips, readClip, type ClipName} from '../../simulators/audio/clips.ts';
import type {SessionSummary} from '../../simulators/openai/src/session/session-summary.ts';
import {callMetrics} from '../../simulators/twilio/src/report/call-metrics.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Person} from './cast.ts';
import type {Carriers} from './story.ts';
import type {CallDetail} from '../../services/analytics/src/queries/call-shapes.ts';

const BYTES_PER_MS = 8;
/** So many bytes of a recording are enough to find it in what a caller heard. */
const FINGERPRINT = 4_000;

/** Everything that is known of one call when it is over. */
export interface Evidence {
  readonly who: Person;
  /** What the simulated Twilio saw. */
  readonly report: CallReport;
  /** What the simulated model saw; undefined if no session heard this caller. */
  readonly session: SessionSummary | undefined;
  /** The audio that arrived at the model. */
  readonly heard: Buffer;
  /** What the product recorded; undefined if there is no record. */
  readonly record: CallDetail | undefined;
  readonly carriers: Carriers;
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
  readonly framesSent: number;
  readonly framesArrived: number;
  /** Whether the audio that arrived is the audio that was sent, byte for byte, from the first frame on. */
  readonly inOrder: boolean;
  readonly violations: readonly string[];
  readonly refusals: readonly string[];
  readonly record: CallDetail | undefined;
}

/** Works out the figures of one call. */
export function figuresOf({who, report, session, heard, record, carriers}: Evidence): CallFigures {
  const {streams, endedBy, endedAt, startedAt, reason} = report;
  const {answerMs, interruptions} = callMetrics(report);
  const sent = Buffer.concat(streams.map(({sentAudio}) => sentAudio));
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
      session,
      interruptions.map(({silentAfterMs}) => silentAfterMs),
    ),
    framesSent: streams.reduce((sum, {sentFrames}) => sum + sentFrames, 0),
    framesArrived: Math.floor(heard.length / 160),
    inOrder: heard.length > 0 && sent.subarray(0, heard.length).equals(heard),
    violations: report.alerts.map(({code, detail}) => `${code} ${detail}`),
    refusals: session?.refusals.map(({code, message}) => `${code ?? 'refused'}: ${message}`) ?? [],
    record,
  };
}

/** Finds each cut answer's recording in what the caller heard, and how far it went. */
function cutsOf({streams}: CallReport, session: SessionSummary | undefined, silences: readonly Millis[]): Cut[] {
  const played = Buffer.concat(streams.map(stream => stream.played));
  const cut = session?.items.filter(({truncatedAtMs}) => truncatedAtMs !== null) ?? [];
  return cut.map(({text, generatedMs, rememberedMs}, index) => ({
    generatedMs,
    heardMs: heardOf(text, played),
    rememberedMs,
    silentAfterMs: silences[index] ?? Number.NaN,
  }));
}

function heardOf(text: string, played: Buffer): Millis {
  const names = Object.keys(assistantClips) as (keyof typeof assistantClips)[];
  const name: ClipName | undefined = names.find(one => assistantClips[one].text.startsWith(text));
  if (!name) return Number.NaN;
  const clip = readClip(name);
  const from = played.lastIndexOf(clip.subarray(0, FINGERPRINT));
  if (from < 0) return 0;
  let length = 0;
  while (from + length < played.length && played[from + length] === clip[length]) length += 1;
  return length / BYTES_PER_MS;
}
