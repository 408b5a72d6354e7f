import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {expect, test} from 'vitest';
import {WebSocket} from 'ws';

test('as a process of its own it says where it listens, tells its sessions, and stops when asked', async () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: {...process.env, PORT: '0'},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async () => JSON.parse((await lines.next()).value ?? '{}');
  const {event, url} = await line();
  expect(event).toBe('listening');
  const client = new WebSocket(`${url}?model=gpt-realtime-2.1`, {headers: {authorization: 'Bearer any'}});
  await once(client, 'message');
  expect(await line()).toMatchObject({event: 'session opened', model: 'gpt-realtime-2.1'});
  client.close();
  expect(await line()).toMatchObject({event: 'session closed', refusals: 0});
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
