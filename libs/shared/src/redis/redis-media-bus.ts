import {randomBytes} from 'node:crypto';
import type {MediaBus, Unsubscribe} from '../frame-channel/media-bus.ts';
import type {Log} from '../log.ts';
import {every, type Clock, type Millis} from '../time.ts';
import {openRedis} from './connect.ts';
import {echoChannel} from './keys.ts';

/** We talk to ourselves through Redis this often. */
const ECHO_MS = 50;
/** No echo for this long: Redis is unwell. Shorter than any silence that makes us suspect a peer (peer-watch.ts). */
const UNWELL_MS = 150;
/** No echo for this long: the connections are dead whatever TCP says, and are opened anew. */
const RECYCLE_MS = 750;

/**
 * The media bus over Redis sharded pub/sub, standalone or Cluster, on two connections of its own.
 *
 * A hung Redis keeps its TCP connections and a silent subscriber notices nothing, so the only proof of health is an
 * echo: a message to ourselves, from one connection to the other.
 */
export async function openRedisMediaBus(url: string, {clock, log}: {clock: Clock; log: Log}): Promise<MediaBus> {
  const publisher = openRedis(url, 'publish', log);
  const subscriber = openRedis(url, 'subscribe', log);
  const listeners = new Map<string, Set<(message: Buffer) => void>>();
  const echo = echoChannel(randomBytes(8).toString('hex'));

  let echoedAt: Millis = clock.now();
  let recycledAt: Millis = clock.now();
  let wellSince: Millis | undefined;

  subscriber.on('smessageBuffer', (channel: Buffer | string, message: Buffer) => {
    const to = listeners.get(channel.toString('latin1'));
    if (to) for (const listener of to) listener(message);
  });

  const subscribe = async (channel: string, listener: (message: Buffer) => void): Promise<Unsubscribe> => {
    const known = listeners.get(channel);
    const mine = known ?? new Set();
    mine.add(listener);
    if (!known) {
      listeners.set(channel, mine);
      await subscriber.ssubscribe(channel);
    }
    return async () => {
      if (!mine.delete(listener) || mine.size > 0) return;
      listeners.delete(channel);
      await subscriber.sunsubscribe(channel);
    };
  };

  for (const client of [publisher, subscriber]) client.on('close', () => (wellSince = undefined));

  await subscribe(echo, () => {
    echoedAt = clock.now();
    wellSince ??= echoedAt;
  });

  const listen = () => {
    const at = clock.now();
    if (at - echoedAt > UNWELL_MS) wellSince = undefined;
    if (at - Math.max(echoedAt, recycledAt) > RECYCLE_MS) {
      recycledAt = at;
      for (const client of [publisher, subscriber]) client.disconnect(true);
    }
    publisher.spublish(echo, '').catch(() => {});
  };
  listen();
  const stop = every(clock, ECHO_MS, listen);

  return {
    publish: async (channel, message) => Number(await publisher.spublish(channel, message)),
    subscribe,
    wellSince: () => (clock.now() - echoedAt > UNWELL_MS ? undefined : wellSince),
    async [Symbol.asyncDispose]() {
      stop();
      listeners.clear();
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}
