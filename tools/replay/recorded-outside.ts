import type {CaptureLine} from '@voicebridge/shared/capture/capture.ts';
import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {AwayOrder, type AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {VirtualBridge} from '../harness/virtual/virtual-bridge.ts';

type Tell = (bridge: VirtualBridge, message: CaptureLine['message']) => void;

/** What follows from something else that is played: a stream, an assistant that is looked up, a return, an outage. */
const FOLLOWS: Tell = () => {};

/**
 * What came to a call in a recording by another way than its stream and its model: from operators, the carrier's REST, the
 * fleet, the edge itself. Each kind that a capture may have is here.
 */
const OUTSIDE: Readonly<Record<string, Tell>> = {
  began: FOLLOWS,
  assistant: FOLLOWS,
  stream: FOLLOWS,
  returned: FOLLOWS,
  undelivered: FOLLOWS,
  drain: ({session}) => session?.drain(),
  over: ({session}, {reason, away}) => session?.end(reason as EndReason, away as AwayOutcome | undefined),
  transfer({session}, message) {
    // Captures of before know only what kind of place it was.
    const order = AwayOrder.safeParse(message['order']);
    if (order.success) session?.sendAway(order.data);
  },
  answeredBy: ({session}, {by}) => session?.answeredBy(String(by)),
  limit: ({session}, {reason}) => session?.limitReached(reason as EndReason),
  edgeDrain: bridge => bridge.drainEdge(),
  betterElsewhere(bridge) {
    bridge.isBetterElsewhere = true;
  },
};

/** Whether this version can play it. */
export const isKnownOutside = (kind: unknown): boolean => typeof kind === 'string' && Object.hasOwn(OUTSIDE, kind);

/** Tells a call again what came to it from outside. */
export function tellFromOutside(bridge: VirtualBridge, message: CaptureLine['message']): void {
  const {kind} = message;
  if (typeof kind === 'string' && isKnownOutside(kind)) OUTSIDE[kind]?.(bridge, message);
}
