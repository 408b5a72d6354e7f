import {randomBytes} from 'node:crypto';
import type {MediaBus, Unsubscribe} from './media-bus.ts';
import type {Log} from '../observability/log.ts';
import {every, type Clock} from '../time.ts';
import {openRedis, type RedisClient} from '../redis/connect.ts';
import {ECHO_MS, EchoWatch} from './echo-watch.ts';
import {nodesOf} from '../redis/client.ts';
import {echoChannel} from '../redis/keys.ts';
import {outletOverPublish} from './outlet-over-publish.ts';
import {WriteProbe} from '../redis/write-probe.ts';

export interface BusOptions {
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Other connections to the same Redis. When it is demoted to a replica they are reopened with ours, because a
   * connection that only reads would stay.
   */
  readonly followers?: readonly RedisClient[];
}

/**
 * The media bus over Redis sharded pub/sub, standalone or Cluster. It uses two connections, and one more for each
 * presence channel.
 *
 * A hung Redis keeps its TCP connections open, and a silent subscriber notices nothing. The only proof of health is an
 * echo: a message from one of our connections to the other.
 */
export async function openIoredisMediaBus(url: string, {clock, log, followers = []}: BusOptions): Promise<MediaBus> {
  const publisher = openRedis(url, 'publish', log);
  const subscriber = openRedis(url, 'subscribe', log);
  const listeners = new Map<string, Set<(message: Buffer) => void>>();
  const presences = new Set<RedisClient>();
  const echo = echoChannel(randomBytes(8).toString('hex'));

  const watch = new EchoWatch(clock.now());
  const probe = new WriteProbe({
    set: (key, ttlMs) => publisher.set(key, '', 'PX', ttlMs),
    url,
    clock,
    log,
    moved: () => {
      for (const client of [publisher, subscriber, ...presences, ...followers]) client.disconnect(true);
    },
  });

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

  for (const client of [publisher, subscriber]) client.on('close', () => watch.disconnected());

  await subscribe(echo, () => watch.echoed(clock.now()));

  const listen = () => {
    if (watch.tick(clock.now())) for (const client of [publisher, subscriber]) client.disconnect(true);
    publisher.spublish(echo, '').catch(() => {});
  };
  listen();
  const stop = every(clock, ECHO_MS, listen);

  const publish: MediaBus['publish'] = async (channel, message) => Number(await publisher.spublish(channel, message));

  return {
    countsAll: !nodesOf(url).cluster,
    publish,
    outlet: (channel, delivered) => outletOverPublish(publish, channel, delivered),
    subscribe,
    async holdPresence(channel) {
      const line = openRedis(url, 'subscribe', log);
      presences.add(line);
      await line.ssubscribe(channel);
      return async () => {
        presences.delete(line);
        line.disconnect();
      };
    },
    wellSince: () => watch.wellSince(clock.now()),
    linkedSince: () => watch.linkedSince,
    trouble: () => probe.trouble ?? (watch.wellSince(clock.now()) === undefined ? 'no-answer' : undefined),
    async [Symbol.asyncDispose]() {
      stop();
      probe[Symbol.dispose]();
      listeners.clear();
      for (const client of [publisher, subscriber, ...presences]) client.disconnect();
    },
  };
}
