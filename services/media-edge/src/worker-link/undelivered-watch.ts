import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import type {ProcessId} from '@voicebridge/shared/protocol/ids.ts';

/**
 * A bus that also tells who was spoken to in vain: that costs nothing, and is the first sign of a death. Who was meant
 * is asked before a message leaves: by the time Redis says that nobody heard it, the call may be somebody else's.
 */
export function undeliveredWatch(
  bus: MediaBus,
  listenerOf: (channel: string) => ProcessId | undefined,
  inVain: (listener: ProcessId) => void,
): MediaBus {
  return {
    async publish(channel, message) {
      const listener = listenerOf(channel);
      const receivers = await bus.publish(channel, message);
      if (receivers === 0 && listener) inVain(listener);
      return receivers;
    },
    subscribe: (channel, listener) => bus.subscribe(channel, listener),
    holdPresence: channel => bus.holdPresence(channel),
    wellSince: () => bus.wellSince(),
    linkedSince: () => bus.linkedSince(),
    trouble: () => bus.trouble(),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}
