import {readCapture} from '@voicebridge/shared/capture/read-capture.ts';
import {type AwayOutcome, outcomeFact} from '@voicebridge/shared/protocol/away.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {VirtualBridge} from '../harness/virtual/virtual-bridge.ts';
import {decisionsOf, type Difference, firstDifference, type Tolerance, USUAL_TOLERANCE} from './decisions.ts';
import {beganOf, type RecordedCall, recordedCall} from './recorded-call.ts';
import {outagesIn} from './recorded-outages.ts';
import {recordedPhone, playLines} from './recorded-phone.ts';
import {tellFromOutside} from './recorded-outside.ts';
import {recordedWorker} from './recorded-worker.ts';
import {firstUnknown, type UnknownEvent} from './unknown-event.ts';

export interface Replayed {
  /** The first decision of any process that is not the same; undefined: all are. */
  readonly difference: Difference | undefined;
  /** How many decisions were recorded. */
  readonly decisions: number;
  /** Up to where it was compared. */
  readonly until: Millis;
  /** What this version cannot play; compared up to there. */
  readonly unknown: UnknownEvent | undefined;
  /** Errors that the product logged meanwhile. */
  readonly errors: readonly string[];
}

/** Events of one moment come one after the other here: what happened just before another thing is put so long before it. */
const BEFORE: Millis = 0.5;

/**
 * Plays a recorded call through the real edge legs, frame channels and call sessions: the phone and the model say again what they said.
 * What crosses the sockets is captured again, and the decisions of both captures are compared.
 */
export async function replay(recorded: RecordedCall, tolerance: Tolerance = USUAL_TOLERANCE): Promise<Replayed> {
  const unknown = firstUnknown(recorded);
  const call = unknown ? {...recorded, until: Math.min(recorded.until, unknown.at), isCut: true} : recorded;
  const bridge = new VirtualBridge(call.wall);
  await play(call, bridge);
  await bridge.clock.leap(call.until + tolerance.timeMs);
  const now = recordedCall(readCapture(bridge.captures.text, 'the replay'));
  // Both clocks count from the first section, which may have begun at another moment.
  const shift = now.wall - call.wall;
  const pairs = [
    ...call.edges.map((section, index) => [section, now.edges[index]] as const),
    ...call.workers.map((section, index) => [section, now.workers[index]] as const),
  ];
  const differences = pairs.flatMap(([was, is]) => {
    const replayed = decisionsOf(is ?? {lines: []}).map(one => ({...one, at: one.at + shift}));
    const until = was.end === 'over' && !call.isCut ? Infinity : Math.min(call.until, was.until);
    return firstDifference(decisionsOf(was), replayed, tolerance, until) ?? [];
  });
  return {
    difference: differences.toSorted((a, b) => a.at - b.at)[0],
    decisions: pairs.flatMap(([was]) => decisionsOf(was)).filter(({at}) => at <= call.until).length,
    until: call.until,
    unknown,
    errors: bridge.errors,
  };
}

async function play(call: RecordedCall, bridge: VirtualBridge): Promise<void> {
  const {clock} = bridge;
  const callSid = CallSid.parse(call.callSid);
  for (const [index, section] of call.workers.entries()) {
    bridge.addWorker(await recordedWorker(section, clock));
    const {assistantName, facts, cause} = beganOf(section) as {
      assistantName: string;
      facts: Record<string, string>;
      cause: string;
    };
    if (index === 0) clock.after(section.from, () => void bridge.begin(callSid, assistantName, facts));
    else if (cause === 'worker-lost') clock.after(section.from - BEFORE, () => bridge.killWorker());
    const outside = section.lines.filter(({socket, direction}) => socket === 'call' && direction === 'in');
    playLines(outside, clock, message => tellFromOutside(bridge, message));
    for (const {from, until} of outagesIn(section)) {
      clock.after(Math.max(0, from - BEFORE), () => bridge.setDown(true));
      clock.after(Math.max(0, until - BEFORE), () => bridge.setDown(false));
    }
  }
  for (const [index, section] of call.edges.entries()) {
    const facts = index === 0 ? {} : returnBefore(call, section.from);
    playLines(
      section.lines.filter(({socket}) => socket === 'call'),
      clock,
      message => tellFromOutside(bridge, message),
    );
    clock.after(section.from, () => {
      const phone = () => recordedPhone(section, clock);
      if (index === 0) bridge.openStream(phone());
      else void bridge.openNextStream(callSid, phone, facts);
    });
  }
}

/** What the webhook knew of the caller's absence when it gave them this stream. */
function returnBefore({workers}: RecordedCall, from: Millis): Record<string, string> {
  const lines = workers.flatMap(section => section.lines);
  const returned = lines.find(({at, message}) => message['kind'] === 'returned' && at >= from)?.message;
  if (!returned) return {};
  return outcomeFact({away: Number(returned['away']), outcome: returned['outcome'] as AwayOutcome});
}
