import type {Gap, StreamReport} from './call-report.ts';
import {BYTES_PER_MS} from '../phone/play-queue.ts';

/** The times between two streams of a call in which there was none. */
export function gapsBetween(streams: readonly StreamReport[]): Gap[] {
  const opened = streams
    .filter(stream => stream.openedAt !== undefined)
    .toSorted((a, b) => (a.openedAt ?? 0) - (b.openedAt ?? 0));
  return opened.flatMap((stream, index) => {
    const before = opened[index - 1];
    if (before?.closedAt === undefined || stream.openedAt === undefined || stream.openedAt < before.closedAt) return [];
    const last = before.segments.at(-1);
    const first = stream.segments[0];
    const gap = {closedAt: before.closedAt, reopenedAt: stream.openedAt, ms: stream.openedAt - before.closedAt};
    return [last && first ? {...gap, silentMs: first.at - (last.at + (last.to - last.from) / BYTES_PER_MS)} : gap];
  });
}
