import {once} from 'node:events';
import {expect, test} from 'vitest';
import {WebSocket} from 'ws';
import {startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import {watchRealModel} from './real-model.ts';

test('a real model gets every message with its key, and what it says and calls is noted', async () => {
  const reply = [{say: {text: 'One moment.', audioMs: 100}}, {call: {name: 'book', arguments: {people: 4}}}];
  const knobs = {speed: [20, 20], firstDeltaMs: [1, 1]} as const;
  await using real = await startFakeOpenAI({apiKey: 'sk-real', script: [reply], knobs});
  await using watched = await watchRealModel({upstream: real.url, apiKey: 'sk-real'});
  const told: string[] = [];
  const saw = watched.begin(
    {caller: [{hangsUp: true}], people: {}, model: [], expects: {tool: {}, result: {}, heard: [], transferred: []}},
    line => told.push(line),
  );
  const worker = new WebSocket(`${watched.url}?model=gpt-realtime-2.1`, {headers: {authorization: 'Bearer sk-real'}});
  await once(worker, 'open');
  worker.send(JSON.stringify({type: 'response.create'}));
  await expect.poll(() => told, {timeout: 10_000}).toEqual(['assistant  One moment.', expect.stringContaining('book')]);
  const {sessions, said} = saw();
  expect(said).toEqual(['One moment.']);
  const calls = sessions.flatMap(({items}) => items.filter(({type}) => type === 'function_call'));
  expect(calls.map(item => item.toWire())).toMatchObject([{name: 'book'}]);
  worker.close();
  await once(worker, 'close');
});
