import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {owedSilences, soundsIn} from '../../tools/harness/evidence/owed-silence.ts';
import type {Span} from './witness.ts';

/** A time in which a caller waited for the assistant and heard nothing, on the phone's clock. */
export interface CallerSilence {
  readonly ms: Millis;
  /** Of those, how long no tool of the call was running: for that time nobody but the bridge and the model is to blame. */
  readonly withoutToolMs: Millis;
}

/** Every wait of a caller: for the greeting, and after each thing they said. `tools`: when the tools of the call ran. */
export function callerSilences(report: CallReport, tools: readonly Span[]): CallerSilence[] {
  const {streams, spoke} = report;
  const sounds = streams.flatMap(({played, segments}) => soundsIn(played, segments));
  const startedAt = streams[0]?.openedAt ?? report.startedAt;
  const waits = [
    {after: 'start' as const, since: startedAt},
    ...spoke.map(({endedAt}) => ({after: 'turn' as const, since: endedAt})),
  ].map((wait, index) => ({...wait, until: spoke[index]?.startedAt}));
  const endedAt = streams.at(-1)?.closedAt ?? report.endedAt;
  return owedSilences(waits, sounds, endedAt).map(({since, ms}) => ({
    ms,
    withoutToolMs: ms - covered(tools, since, since + ms),
  }));
}

/** How much of a time is in at least one of the spans. */
function covered(spans: readonly Span[], from: Millis, until: Millis): Millis {
  let [sum, reached] = [0, from];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const begins = Math.max(reached, span.from);
    const ends = Math.min(until, span.to ?? until);
    if (ends <= begins) continue;
    sum += ends - begins;
    reached = ends;
  }
  return sum;
}
