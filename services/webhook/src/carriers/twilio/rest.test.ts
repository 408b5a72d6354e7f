import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {expect, test} from 'vitest';
import {findCall, placeCall} from './calls.ts';
import {twilioRest} from './rest.ts';

/** Asks a REST API that answers so. */
async function asking<Told>(answer: RequestListener, ask: (rest: ReturnType<typeof twilioRest>) => Promise<Told>) {
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  try {
    return await ask(twilioRest({api: `http://127.0.0.1:${port}`, accountSid: 'AC1', token: 'the-token'}));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const saying =
  (status: number, body: string): RequestListener =>
  (_request, response) =>
    void response.writeHead(status).end(body);

test('an API that answers without end is not read to its end, and nobody knows whether a call was made', async () => {
  let poured = 0;
  const told = await asking(
    (_request, response) => {
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x'))) poured += 65_536;
        response.once('drain', pour);
      };
      pour();
    },
    rest => placeCall(rest, {To: '+15550100001'}),
  );
  expect(told).toEqual({outcome: 'unknown', reason: expect.stringContaining('more than 1048576 bytes')});
  expect(poured).toBeLessThan(30_000_000);
});

test.each([
  ['a megabyte of brackets', '['.repeat(1_000_000)],
  ['half of an answer', '{"sid":"CA1","sta'],
  ['an answer in which the number of somebody stands where the state should', '{"sid":"CA1","status":["+4799999999"]}'],
])('%s is one sentence without what was said', async (_, body) => {
  const began = performance.now();
  const thrown = await asking(saying(200, body), rest => findCall(rest, 'CA1').catch(String));
  expect(thrown).toBe('Error: the answer of Twilio’s REST API cannot be read');
  expect(await asking(saying(201, body), rest => placeCall(rest, {}))).toMatchObject({outcome: 'unknown'});
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('a refusal is told with its code and in Twilio’s words, without the number of anybody, and not at any length', async () => {
  const refusal = (message: unknown, code: unknown = 21_211) =>
    asking(saying(400, JSON.stringify({code, message})), rest => placeCall(rest, {}));
  expect(await refusal("The 'To' number +47 999 99 999 is not a valid phone number.")).toMatchObject({
    outcome: 'refused',
    reason: "Twilio answers 400 (21211: The 'To' number … is not a valid phone number.)",
  });
  expect(JSON.stringify(await refusal('x'.repeat(500_000))).length).toBeLessThan(400);
  expect(await refusal({}, 4_799_999_999)).toMatchObject({reason: 'Twilio answers 400'});
  expect(await asking(saying(400, '['.repeat(500_000)), rest => placeCall(rest, {}))).toMatchObject({
    reason: 'Twilio answers 400',
  });
});
