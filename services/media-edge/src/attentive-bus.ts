import type {MediaBus} from '@voicebridge/shared/frame-channel/media-bus.ts';

/** A bus that also tells which channel a message went to in vain: that costs nothing, and is the first sign of a death. */
export function attentiveBus(bus: MediaBus, inVain: (channel: string) => void): MediaBus {
  return {
    async publish(channel, message) {
      const receivers = await bus.publish(channel, message);
      if (receivers === 0) inVain(channel);
      return receivers;
    },
    subscribe: (channel, listener) => bus.subscribe(channel, listener),
    wellSince: () => bus.wellSince(),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}
