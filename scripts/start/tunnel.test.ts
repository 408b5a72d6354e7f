import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {openTunnel} from './tunnel.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tunnel-test-'))));
afterEach(() => rmSync(folder, {recursive: true}));

/** A tool that prints this and then does that. */
function tool(name: string, script: string): void {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}
const open = (within = 20_000) => openTunnel({port: 5050, env: {PATH: `${folder}:/usr/bin:/bin`}, within});
const STAYS = 'exec sleep 60';

test('a newcomer without a tool is told in one sentence how to get one', async () => {
  await expect(openTunnel({port: 5050, env: {PATH: folder}})).rejects.toThrow(
    /^--tunnel needs cloudflared, ngrok or tailscale on the PATH; cloudflared needs no account: https:\/\/\S+$/,
  );
});

test.each([
  [
    'cloudflared',
    `echo "terms: https://www.cloudflare.com/website-terms/ https://api.trycloudflare.com/tunnel" >&2
     echo "2026-11-29T07:00:00Z INF |  https://four-random-words-here.trycloudflare.com  |" >&2`,
    'https://four-random-words-here.trycloudflare.com',
  ],
  [
    'ngrok',
    'echo \'t=2026-11-29T07:00:00 lvl=info msg="started tunnel" obj=tunnels name=command_line addr=http://127.0.0.1:5050 url=https://a1b2.ngrok-free.app\'',
    'https://a1b2.ngrok-free.app',
  ],
  [
    'tailscale',
    'echo "Available on the internet:"; echo; echo "https://laptop.tail1234.ts.net/"; echo "|-- proxy http://127.0.0.1:5050"',
    'https://laptop.tail1234.ts.net',
  ],
])('a newcomer with %s gets the address of its tunnel, and it ends with us', async (name, script, url) => {
  tool(name, `echo "$@" > ${folder}/args\n${script}\n${STAYS}`);
  const tunnel = await open();
  expect(tunnel).toMatchObject({url, tool: name});
  await tunnel[Symbol.asyncDispose]();
  await tunnel.ended;
});

test('a newcomer with several tools gets the first one that works', async () => {
  tool('cloudflared', 'echo "failed to request quick Tunnel" >&2; exit 1');
  tool('ngrok', `echo url=https://b2.ngrok-free.app; ${STAYS}`);
  await using tunnel = await open();
  expect(tunnel.tool).toBe('ngrok');
});

test('a newcomer whose tool opens nothing is told what it says', async () => {
  tool('ngrok', 'echo "ERROR: authentication failed"; echo "ERR_NGROK_4018"; exit 1');
  await expect(open()).rejects.toThrow(
    'ngrok ended without a tunnel; it says: ERROR: authentication failed ERR_NGROK_4018',
  );
});

test('a newcomer does not wait for ever for a tool that says nothing', async () => {
  tool('tailscale', STAYS);
  await expect(open(100)).rejects.toThrow('tailscale opened no tunnel within 0.1 s; it says: nothing');
});

test('a newcomer learns when the tool has ended by itself', async () => {
  tool('cloudflared', 'echo https://x.trycloudflare.com; sleep 0.1');
  const tunnel = await open();
  await tunnel.ended;
});
