import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {createServer as createSecureServer} from 'node:https';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {closeServer, listen} from '@voicebridge/shared/service/http.ts';
import {TestDeployment} from '../../services/webhook/src/testing/test-deployment.ts';
import {TestEdge} from '../../services/media-edge/src/testing/test-edge.ts';
import {freePort} from '../../tools/local-stack/processes.ts';
import {hasOpenssl, makeCertificates} from '../../tools/local-stack/redis/certificates.ts';
import {newCallSid} from '../../services/media-edge/src/testing/twilio-client.ts';
import type {LetIn} from './trial-ticket.ts';
import {checkCertificates, checkEdge, checkWebhook} from './public-addresses.ts';

const TOKEN = 'the-token';

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

const told = async (checking: ReturnType<typeof checkWebhook>) =>
  (await checking).map(({level, what, cure = ''}) => `${level}: ${what} ${cure}`).join('\n');

/** A server that answers everything with this status. */
async function answering(status: number, headers: Record<string, string> = {}): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status, headers).end());
  stack.defer(() => closeServer(server));
  return `http://127.0.0.1:${await listen(server, 0)}`;
}

describe('the webhook, asked from outside,', () => {
  async function webhook(env: Record<string, string> = {}) {
    const deployment = stack.use(new TestDeployment());
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    await deployment.webhook({PORT: String(port), PUBLIC_WEBHOOK_URL: url, TWILIO_AUTH_TOKEN: TOKEN, ...env});
    return {url, deployment};
  }
  const check = (webhookUrl: string | undefined, tokens: readonly string[] = [TOKEN]) =>
    told(checkWebhook({webhookUrl, edgeUrl: undefined, tokens}));

  test('is fine when it takes our signature and no other request, and no call began', async () => {
    const {url, deployment} = await webhook();
    expect(await check(url)).toMatch(/^fine: 127\.0\.0\.1:\d+ is our webhook and takes Twilio's signature/);
    expect(deployment.asked).toEqual([]);
  });

  test('is broken with another token, or another public address, than set here', async () => {
    const {url} = await webhook();
    expect(await check(url, ['another'])).toMatch(/^broken: the webhook refuses our signature It runs with another/);
    const {url: renamed} = await webhook({PUBLIC_WEBHOOK_URL: 'https://voice.example.com'});
    expect(await check(renamed)).toMatch(/^broken: the webhook refuses our signature/);
    expect(await check(url, [])).toMatch(/^broken: the webhook asks for a signature, and no token is set here/);
  });

  test('is fine without signatures on loopback, where only this machine can call', async () => {
    const {url} = await webhook({TWILIO_VALIDATE: 'off'});
    expect(await check(url)).toMatch(/^fine: is our webhook; it takes unsigned requests, on loopback only/);
  });

  test('is not there: nothing listens, the tunnel leads nowhere, or somebody else answers', async () => {
    expect(await check('http://127.0.0.1:1')).toMatch(/^broken: .*refuses the connection Start the system/);
    expect(await check(await answering(502))).toMatch(/^broken: the tunnel is open, and nothing is behind it \(502\)/);
    const ngrok = await answering(404, {'ngrok-error-code': 'ERR_NGROK_3200'});
    expect(await check(ngrok)).toMatch(/^broken: the tunnel is open, .*ERR_NGROK_3200/);
    expect(await check(await answering(200))).toMatch(
      /^broken: PUBLIC_WEBHOOK_URL answers 200, as our webhook does not/,
    );
    expect(await check(undefined)).toMatch(/^skipped: /);
  });
});

describe('the edge, asked from outside,', () => {
  async function edge(env: Record<string, string> = {}) {
    const port = await freePort();
    const url = `ws://127.0.0.1:${port}`;
    const test = await TestEdge.start({PORT: String(port), PUBLIC_EDGE_URL: url, TWILIO_AUTH_TOKEN: TOKEN, ...env});
    return {url, test};
  }
  const nobodyLetIn = async () => false;
  const check = (edgeUrl: string | undefined, tokens: readonly string[] = [TOKEN], letIn: LetIn = nobodyLetIn) =>
    told(checkEdge({webhookUrl: undefined, edgeUrl, tokens}, letIn));

  test('is fine when it opens a WebSocket for our signature and a ticket, and no call begins', async () => {
    const {url, test} = await edge();
    const letIn: LetIn = async ticket => {
      await test.directory.putTicket(ticket, {callSid: newCallSid(), epoch: 1});
      return true;
    };
    expect(await check(url, [TOKEN], letIn)).toMatch(/^fine: 127\.0\.0\.1:\d+ opens Twilio's WebSocket/);
  });

  test('is fine when it takes our signature, where we cannot leave a ticket', async () => {
    const {url} = await edge();
    expect(await check(url)).toMatch(/^fine: 127\.0\.0\.1:\d+ is our edge and takes Twilio's signature/);
  });

  test('is broken when it has another Redis than we left the ticket in', async () => {
    const {url} = await edge();
    expect(await check(url, [TOKEN], async () => true)).toMatch(/^broken: .* It has another Redis than REDIS_URL/);
  });

  test('is broken with another token, or another public address, than set here', async () => {
    const {url} = await edge();
    expect(await check(url, ['another'])).toMatch(/^broken: the edge refuses our signature/);
    const {url: renamed} = await edge({PUBLIC_EDGE_URL: 'wss://edge.example.com'});
    expect(await check(renamed)).toMatch(/^broken: the edge refuses our signature/);
  });

  test('is not there, or behind a proxy that passes no WebSockets on', async () => {
    expect(await check('ws://127.0.0.1:1')).toMatch(/^broken: .*refuses the connection/);
    expect(await check((await answering(200)).replace('http', 'ws'))).toMatch(/^broken: .*must pass WebSockets on/);
    expect(await check((await answering(503)).replace('http', 'ws'))).toMatch(/^warning: the edge is full/);
    expect(await check(undefined)).toMatch(/^skipped: /);
  });
});

test('a certificate is looked at only where there is one', async () => {
  const addresses = {webhookUrl: 'http://127.0.0.1:1', edgeUrl: 'ws://127.0.0.1:1', tokens: []};
  expect(await told(checkCertificates(addresses, 0))).toMatch(/^skipped: /);
  const {port} = new URL(await answering(200));
  const plain = {...addresses, edgeUrl: `wss://127.0.0.1:${port}`};
  expect(await told(checkCertificates(plain, 0))).toMatch(/^broken: 127\.0\.0\.1:\d+ does not speak TLS there/);
});

test.skipIf(!(await hasOpenssl()))(
  'an operator learns when a certificate expires, and that nobody vouches for it',
  async () => {
    const {folder, authority: ca} = stack.use(await makeCertificates());
    const [cert, key] = ['server.crt', 'server.key'].map(name => readFileSync(join(folder, name)));
    const server = createSecureServer({cert: cert!, key: key!});
    stack.defer(() => closeServer(server));
    const url = `https://localhost:${await listen(server, 0)}`;
    const check = (now: number, trust = {}) =>
      told(checkCertificates({webhookUrl: url, edgeUrl: undefined, tokens: []}, now, trust));
    const day = 86_400_000;
    expect(await check(Date.now() - 30 * day, {ca})).toMatch(/^fine: localhost:\d+: valid for (30|31) more days/);
    expect(await check(Date.now(), {ca})).toMatch(/^warning: localhost:\d+: valid for \d more days Renew it/);
    expect(await check(Date.now())).toMatch(/^broken: localhost:\d+ has a certificate that nobody vouches for/);
  },
);
