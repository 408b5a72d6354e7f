import type {CallReport, StreamReport} from '../../simulators/twilio/src/report/call-report.ts';
import {
  heardRuns,
  type AudioEvidence,
  sessionsOf,
  stretchesOf,
  unheardFrames,
} from '../../tools/harness/audio-evidence.ts';
import type {RunEvidence} from './run-evidence.ts';

/** What is lost with a killed edge, in frames: those in flight, and those that Twilio sent before it noticed. */
const LOST_WITH_AN_EDGE = 50;
/** How exactly the end of what a caller heard is known: to a few hundredths of a second, or to the last mark. */
const SAID_TWICE_MS = 400;

type Rule = (evidence: RunEvidence) => string[];

/** Checks everything that must hold however many processes died. Returns one line for each violation. */
export function brokenInvariants(evidence: RunEvidence): string[] {
  return RULES.flatMap(rule => rule(evidence));
}

const RULES: readonly Rule[] = [
  // A call ends when its caller hangs up.
  ({reports}) =>
    reports
      .filter(report => report.endedBy !== 'caller')
      .map(report => `${name(report)} was ended by the ${report.endedBy}: ${report.reason}`),
  ({reports}) =>
    reports.flatMap(report =>
      report.violations.map(({code, detail}) => `${name(report)}: Twilio was told something wrong: ${code} ${detail}`),
    ),
  // Every call has one record.
  ({reports, records}) => {
    const counts = Map.groupBy(records, ({callSid}) => callSid);
    const wanted = new Set(reports.map(({callSid}) => callSid));
    return [
      ...reports
        .filter(report => counts.get(report.callSid)?.length !== 1 && report.streams.length > 0)
        .map(report => `${name(report)} has ${counts.get(report.callSid)?.length ?? 0} records`),
      ...[...counts.keys()]
        .filter(callSid => !wanted.has(callSid))
        .map(callSid => `a record without a call: ${callSid}`),
    ];
  },
  // Caller audio arrives once, in order, at the caller's own model session.
  ({audioEvidence}) =>
    audioEvidence
      .filter(({tags}) => tags.length > 1)
      .map(({session, tags}) => `session ${session.id} heard the callers ${tags.join(', ')}`),
  ({audioEvidence}) =>
    audioEvidence
      .filter(({stretches}) => stretches.some(({from}, index) => from < (stretches[index - 1]?.to ?? 0)))
      .map(({session, tags}) => `session ${session.id} of caller ${tags.join()} heard frames twice or out of order`),
  ({reports, audioEvidence}) =>
    reports.flatMap(report => {
      const unheard = unheardFrames(sessionsOf(audioEvidence, report), report);
      const lost = unheard.filter(frame => !isNearLostEnd(frame, report.streams));
      return lost.length === 0 ? [] : [`${name(report)}: ${lost.length} frames were lost: ${shortList(lost)}`];
    }),
  // Assistant audio arrives once, at the right caller, and never from a former owner.
  ({reports, audioEvidence}) => reports.flatMap(report => wronglyHeard(report, audioEvidence)),
  // Nothing is left behind.
  ({audioEvidence}) =>
    audioEvidence
      .filter(({session}) => session.closedAt === null)
      .map(({session, tags}) => `session ${session.id} of caller ${tags.join()} is still open`),
  ({open}) => open.map(callSid => `${callSid} is still open in Redis`),
  ({channels}) => channels.map(channel => `a subscriber is left on ${channel}`),
  ({keys}) => keys.map(key => `the key ${key} would stay for ever`),
  ({held}) => held.map(each => `a call is still held by ${each}`),
];

function name({tag, callSid}: CallReport): string {
  return `caller ${tag ?? callSid} (${callSid})`;
}

/** The last frames before a stream broke were sent to a dead edge and are lost. */
function isNearLostEnd(frame: number, streams: readonly StreamReport[]): boolean {
  return streams.slice(0, -1).some(({sentAudio}) => {
    const end = stretchesOf(sentAudio).stretches.at(-1)?.to ?? 0;
    return frame < end && frame >= end - LOST_WITH_AN_EDGE;
  });
}

function wronglyHeard(report: CallReport, audioEvidence: readonly AudioEvidence[]): string[] {
  const sessions = sessionsOf(audioEvidence, report);
  const sessionOf = new Map(
    sessions.flatMap(({session}, index) => session.items.map(item => [item.tag, index] as const)),
  );
  const heardTo = new Map<number, number>();
  const wrong: string[] = [];
  let newest = 0;
  for (const {item, fromMs, toMs} of heardRuns(report)) {
    const session = sessionOf.get(item);
    if (session === undefined) {
      // A session that got no tagged frame cannot be matched with a caller.
      if (audioEvidence.some(({session: each, tags}) => tags.length > 0 && each.items.some(({tag}) => tag === item))) {
        wrong.push(`${name(report)} heard audio of another call (item ${item})`);
      }
      continue;
    }
    if (session < newest) wrong.push(`${name(report)} heard an owner of the past (item ${item})`);
    newest = Math.max(newest, session);
    const again = (heardTo.get(item) ?? 0) - fromMs;
    if (again > SAID_TWICE_MS) wrong.push(`${name(report)} heard ${again} ms of item ${item} twice`);
    heardTo.set(item, Math.max(heardTo.get(item) ?? 0, toMs));
  }
  return wrong;
}

function shortList(numbers: readonly number[]): string {
  return numbers.length > 6 ? `${numbers.slice(0, 6).join(', ')}, …` : numbers.join(', ');
}
