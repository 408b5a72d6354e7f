import type {CaptureLine} from '@voicebridge/shared/capture/capture.ts';
import type {ReadSection} from '@voicebridge/shared/capture/read-capture.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** A section on the time axis of its call: `from`, and `at` of its lines, count from the first moment of the call. */
export interface TimedSection extends ReadSection {
  readonly from: Millis;
}

/** A captured call, its sections in the order in which they began. */
export interface RecordedCall {
  readonly callSid: string;
  /** The first moment, in Unix milliseconds. */
  readonly wall: number;
  readonly edges: readonly TimedSection[];
  readonly workers: readonly TimedSection[];
  /** Up to where all of it is known. */
  readonly until: Millis;
  /** It ends in mid-call: a process was killed, the limit of size was reached, or a file was cut. */
  readonly isCut: boolean;
}

/** A capture that can be read and cannot be played. */
export class CannotReplay extends Error {}

/** Puts the sections of one call together, whatever files they are from. */
export function recordedCall(sections: readonly ReadSection[]): RecordedCall {
  const [first] = sections;
  const other = sections.find(({callSid}) => callSid !== first?.callSid);
  if (!first) throw new CannotReplay('there is no section');
  if (other) throw new CannotReplay(`these are two calls: ${first.callSid} and ${other.callSid}`);
  const wall = Math.min(...sections.map(section => section.wall));
  const timed = once(sections)
    .map((section): TimedSection => {
      const from = section.wall - wall;
      const lines = section.lines.map((line): CaptureLine => ({...line, at: line.at + from}));
      return {...section, from, lines, until: section.until + from};
    })
    .toSorted((a, b) => a.from - b.from);
  const edges = timed.filter(({half}) => half === 'edge');
  const workers = timed.filter(section => section.half === 'worker' && beganOf(section) !== undefined);
  if (edges.length === 0)
    throw new CannotReplay('the half of the edge is missing: give the file CALLSID.edge-….jsonl, too');
  const [begin] = workers;
  if (!begin) throw new CannotReplay('the half of the worker is missing: give the file CALLSID.worker-….jsonl, too');
  if (beganOf(begin)?.['cause'] === 'worker-lost' || beganOf(begin)?.['cause'] === 'worker-drained')
    throw new CannotReplay('the worker that began the call is missing: give its file, too');
  const lastWorker = workers.at(-1) ?? begin;
  const lastEdge = edges.at(-1);
  const cut = [lastWorker, lastEdge].filter(section => section && section.end !== 'over');
  const until = Math.max(...timed.map(section => section.until));
  return {
    callSid: first.callSid,
    wall,
    edges,
    workers,
    until: cut.length === 0 ? until : Math.min(...cut.map(section => section?.until ?? until)),
    isCut: cut.length > 0,
  };
}

/** A file may be there twice, compressed and not, and one of them be cut: of each section the longest. */
function once(sections: readonly ReadSection[]): ReadSection[] {
  const longest = new Map<string, ReadSection>();
  for (const section of sections) {
    const {half, process, wall, lines} = section;
    const key = `${half} ${process} ${wall}`;
    if (lines.length > (longest.get(key)?.lines.length ?? -1)) longest.set(key, section);
  }
  return [...longest.values()];
}

/** What a worker knew when it took the call. */
export function beganOf({lines}: ReadSection): CaptureLine['message'] | undefined {
  return lines.find(({socket, message}) => socket === 'call' && message['kind'] === 'began')?.message;
}
