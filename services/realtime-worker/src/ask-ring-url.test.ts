import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {expect, test} from 'vitest';
import {askRingUrl, ringSignature} from './ask-ring-url.ts';

const call = {
  callSid: 'CA1',
  direction: 'inbound',
  caller: '+4799999999',
  callee: '+4711111111',
  parameters: {},
} as const;

/** Asks a server that answers so, and returns what it was asked. */
async function askedOf(status: number, answer: string) {
  const asked: {signature: unknown; body: string}[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', part => (body += String(part)));
    request.on('end', () => {
      asked.push({signature: request.headers['voicebridge-signature'], body});
      response.writeHead(status, {location: '/elsewhere'}).end(answer);
    });
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const {port} = server.address() as AddressInfo;
  const ask = askRingUrl({
    url: `http://127.0.0.1:${port}`,
    secret: 'a secret of the builder',
    wall: () => 1_764_338_400_500,
  });
  const answered = ask({...call, signal: AbortSignal.timeout(10_000)}).finally(() => server.close());
  const settled = await answered.then(
    value => ({value, why: ''}),
    (thrown: unknown) => ({value: undefined, why: thrown instanceof Error ? thrown.message : ''}),
  );
  return {asked, ...settled};
}

test('RING_URL is told about the call in a request whose signature it can check', async () => {
  const {asked, ...answer} = await askedOf(200, '{"assistant": "nights"}');
  expect(answer).toEqual({value: {assistant: 'nights'}, why: ''});
  expect(JSON.parse(asked[0]?.body ?? '')).toEqual(call);
  expect(asked[0]?.signature).toBe(ringSignature('a secret of the builder', 1_764_338_400, asked[0]?.body ?? ''));
});

test('RING_URL may have nothing to say', async () => {
  expect(await askedOf(204, '')).toMatchObject({value: undefined, why: ''});
});

test.each<[string, number, string]>([
  ['an error', 500, '{}'],
  ['a redirect, which could lead anywhere', 302, '{}'],
  ['a page', 200, '<html>'],
  [
    'a hundred thousand brackets, which nobody may parse between two frames of other calls',
    200,
    `[${'[],'.repeat(50_000)}0]`,
  ],
  ['more than anybody can say', 200, `"${'a'.repeat(300_000)}"`],
])('RING_URL that answers with %s is an error, and the call goes on without it', async (_, status, answer) => {
  expect((await askedOf(status, answer)).why).toMatch(/./);
});
