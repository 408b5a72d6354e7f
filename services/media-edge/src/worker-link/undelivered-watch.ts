import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import type {ProcessId} from '@voicebridge/shared/protocol/ids.ts';

/**
 * A bus that also reports a worker when a message to it had no receiver. That costs no extra message and is the first
 * sign that the worker is dead. `listenerOf` is asked before a message is sent: when Redis answers, the call may have
 * another owner.
 */
export function undeliveredWatch(
  bus: MediaBus,
  listenerOf: (channel: string) => ProcessId | undefined,
  undelivered: (listener: ProcessId) => void,
): MediaBus {
  return {
    countsAll: bus.countsAll,
    async publish(channel, message) {
      const listener = listenerOf(channel);
      const receivers = await bus.publish(channel, message);
      if (receivers === 0 && listener) undelivered(listener);
      return receivers;
    },
    outlet(channel, delivered) {
      let listener: ProcessId | undefined;
      const outlet = bus.outlet(channel, (tag, receivers) => {
        if (receivers === 0 && listener) undelivered(listener);
        delivered(tag, receivers);
      });
      return {
        send(message, tag, urgency) {
          listener = listenerOf(channel);
          outlet.send(message, tag, urgency);
        },
      };
    },
    subscribe: (channel, listener) => bus.subscribe(channel, listener),
    holdPresence: channel => bus.holdPresence(channel),
    wellSince: channel => bus.wellSince(channel),
    linkedSince: channel => bus.linkedSince(channel),
    trouble: () => bus.trouble(),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}
