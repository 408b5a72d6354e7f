import type {Delivered, MediaBus, Outlet} from './media-bus.ts';

/** An outlet for a bus that has only `publish`: one promise a message, and nothing waits for company. */
export function outletOverPublish(publish: MediaBus['publish'], channel: string, delivered: Delivered): Outlet {
  return {
    send(message, tag) {
      publish(channel, Buffer.from(message)).then(
        receivers => delivered(tag, receivers),
        () => delivered(tag, 0),
      );
    },
  };
}
