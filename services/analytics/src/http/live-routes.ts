import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {Router} from 'express';
import type {LiveFeed} from './live-feed.ts';
import {BadQuestion} from '../queries/bad-question.ts';

/** Concurrent subscribers. */
const MAX_FOLLOWERS = 200;
/** A comment is sent this often, because proxies close silent connections. */
const STILL_HERE: Millis = 15_000;
/** Bytes: a page that is further behind is disconnected. It reconnects by itself. */
const MAX_BEHIND = 1_000_000;

/** Server-sent events: `call` for each finished call, `fleet` when the fleet has changed. */
export function liveRoutes(feed: LiveFeed, clock: Clock): Router {
  const routes = Router();
  routes.get('/api/live', (request, response) => {
    if (feed.listeners >= MAX_FOLLOWERS)
      throw new BadQuestion({error: 'too many pages follow already', cure: 'close one, or ask /api/calls'}, 503);
    response.set({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    response.write('retry: 2000\n\n');
    const unsubscribe = feed.subscribe(({event, data}) => {
      if (response.writableLength > MAX_BEHIND) response.destroy();
      else response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    });
    const stop = every(clock, STILL_HERE, () => response.write(': still here\n\n'));
    response.on('close', () => {
      stop();
      unsubscribe();
    });
  });
  return routes;
}
