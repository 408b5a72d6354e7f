import type {CaptureLine} from '@voicebridge/shared/capture/capture.ts';
import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {AwayOrder, type AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {CallSession} from '../../services/realtime-worker/src/call-session/call-session.ts';

/**
 * Tells a call again what came to it in a recording by another way than its stream and its model: from operators, the carrier's
 * REST, the fleet. What is not listed here follows from something else that is played: a stream, an assistant that is looked up, a return.
 */
export function tellFromOutside(session: CallSession, message: CaptureLine['message']): void {
  switch (message['kind']) {
    case 'drain':
      return session.drain();
    case 'over':
      return session.end(message['reason'] as EndReason, message['away'] as AwayOutcome | undefined);
    case 'transfer': {
      // Captures of before know only what kind of place it was.
      const order = AwayOrder.safeParse(message['order']);
      if (order.success) session.sendAway(order.data);
      return;
    }
    case 'answeredBy':
      return session.answeredBy(String(message['by']));
    case 'limit':
      return session.limitReached(message['reason'] as EndReason);
    default:
  }
}
