import {createLog} from '@voicebridge/shared/observability/log.ts';
import {expect, test} from 'vitest';
import {offeredTools} from './offered-tools.ts';

const KEY = 'kC6S2fHx9Yz0bQ7r';

function offered(tools: Parameters<typeof offeredTools>[0], allow?: readonly string[]) {
  const lines: string[] = [];
  const log = createLog('test', {to: {write: line => void lines.push(line)}});
  return {names: offeredTools(tools, {allow, secrets: [KEY, 'of'], log}).map(({name}) => name), logged: lines.join('')};
}
const tool = (name: string, properties: object = {}) => ({
  name,
  description: `One of ${name}.`,
  inputSchema: {type: 'object', properties},
});
const many = Object.fromEntries(Array.from({length: 1_000}, (_, n) => [`f${n}`, {}]));

test('a server whose tools together are more than a session can be read with offers those that fit, and the operator is told', () => {
  const tools = Array.from({length: 20}, (_, n) => tool(`t${n}`, many));
  const {names, logged} = offered(tools);
  expect(names.length).toBeGreaterThan(2);
  expect(names.length).toBeLessThan(8);
  expect(logged).toContain('described too long');
  expect(offered(tools, ['t19']).names).toEqual(['t19']);
});

test('a tool that repeats the key of its server is not told to the model, nor is the key to the log', () => {
  const {names, logged} = offered([tool('good'), tool(KEY), {...tool('bad'), description: `Use ${KEY}.`}, tool('of')]);
  expect(names).toEqual(['good', 'of']);
  expect(logged).toContain('repeat a secret');
  expect(logged).not.toContain(KEY);
});
