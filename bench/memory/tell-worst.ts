import type {CallReport, MarkReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {Interrupted} from './interruptions.ts';

/** How long before the truncation the story begins. */
const BEFORE = 6_000;

/** Of the marks that one clear flushed, the first says enough. */
const isTold = ({flushed}: MarkReport, index: number, all: readonly MarkReport[]) =>
  !flushed || all[index - 1]?.flushed !== true;

/** Tells what the phone did before the interruptions with the largest errors, and what the worker said of each. */
export function tellWorst(all: readonly Interrupted[], reports: readonly CallReport[], count: number): void {
  const errorOf = ({rememberedMs, heardMs, twiceMs, skippedMs}: Interrupted) =>
    Math.max(Math.abs(rememberedMs - heardMs), twiceMs, skippedMs);
  for (const each of all.toSorted((a, b) => errorOf(b) - errorOf(a)).slice(0, count)) {
    const report = reports.find(({callSid}) => callSid === each.callSid);
    if (!report) continue;
    console.log(
      `\n${each.callSid} ${each.item}: heard ${each.heardMs} ms, ${each.twiceMs} of them twice, and ${each.skippedMs} in between not; the model remembers ${each.rememberedMs}, phone late by ${Math.round(each.phoneLateMs)}`,
    );
    const until = each.at === undefined ? Infinity : each.at - report.clockOrigin;
    const events = report.streams.flatMap(({segments, marks, clears, openedAt, closedAt}) => [
      ...(openedAt === undefined ? [] : [{at: openedAt, what: 'the stream opens'}]),
      ...(closedAt === undefined ? [] : [{at: closedAt, what: 'the stream closes'}]),
      ...segments.map(({at, from, to}) => ({at, what: `plays ${Math.round((to - from) / 8)} ms without a break`})),
      ...clears.map(({at, discardedBytes}) => ({at, what: `cleared, ${Math.round(discardedBytes / 8)} ms unplayed`})),
      ...marks.filter(isTold).map(({name, enqueuedAt, echoedAt, flushed}) => ({
        at: echoedAt,
        what: `returns ${name}, which came at ${Math.round(enqueuedAt - until)}${flushed ? ', flushed' : ''}`,
      })),
    ]);
    const spoke = report.spoke.map(({startedAt}) => ({at: startedAt, what: 'the caller speaks'}));
    for (const {at, what} of [...events, ...spoke].toSorted((a, b) => a.at - b.at)) {
      if (at > until - BEFORE && at < until + 200) console.log(`  ${Math.round(at - until)} ${what}`);
    }
    console.log(`  0 worker: ${each.line}\n`);
  }
}
