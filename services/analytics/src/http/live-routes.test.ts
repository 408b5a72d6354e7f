import {createServer} from 'node:http';
import {listen, closeServer} from '@voicebridge/shared/service/http.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import express from 'express';
import {expect, test} from 'vitest';
import {OpenStreams} from '../auth/open-streams.ts';
import {Sessions} from '../auth/sessions.ts';
import {DatabaseWatch} from '../database/database-watch.ts';
import {openEmbedded} from '../database/database.ts';
import {dataFolder} from '../testing/running-analytics.ts';
import {gate} from './gate.ts';
import {LiveFeed} from './live-feed.ts';
import {liveRoutes} from './live-routes.ts';

const HOUR = 3_600_000;

test('an open page does not prolong its session, and receives nothing more when that has expired', async () => {
  await using folder = await dataFolder();
  const clock = new FakeClock();
  const log = createLog('analytics', {level: 'silent'});
  await using database = new DatabaseWatch(await openEmbedded(folder.path), clock, log);
  await database.start();
  const readFleet = async () => ({workers: [], edges: []});
  const readActive = async () => ({calls: [], silent: []});
  const feed = new LiveFeed({database, readFleet, readActive, clock, log});
  const sessions = new Sessions(database, clock);
  const app = express();
  app.use('/api', gate({signIn: 'required', tokens: [], sessions, passed: () => {}}));
  app.use(liveRoutes({feed, database, sessions, streams: new OpenStreams(), clock}));
  const server = createServer(app);
  const port = await listen(server, 0, 'PORT', '127.0.0.1');
  const cookie = `voicebridge=${await sessions.open()}`;
  const ask = async () => await fetch(`http://127.0.0.1:${port}/api/live`, {headers: {cookie}});

  const stream = await ask();
  expect(stream.status).toBe(200);
  clock.advance(HOUR);
  expect(feed.listeners).toBe(1);
  clock.advance(HOUR + 60_000);
  const told = await stream.text();
  expect(told).toContain(': still here');
  expect(feed.listeners).toBe(0);
  expect((await ask()).status).toBe(401);
  await closeServer(server);
});
