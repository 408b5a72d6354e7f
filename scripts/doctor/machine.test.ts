import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {closeServer, listen} from '@voicebridge/shared/service/http.ts';
import {systemClock} from '@voicebridge/shared/time.ts';
import {readSettings} from '../start/plan.ts';
import {checkClock, checkDescriptors, checkDisk} from './machine.ts';
import {doctorSettings} from './settings.ts';

const HOUR = 3_600_000;

test.each([
  [0, /^fine: agrees with 127/],
  [HOUR, /^warning: 3600 s behind 127/],
  [-HOUR, /^warning: 3600 s ahead of 127/],
])('an operator learns how far the clock is from that of a server that is %i ms ahead', async (ahead, words) => {
  const server = createServer((_, response) => {
    response.writeHead(404, {date: new Date(Date.now() + ahead).toUTCString()}).end();
  });
  onTestFinished(() => closeServer(server));
  const url = `ws://127.0.0.1:${await listen(server, 0)}/v1/realtime`;
  const settings = doctorSettings(readSettings({OPENAI_API_KEY: 'sk-test', OPENAI_REALTIME_URL: url}));
  const [found] = await checkClock(settings, systemClock);
  expect(`${found?.level}: ${found?.what}`).toMatch(words);
});

test('an operator whose model server cannot be reached is not told of it once more under the clock', async () => {
  const url = 'ws://127.0.0.1:9/v1/realtime';
  const settings = doctorSettings(readSettings({OPENAI_API_KEY: 'sk-test', OPENAI_REALTIME_URL: url}));
  expect(await checkClock(settings, systemClock)).toMatchObject([
    {level: 'skipped', what: 'cannot be compared: 127.0.0.1:9 refuses the connection'},
  ]);
});

test('an operator learns whether as many sockets may be opened as the calls need', async () => {
  const maxCalls = {edge: 400, worker: 200};
  expect(await checkDescriptors({maxCalls}, 1_050)).toMatchObject([{level: 'fine'}]);
  expect(await checkDescriptors({maxCalls}, 1_024)).toMatchObject([
    {
      level: 'warning',
      what: '1024 may be open, and 400 calls need 1050',
      cure: expect.stringContaining('ulimit -n 1050'),
    },
  ]);
});

test('an operator learns how much room the records have, also before their folder is there', async () => {
  const there = {databaseUrl: undefined, dataDir: join(tmpdir(), 'not', 'yet')};
  expect(await checkDisk(there)).toMatchObject([{what: expect.stringMatching(/\d+ [MG]B free at /)}]);
  expect(await checkDisk({...there, databaseUrl: 'postgres://h/db'})).toMatchObject([{level: 'skipped'}]);
});
