import {http, note} from '@voicebridge/assistant';
import type {OutgoingRequest} from '@voicebridge/assistant/http/http-tool.ts';
import {Definition} from '@voicebridge/assistant/definition.ts';
import {sampleAssistant} from '@voicebridge/assistant/testing/sample-assistant.ts';
import {storedVersion, versionOf} from '@voicebridge/assistant/version.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {expect, test} from 'vitest';
import {z} from 'zod';
import {toolsOf} from './assistant-tools.ts';

const weather = http.get({
  about: 'The weather.',
  input: z.object({city: z.string()}),
  url: 'https://weather.example/{city}',
  pick: 'today',
});
const order = http.post({about: 'Orders.', input: z.object({dish: z.string()}), url: 'https://shop.example/orders'});
const version = versionOf(sampleAssistant, {
  name: 'line',
  file: 'line.ts',
  definition: Definition.parse({tools: {weather, order, take_down: note({fields: {name: {type: 'string'}}})}}),
  prompt: undefined,
  source: undefined,
});

test('a worker that has not read the file of an assistant has its tools that ask servers or note facts all the same', async () => {
  const elsewhere = storedVersion(version.hash, JSON.stringify(version.stored));
  const tools = elsewhere ? toolsOf(elsewhere) : [];
  expect(tools.map(({name}) => name)).toEqual(['hang_up', 'weather', 'order', 'take_down']);
  const tool = tools.find(({name}) => name === 'weather');
  const sent: OutgoingRequest[] = [];
  const send = async (request: OutgoingRequest) => {
    sent.push(request);
    return {status: 200, type: 'application/json', body: '{"today":"sun"}'};
  };
  const job = {
    callSid: CallSid.parse(`CA${'1'.repeat(32)}`),
    key: 'CA1:c1',
    secrets: {},
    signal: new AbortController().signal,
    send,
  };
  if (tool?.runs !== 'later') throw new Error('it is no tool that asks');
  expect(await tool.run({city: 'Bern'}, job)).toEqual({kind: 'output', output: 'sun'});
  expect(sent).toMatchObject([{url: 'https://weather.example/Bern', headers: {'idempotency-key': 'CA1:c1'}}]);
});

test('a GET may be asked again after a fault, a POST only where its tool says so', () => {
  const repeatable = toolsOf(version).flatMap(tool => (tool.runs === 'later' ? [[tool.name, tool.isRepeatable]] : []));
  expect(repeatable).toEqual([
    ['weather', true],
    ['order', false],
  ]);
});
