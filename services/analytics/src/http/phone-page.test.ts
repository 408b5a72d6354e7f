import {once} from 'node:events';
import {createServer} from 'node:http';
import {portOf} from '@voicebridge/shared/service/http.ts';
import express from 'express';
import type {Browser, Page, WebSocketRoute} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {axeFindings, CHROMIUM, fitsThePage, hasChromium, launchBrowser, visitPage} from '../testing/browser.ts';
import {loadAssets, pageAssets} from './page-assets.ts';

const CONNECTED = {event: 'connected', callSid: `CA${'0'.repeat(32)}`, mayKill: true};
const SO_FAR = {
  event: 'soFar',
  worker: 'worker-4f1c09a7d2e3',
  edge: 'edge-2a70c9f3b1d6',
  failovers: [{kind: 'worker-lost'}],
  turns: [
    {
      turn: 1,
      cause: 'speech',
      platformTurnGapMs: 120,
      modelTtfbMs: 400,
      heardMs: 900,
      generatedMs: 2_000,
      interrupted: true,
    },
    {
      turn: 2,
      cause: 'digits',
      platformTurnGapMs: null,
      modelTtfbMs: null,
      heardMs: 0,
      generatedMs: 0,
      interrupted: false,
    },
  ],
  interruptions: [{turn: 1, tStopMs: 140}],
  toolCalls: [
    {name: 'find_table', ok: false, outcome: 'late', durationMs: 900, arguments: '{"people": 4}', result: null},
  ],
  transcript: [
    {role: 'caller', atMs: 1_000, text: 'Are you open on Sunday?', cut: false},
    {role: 'assistant', atMs: 3_000, text: 'We are open from nine', cut: true},
  ],
};

/** The page of the phone alone: what it says to the API and the line is answered by the test. */
describe.skipIf(!hasChromium)(`the page of the phone (needs ${CHROMIUM})`, () => {
  const ends = new AsyncDisposableStack();
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    const server = createServer(express().use(pageAssets(await loadAssets()))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    url = `http://127.0.0.1:${portOf(server)}/phone.html`;
    browser = await launchBrowser('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream');
    ends.defer(() => browser.close());
  });
  afterAll(() => ends.disposeAsync());

  const poll = <Value>(read: () => Value) => expect.poll(read, {timeout: 20_000});
  const state = (page: Page) => page.locator('#state').innerText();
  const press = (page: Page, name: string) => page.getByRole('button', {name, exact: true}).click();

  /** Somebody in front of the page. `lines`: the calls that it has placed. */
  async function sitDown(path = '') {
    const visited = await visitPage(browser, `${url}${path}`);
    const {page} = visited;
    const dialled: unknown[] = [];
    const lines: WebSocketRoute[] = [];
    await page.route('**/api/phone', async route => {
      dialled.push(route.request().postDataJSON());
      await route.fulfill({json: {ticket: 'a'.repeat(32)}});
    });
    await page.routeWebSocket(/\/phone\//, line => void lines.push(line));
    return {
      ...visited,
      dialled,
      lines,
      [Symbol.asyncDispose]: () => page.close(),
      tell: (...messages: object[]) => {
        for (const message of messages) lines.at(-1)?.send(JSON.stringify(message));
      },
    };
  }

  /** Somebody who talks. The page's sound and microphone are at `sound` and `microphone` of its window. */
  async function onThePhone() {
    const seated = await sitDown();
    const {page, lines, tell} = seated;
    await page.evaluate(`
      AudioContext = class extends AudioContext {
        constructor(options) {
          super(options);
          window.sound = this;
        }
      };
      const media = navigator.mediaDevices;
      const ask = media.getUserMedia.bind(media);
      media.getUserMedia = async wanted => (window.microphone = await ask(wanted));
      undefined;`);
    await press(page, 'Call');
    await poll(() => lines.length).toBe(1);
    tell(CONNECTED);
    await poll(() => state(page)).toBe('Connected: speak.');
    return seated;
  }

  test('who talks reads what happens to their call, and after its end why, and where its record is', async () => {
    await using phone = await onThePhone();
    const {page, tell, complaints} = phone;
    const says = async (message: object, words: string) => {
      tell(message);
      await poll(() => state(page)).toBe(words);
    };
    await says({event: 'reconnecting'}, 'The line is interrupted: the phone asks the network how the call goes on.');
    await says({event: 'say', text: 'One moment.'}, 'The network says: “One moment.”');
    await says(CONNECTED, 'Connected: speak.');
    await says({event: 'killing', what: 'edge', id: 'edge-1'}, 'The edge edge-1 was killed. Go on talking.');
    await says(
      {event: 'refused', why: 'no edge has the call at the moment'},
      'Not done: No edge has the call at the moment.',
    );
    await says(
      {event: 'ended', why: 'the webhook does not answer'},
      'The call ended: the webhook does not answer. Look at the call',
    );
    expect(await page.getByRole('button', {name: 'Kill the worker'}).isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });

  test('a pause of the sound is said for as long as it lasts, and then what was so before', async () => {
    await using phone = await onThePhone();
    const {page} = phone;
    await page.evaluate('sound.suspend()');
    await poll(() => state(page)).toContain('press “Go on”');
    await press(page, 'Go on');
    await poll(() => state(page)).toBe('Connected: speak.');
    expect(await page.getByRole('button', {name: 'Go on'}).isVisible()).toBe(false);
  });

  test.each([
    [
      'analytics dies',
      (line: WebSocketRoute) => line.close({code: 1_011}),
      'see whether analytics runs, then call again',
    ],
    [
      'the call is over',
      (line: WebSocketRoute) => line.send(JSON.stringify({event: 'ended', why: 'the call is over'})),
      'The call is over.',
    ],
    ['they hang up', (_: WebSocketRoute, page: Page) => press(page, 'Hang up'), 'You hung up.'],
    [
      'the microphone is unplugged',
      (_: WebSocketRoute, page: Page) => page.evaluate(`microphone.getTracks()[0].dispatchEvent(new Event('ended'))`),
      'The microphone is gone: plug it in, or allow it for this page, then call again.',
    ],
  ] as const)('who talks when %s reads why the call ended, and can call again', async (_, end, words) => {
    await using phone = await onThePhone();
    const {page, lines, tell} = phone;
    await end(lines[0]!, page);
    await poll(() => state(page)).toContain(words);
    expect(await page.getByRole('link', {name: 'Look at the call'}).count()).toBe(1);
    await press(page, 'Call');
    await poll(() => lines.length).toBe(2);
    tell(CONNECTED);
    await poll(() => state(page)).toBe('Connected: speak.');
  });

  test('who has no microphone to give, or whose call is not placed, reads why and what to do about it', async () => {
    await using phone = await sitDown();
    const {page, dialled} = phone;
    const reads = async (words: string) => {
      await press(page, 'Call');
      await poll(() => state(page)).toBe(words);
      expect(await page.getByRole('button', {name: 'Call', exact: true}).isEnabled()).toBe(true);
    };
    const refuses = (problem: string) =>
      page.evaluate(`navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', '${problem}'); }`);
    await page.evaluate('window.given = navigator.mediaDevices.getUserMedia, undefined');
    await refuses('NotAllowedError');
    await reads('The microphone was refused: allow it for this page, then call again.');
    await refuses('NotFoundError');
    await reads('No microphone was found: plug one in, then call again.');
    await refuses('NotReadableError');
    await reads('The microphone is used by another program: close that one, then call again.');
    await refuses('AbortError');
    await reads('The microphone does not work (AbortError): call again.');
    expect(dialled).toEqual([]);
    await page.evaluate('navigator.mediaDevices.getUserMedia = given, undefined');
    const answers = (status: number, json: object) =>
      page.route('**/api/phone', route => route.fulfill({status, json}));
    await answers(400, {field: 'to', detail: 'to is not understood'});
    await reads('That is not a number. Write one such as +4722334455: each assistant has its numbers in its file.');
    await answers(429, {detail: 'all phones are in use', cure: 'end one of the calls, or wait a moment'});
    await reads('All phones are in use: end one of the calls, or wait a moment.');
    await answers(401, {detail: 'you are not signed in'});
    await reads('You are not signed in. Sign in');
    await page.route('**/api/phone', route => route.abort());
    await reads('Analytics does not answer: see whether it runs, then call again.');
  });

  test('a line that analytics does not open is no silence', async () => {
    await using visited = await visitPage(browser, url);
    const {page} = visited;
    await page.route('**/api/phone', route => route.fulfill({json: {ticket: 'a'.repeat(32)}}));
    await press(page, 'Call');
    await poll(() => state(page)).toBe('Analytics did not open the line: load this page again, then call.');
  });

  test('a number in the address is called, however people write it, and Enter during a call places no second one', async () => {
    await using phone = await sitDown('?to=+47 22 33 (44) 55');
    const {page, dialled, lines, tell} = phone;
    await page.getByLabel('Number to call').focus();
    await page.keyboard.press('Enter');
    await poll(() => lines.length).toBe(1);
    tell(CONNECTED);
    await poll(() => state(page)).toBe('Connected: speak.');
    expect(dialled).toEqual([{to: '+4722334455'}]);
    await page.evaluate(`document.getElementById('dial').requestSubmit()`);
    // Its answer would come before that to a key.
    const keyed = Promise.withResolvers<unknown>();
    lines[0]!.onMessage(data => typeof data === 'string' && keyed.resolve(JSON.parse(data)));
    await page.keyboard.press('5');
    expect(await keyed.promise).toEqual({event: 'dtmf', digit: '5'});
    expect(dialled.length).toBe(1);
  });

  test('a reader who cannot see finds nothing in the way before, during and after a call, and while it is paused', async () => {
    await using phone = await onThePhone();
    const {page, tell} = phone;
    tell(SO_FAR);
    await page.getByText('the call has survived 1 failure').waitFor();
    // Whoever has the floor meanwhile.
    for (const floor of ['caller', 'assistant', 'both'])
      await page.evaluate(`document.querySelector('.line').append(Object.assign(
        document.createElement('span'), {className: 'pill ${floor}', textContent: '${floor}'}))`);
    const found = await axeFindings(page);
    // At the narrowest of the widths.
    expect(await fitsThePage(page)).toBe(true);
    await page.evaluate('sound.suspend()');
    await page.getByRole('button', {name: 'Go on'}).waitFor();
    found.push(...(await axeFindings(page, [390])));
    tell({event: 'ended', why: 'the browser sent no sound for 15 s'});
    await page.getByRole('link', {name: 'Look at the call'}).waitFor();
    found.push(...(await axeFindings(page)));
    expect(found).toEqual([]);
  });
});
