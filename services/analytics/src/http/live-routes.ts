import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {Router} from 'express';
import type {OpenStreams} from '../auth/open-streams.ts';
import type {Sessions} from '../auth/sessions.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import {viewerOf} from './gate.ts';
import type {LiveFeed} from './live-feed.ts';
import {tidyNumbers} from '../queries/tidy-number.ts';

/** Concurrent subscribers. */
const MAX_FOLLOWERS = 200;
/**
 * A comment is sent this often, because proxies close silent connections; then it is also looked whether the session
 * has expired, or was ended at another process.
 */
const STILL_HERE: Millis = 15_000;
/** Bytes: a page that is further behind is disconnected. It reconnects by itself. */
const MAX_BEHIND = 1_000_000;

export interface LiveDeps {
  readonly feed: LiveFeed;
  readonly database: DatabaseWatch;
  readonly sessions: Sessions;
  readonly streams: OpenStreams;
  readonly clock: Clock;
}

/** Server-sent events: `call` for each finished call, `fleet` when the fleet has changed. A stream ends with its session. */
export function liveRoutes({feed, database, sessions, streams, clock}: LiveDeps): Router {
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
      else response.write(`event: ${event}\ndata: ${JSON.stringify(data, tidyNumbers)}\n\n`);
    });
    const {session} = viewerOf(request);
    const end = () => {
      unsubscribe();
      response.end();
    };
    const forget = session === undefined ? () => {} : streams.add(session, end);
    const stop = every(clock, STILL_HERE, () => {
      response.write(': still here\n\n');
      if (session === undefined || database.reason !== undefined) return;
      // A database that does not answer has no news for the page either.
      sessions.isOpen(session).then(
        isOpen => isOpen || end(),
        () => {},
      );
    });
    response.on('close', () => {
      stop();
      forget();
      unsubscribe();
    });
  });
  return routes;
}
