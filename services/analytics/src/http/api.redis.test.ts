import {ConcurrencyAnswer} from '../queries/concurrency.ts';
import {everythingIn} from '../../../../tools/harness/redis-dump.ts';
import {provideRedis, type ProvidedRedis} from '../../../../tools/local-stack/redis/local-redis.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createHmac} from 'node:crypto';
import {pathToFileURL} from 'node:url';
import {chunkKey} from '@voicebridge/shared/recordings/chunk-key.ts';
import {FolderStore} from '@voicebridge/shared/recordings/folder-store.ts';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {Queue} from 'bullmq';
import {
  CALL_FINISHED,
  CALLS_QUEUE,
  CALLS_QUEUE_PREFIX,
  openAnalyticsQueue,
} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {RedisFleet} from '@voicebridge/shared/fleet/redis-fleet.ts';
import {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {newApiToken} from '@voicebridge/shared/config/api-tokens.ts';
import {FIRST, finishedCall, sidOf} from '../testing/finished-call.ts';
import {dataFolder, runAnalytics, temporaryFolder, until} from '../testing/running-analytics.ts';

const KEY = 'a key of sixteen or more';
const PASSWORD = 'correct horse battery';
const PROGRAMS = {
  reader: newApiToken('reader', ['read']),
  desk: newApiToken('desk', ['read', 'words', 'delete', 'audit']),
};
const bearer = ({token}: {token: string}) => ({authorization: `Bearer ${token}`});
let redis: ProvidedRedis;
let open: Awaited<ReturnType<typeof runAnalytics>>;
let closed: Awaited<ReturnType<typeof runAnalytics>>;
const ends = new AsyncDisposableStack();

beforeAll(async () => {
  redis = await provideRedis({kind: process.env['VOICEBRIDGE_REDIS'], log: () => {}});
  ends.defer(() => redis.close());
  const folders = [ends.use(await dataFolder()), ends.use(await dataFolder()), ends.use(await temporaryFolder())];
  const chunk = chunkKey(CallSid.parse(sidOf(1)), 0, 1);
  await new FolderStore(folders[2]!.path).put(chunk, Buffer.alloc(30_000 * 16, 0x80));
  open = ends.use(
    await runAnalytics({
      REDIS_URL: redis.url,
      DATA_DIR: folders[0]!.path,
      NUMBER_HASH_KEY: KEY,
      API_TOKENS: Object.values(PROGRAMS)
        .map(({entry}) => entry)
        .join(','),
    }),
  );
  // The second has a queue of its own: another database number of the same Redis.
  closed = ends.use(
    await runAnalytics({
      REDIS_URL: `${redis.url}/1`,
      DATA_DIR: folders[1]!.path,
      RECORDINGS_URL: pathToFileURL(folders[2]!.path).href,
      DASHBOARD_PASSWORD: PASSWORD,
      DASHBOARD_HOSTS: 'dashboard.example.com',
      TRUSTED_PROXIES: '127.0.0.1',
    }),
  );
  await send(0, finishedCall({number: 1, summary: {assistant: '=HYPERLINK("http://evil")'}}));
  await send(
    1,
    finishedCall({
      summary: {recordedFromMs: 0},
      rest: {transcript: [{line: 0, turn: 0, role: 'caller', at: 1, text: '=1+1', cut: false}]},
    }),
  );
  const cookie = await signIn();
  await until(
    async () => [(await ask(open, '/api/calls')).body, (await ask(closed, '/api/calls', {cookie})).body],
    pages => pages.every(page => JSON.stringify(page).includes(sidOf(1))),
  );
});
afterAll(() => ends.disposeAsync());

async function send(db: number, ...calls: Parameters<ReturnType<typeof openAnalyticsQueue>['send']>[0]) {
  const {hostname, port} = new URL(redis.url);
  await using queue = openAnalyticsQueue({host: hostname, port: Number(port), db});
  await queue.send(calls);
}

async function ask({url}: {url: string}, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(`${url}${path}`, {headers, method});
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: json ? (JSON.parse(text) as unknown) : undefined,
  };
}

/** The status of the answer to a request that names another host. */
async function askAs({url}: {url: string}, host: string, path: string, origin?: string): Promise<number | undefined> {
  const {request} = await import('node:http');
  const method = path === '/api/sign-in' ? 'POST' : 'GET';
  const headers = {host, ...(origin === undefined ? {} : {origin: `http://${origin}`})};
  return await new Promise((resolve, reject) =>
    request({host: '127.0.0.1', port: new URL(url).port, path, method, headers}, answer => resolve(answer.statusCode))
      .on('error', reject)
      .end(),
  );
}

async function trySignIn(password: string, headers: Record<string, string> = {}) {
  return await fetch(`${closed.url}/api/sign-in`, {
    method: 'POST',
    headers: {'content-type': 'application/json', ...headers},
    body: JSON.stringify({password}),
  });
}

/** Guesses until a guess is refused, which a slow one is not if it comes after the wait: each wrong one doubles that. */
async function guessUntilRefused(headers: Record<string, string> = {}): Promise<number[]> {
  const statuses: number[] = [];
  do statuses.push((await trySignIn('not the password', headers)).status);
  while (statuses.at(-1) === 401);
  expect(statuses.at(-1)).toBe(429);
  return statuses;
}
async function signIn(): Promise<string> {
  const response = await trySignIn(PASSWORD);
  expect(response.status).toBe(204);
  return (response.headers.get('set-cookie') ?? '').split(';')[0]!;
}

describe('a question that cannot be answered', () => {
  test.each([
    ['/api/calls?limit=0', 'limit', '1 to 1000'],
    ['/api/calls?colour=red', 'colour', 'leave it out; known here: from, to'],
    ['/api/calls?end_reason=caller.hung-up', 'end_reason', 'did you mean endReason?; known here: from, to'],
    ['/api/facets?assistant=default', 'assistant', 'nothing can be chosen here'],
    ['/api/active?limit=3', 'limit', 'nothing can be chosen here'],
    ['/api/session?a=1', 'a', 'nothing can be chosen here'],
    [`/api/calls/${sidOf(1)}?from=2026-11-22`, 'from', 'nothing can be chosen here'],
    ['/api/calls?from=yesterday', 'from', '2026-11-22T10:00:00Z'],
    ['/api/calls?after=x', 'after', 'next'],
    ['/api/calls?search=%25', 'search', 'CallSid'],
    ['/api/metrics', 'metric', 'platform_turn_gap'],
    ['/api/metrics?metric=speed', 'metric', 'platform_turn_gap'],
    ['/api/metrics?metric=cost&bucket=year', 'bucket', 'hour'],
    ['/api/metrics?metric=cost&by=tool', 'by', 'endReason'],
    ['/api/metrics?metric=cost&by=worker,model,edge', 'by', 'two'],
    ['/api/histogram?metric=cost&step=-1', 'step', 'above 0'],
    ['/api/histogram?metric=cost&step=1e-320', 'step', 'above 0'],
    ['/api/concurrency?assistant=%00', 'assistant', 'control characters'],
    ['/api/concurrency?bucket=1', 'bucket', 'minute'],
    ['/api/calls/CA%201', 'callSid', '1 to 64'],
    ['/api/metrics?metric=cost&metric=calls', 'metric', 'must be'],
  ])('the answer to %s names the field at fault and the cure', async (path, field, cure) => {
    const {status, body} = await ask(open, path);
    expect(status).toBe(400);
    expect(body).toMatchObject({field, cure: expect.stringContaining(cure), detail: expect.any(String)});
  });

  test('an unknown call and an unknown path are answered with 404', async () => {
    expect(await ask(open, `/api/calls/${sidOf(99)}`)).toMatchObject({status: 404, body: {field: 'callSid'}});
    expect(await ask(open, `/api/calls/${sidOf(99)}/neighbours`)).toMatchObject({
      status: 404,
      body: {field: 'callSid', title: 'Not Found'},
    });
    expect(await ask(open, '/api/colours')).toMatchObject({
      status: 404,
      body: {cure: expect.stringContaining('openapi')},
    });
  });
});

test('a body that is not JSON is refused, and never taken for none', async () => {
  const headers = {'content-type': 'application/x-www-form-urlencoded'};
  const post = (path: string, body: string) => fetch(`${open.url}${path}`, {method: 'POST', headers, body});
  for (const path of ['/api/phone', '/api/find-number', '/api/sign-in']) {
    const response = await post(path, 'to=%2B4722334455');
    expect([path, response.status, response.headers.get('content-type')]).toEqual([
      path,
      415,
      expect.stringContaining('application/problem+json'),
    ]);
    expect(await response.json()).toMatchObject({cure: expect.stringContaining('content-type: application/json')});
  }
  // Without a body the phone calls its usual number; here it is off.
  expect((await fetch(`${open.url}/api/phone`, {method: 'POST'})).status).toBe(409);
});

describe('files', () => {
  test('an analyst takes the peaks of concurrent calls away, as the picture shows them', async () => {
    const {body} = await ask(open, '/api/concurrency?bucket=day');
    const {buckets} = ConcurrencyAnswer.parse(body);
    expect(buckets.length).toBeGreaterThan(0);
    const lines = buckets.map(({at, peak}) => `${at},${peak}\r\n`);
    expect((await ask(open, '/api/concurrency.csv?bucket=day')).text).toBe(`at,peak\r\n${lines.join('')}`);
  });

  test('an analyst takes the calls of each hour of the week away, by the clock of a zone that exists', async () => {
    const {text} = await ask(open, '/api/calls-by-hour.csv?zone=Europe/Oslo');
    expect(text).toMatch(/^weekday,hour,count\r\n(\d,\d+,\d+\r\n)+$/);
    for (const zone of ['Europe/Atlantis', '%2B01:00', "'"])
      expect(await ask(open, `/api/calls-by-hour?zone=${zone}`)).toMatchObject({
        status: 400,
        body: {field: 'zone', cure: expect.stringContaining('such as Europe/Oslo')},
      });
  });

  test('a name that a spreadsheet would run as a formula is written to CSV as text', async () => {
    const {headers, text} = await ask(open, '/api/calls.csv');
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename=calls.csv');
    expect(text.split('\r\n')).toHaveLength(3);
    expect(text).toContain(`,"'=HYPERLINK(""http://evil"")",`);
    expect((await ask(open, '/api/metrics.csv?metric=calls&by=assistant')).text).toContain(`"'=HYPERLINK`);
    expect((await ask(open, '/api/turns.csv')).text).toMatch(/platformTurnGapMs[\s\S]*,801,/);
  });

  test('what a caller said is escaped in CSV too, and is there only for a viewer who signed in', async () => {
    const path = `/api/calls/${sidOf(1)}/timeline.csv`;
    expect((await ask(closed, path, {cookie: await signIn()})).text).toContain(`caller said,,'=1+1`);
    expect((await ask(open, path)).text).toContain('assistant started');
  });
});

describe('a recording', () => {
  const path = `/api/calls/${sidOf(1)}/recording.wav`;

  test('is played by whoever may read what was said, from anywhere in it, and each hearing is in the audit', async () => {
    const cookie = await signIn();
    await until(
      async () => (await ask(closed, `/api/calls/${sidOf(1)}`, {cookie})).text,
      call => call.includes('"state":"kept"'),
    );
    const whole = await fetch(closed.url + path, {headers: {cookie}});
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect([whole.status, whole.headers.get('content-type'), bytes.length]).toEqual([200, 'audio/wav', 44 + 960_000]);
    const part = await fetch(closed.url + path, {headers: {cookie, range: 'bytes=100001-200000'}});
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 100001-200000/960044']);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100_001, 200_001))).toBe(true);
    const beyond = await fetch(closed.url + path, {headers: {cookie, range: 'bytes=2000000-'}});
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */960044']);
    const peaks = await fetch(closed.url + path.replace('.wav', '.peaks'), {headers: {cookie}});
    expect((await peaks.arrayBuffer()).byteLength).toBe(3_000);
    const {text} = await ask(closed, '/api/audit', {cookie});
    expect(text.match(/recording\.heard/g)).toHaveLength(1);
    const last = await fetch(closed.url + path, {headers: {cookie, range: 'bytes=-9999999'}});
    expect([last.status, last.headers.get('content-range')]).toEqual([206, 'bytes 0-960043/960044']);
  });

  test('a test of the call is downloaded by whoever may read what was said, and by nobody else', async () => {
    const path = `/api/calls/${sidOf(1)}/rehearsal.yaml`;
    expect((await ask(closed, path)).status).toBe(401);
    expect(await ask(open, path)).toMatchObject({status: 403});
    const {status, text, headers} = await ask(closed, path, {cookie: await signIn()});
    expect([status, headers.get('content-disposition')]).toEqual([200, expect.stringContaining('.call.yaml')]);
    expect(text).toMatch(/^# Made of the record[^]*caller:[^]*says: "Hello\?"[^]*hangsUp: true[^]*endedBy: caller\n$/);
  });

  test('a call is tagged and remarked on by whoever signed in, and by nobody else', async () => {
    const headers = {'content-type': 'application/json', cookie: await signIn()};
    const send = async (to: {url: string}, what: string, body: object, sent: Record<string, string>) =>
      await fetch(`${to.url}/api/calls/${sidOf(1)}/${what}`, {
        method: 'POST',
        headers: sent,
        body: JSON.stringify(body),
      });
    const tagged = await send(closed, 'tags', {tag: 'complaint'}, headers);
    expect([tagged.status, await tagged.json()]).toEqual([200, {tags: ['complaint']}]);
    expect((await send(closed, 'tags', {tag: 'Two Words'}, headers)).status).toBe(400);
    expect((await send(closed, 'remarks', {text: 'call them back'}, headers)).status).toBe(200);
    expect((await ask(closed, `/api/calls/${sidOf(1)}`, {cookie: headers.cookie})).text).toContain('call them back');
    expect((await ask(closed, '/api/calls?tag=complaint', {cookie: headers.cookie})).text).toContain(sidOf(1));
    const off = await ask(closed, `/api/calls/${sidOf(1)}/tags/complaint`, {cookie: headers.cookie}, 'DELETE');
    expect(off.body).toEqual({tags: []});
    const reader = {'content-type': 'application/json', ...bearer(PROGRAMS.reader)};
    expect((await send(open, 'tags', {tag: 'complaint'}, reader)).status).toBe(403);
  });

  test('is played to nobody else', async () => {
    expect((await ask(closed, path)).status).toBe(401);
    expect((await ask(open, path)).status).toBe(403);
    expect((await ask(open, path, bearer(PROGRAMS.reader))).status).toBe(403);
    expect(await ask(open, path, bearer(PROGRAMS.desk))).toMatchObject({status: 404, body: {cure: expect.any(String)}});
  });
});

describe('access', () => {
  test('without a password only the loopback names of this machine lead to the API', async () => {
    const {port} = new URL(open.url);
    expect((await ask({url: `http://localhost:${port}`}, '/api/calls')).status).toBe(200);
    for (const host of ['evil.example', '203.0.113.1', 'dashboard.example.com', '127.0.0.1.evil.example'])
      expect(await askAs(open, host, '/api/calls'), host).toBe(403);
  });

  test('with a password too, a page whose name leads to this machine reaches neither the API nor the sign-in', async () => {
    for (const path of ['/', '/api/session', '/api/calls', '/api/sign-in'])
      expect(await askAs(closed, 'evil.example:6153', path, 'evil.example:6153'), path).toBe(403);
    for (const host of ['dashboard.example.com', 'DASHBOARD.example.com:443', '203.0.113.1', '[::1]:5053', 'localhost'])
      expect(await askAs(closed, host, '/api/session'), host).toBe(200);
    expect(await askAs(closed, 'evil.example', '/livez')).toBe(200);
  });

  test('a program may do what its token is for, and no more', async () => {
    const call = `/api/calls/${sidOf(1)}`;
    expect((await ask(open, '/api/calls', bearer(PROGRAMS.reader))).status).toBe(200);
    expect(await ask(open, call, bearer(PROGRAMS.reader), 'DELETE')).toMatchObject({
      status: 403,
      body: {cure: 'use one with the scope delete'},
    });
    expect((await ask(open, '/api/audit', bearer(PROGRAMS.reader))).status).toBe(403);
    expect((await ask(open, '/api/calls', bearer(newApiToken('reader', ['read'])))).status).toBe(401);
    expect((await ask(closed, '/api/calls', bearer(PROGRAMS.desk))).status).toBe(401);
    expect(await ask(open, `/api/active/${sidOf(1)}/hang-up`, bearer(PROGRAMS.desk), 'POST')).toMatchObject({
      status: 403,
      body: {type: 'about:blank', title: 'Forbidden', status: 403, cure: 'use one with the scope hang-up'},
    });
    for (const method of ['GET', 'POST'])
      expect(await ask(open, `/api/active/${sidOf(1)}/transfer`, bearer(PROGRAMS.desk), method)).toMatchObject({
        status: 403,
        body: {cure: 'use one with the scope transfer'},
      });
  });

  test('without a password nobody deletes and nobody reads the audit, not even from this machine', async () => {
    for (const [path, method] of [
      [`/api/calls/${sidOf(1)}`, 'DELETE'],
      ['/api/numbers/abc123', 'DELETE'],
      ['/api/forget-number', 'POST'],
      [`/api/active/${sidOf(1)}/hang-up`, 'POST'],
      [`/api/active/${sidOf(1)}/transfer`, 'POST'],
      ['/api/calls?words=hello', 'GET'],
      ['/api/find-number', 'POST'],
      ['/api/audit', 'GET'],
      ['/api/audit.csv', 'GET'],
    ] as const)
      expect(await ask(open, path, {}, method), path).toMatchObject({
        status: 403,
        body: {cure: expect.stringContaining('DASHBOARD_PASSWORD')},
      });
  });

  test('an operator sees who signed in, who was refused, and who read, exported and deleted what', async () => {
    const from = {'x-forwarded-for': '203.0.113.77'};
    await trySignIn('not the password', from);
    const response = await trySignIn(PASSWORD, from);
    const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0]!;
    const as = {cookie, ...from};
    await ask(closed, `/api/calls/${sidOf(1)}`, as);
    await ask(closed, '/api/calls.csv?limit=1', as);
    await ask(closed, '/api/calls.csv?assistant=default', as);
    await ask(closed, '/api/calls.csv?assistant=default&words=confidential', as);
    await ask(closed, '/api/calls/CA-none', as, 'DELETE');
    const {body} = await ask(closed, '/api/audit?limit=1000', as);
    const {text: file} = await ask(closed, '/api/audit.csv', as);
    expect(file.split('\r\n')[0]).toBe('at,action,subject,who,address');
    expect(
      file
        .split('\r\n')
        .filter(line => line.includes('203.0.113.77'))
        .at(-1),
    ).toContain('sign-in.refused,dashboard');
    // Each entry, and the taking of this file.
    expect(file.trim().split('\r\n')).toHaveLength((body as {entries: []}).entries.length + 2);
    await ask(closed, '/api/sign-out', as, 'POST');
    const {entries} = body as {entries: {who: string; address: string; action: string; subject: string}[]};
    const ours = entries.filter(({address}) => address === '203.0.113.77').toReversed();
    const who = expect.stringMatching(/^session [0-9a-f]{12}$/);
    expect(ours).toMatchObject([
      {action: 'sign-in.refused', who: null},
      {action: 'sign-in', who},
      {action: 'transcript.read', subject: sidOf(1), who},
      {action: 'export', subject: 'calls.csv?assistant=default', who},
      {action: 'transcript.searched', subject: 'calls', who},
      {action: 'export', subject: 'calls.csv?assistant=default&words=withheld', who},
      {action: 'call.erased', subject: 'CA-none', who},
    ]);
    expect(JSON.stringify(entries)).not.toContain('not the password');
    expect(JSON.stringify(entries)).not.toContain('confidential');
  });

  test('behind a proxy of ours, wrong passwords of one browser do not make the others wait', async () => {
    const [guesser, user] = [{'x-forwarded-for': '198.51.100.1'}, {'x-forwarded-for': '198.51.100.2'}];
    expect((await guessUntilRefused(guesser)).slice(0, 4)).toEqual([401, 401, 401, 401]);
    expect((await trySignIn(PASSWORD, user)).status).toBe(204);
  });

  test('an open page receives nothing more once its user has signed out', async () => {
    const cookie = await signIn();
    const {body} = await fetch(`${closed.url}/api/live`, {headers: {cookie}});
    const reader = body!.getReader();
    await reader.read();
    await ask(closed, '/api/sign-out', {cookie}, 'POST');
    await send(1, finishedCall({number: 11}));
    let told = '';
    for (;;) {
      const {value, done} = await reader.read();
      if (done) break;
      told += new TextDecoder().decode(value);
    }
    expect(told).not.toContain(sidOf(11));
  });

  test('with a password the API needs a session; the page and the description of the API do not', async () => {
    for (const path of [
      '/api/calls',
      '/api/metrics?metric=calls',
      '/api/live',
      `/api/calls/${sidOf(1)}`,
      '/api/calls.csv',
    ])
      expect(await ask(closed, path)).toMatchObject({
        status: 401,
        body: {cure: expect.stringContaining('/api/sign-in')},
      });
    for (const path of ['/', '/app.js', '/vendor/uplot.js', '/api/openapi.json', '/api/session', '/livez', '/readyz'])
      expect((await ask(closed, path)).status).toBe(200);
    expect(await ask(closed, '/api/calls', {cookie: 'voicebridge=' + 'x'.repeat(43)})).toMatchObject({status: 401});
  });

  test('a viewer reads a transcript after signing in, and not after signing out', async () => {
    const cookie = await signIn();
    const call = `/api/calls/${sidOf(1)}`;
    expect(await ask(closed, call, {cookie})).toMatchObject({
      body: {transcriptState: 'shown', transcript: [{text: '=1+1'}]},
    });
    expect((await ask(closed, '/api/sign-out', {cookie}, 'POST')).status).toBe(204);
    expect((await ask(closed, call, {cookie})).status).toBe(401);
  });

  test('the session cookie is for this site alone, and over https has the prefix __Host-', async () => {
    expect((await trySignIn(PASSWORD)).headers.get('set-cookie')).toMatch(
      /^voicebridge=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    // Two proxies in front of it may each say so.
    for (const proto of ['https', 'https, http'])
      expect((await trySignIn(PASSWORD, {'x-forwarded-proto': proto})).headers.get('set-cookie')).toMatch(
        /^__Host-voicebridge=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
      );
  });

  test('another site cannot make a browser delete a call', async () => {
    const cookie = await signIn();
    for (const header of [{origin: 'https://evil.example'}, {'sec-fetch-site': 'cross-site'}, {origin: 'null'}])
      expect((await ask(closed, `/api/calls/${sidOf(1)}`, {cookie, ...header}, 'DELETE')).status).toBe(403);
    expect((await trySignIn(PASSWORD, {origin: 'https://evil.example'})).status).toBe(403);
  });

  test('an attacker who guesses passwords has to wait after the fourth', async () => {
    let refused: Response;
    let tries = 0;
    // The first wait is a second. Where the machine is so busy that it is over, they guess again.
    do {
      expect((await guessUntilRefused()).slice(0, 4)).toEqual([401, 401, 401, 401]);
      refused = await trySignIn(PASSWORD);
      tries += 1;
    } while (refused.status !== 429 && tries < 5);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('every answer has the strict content security policy of the page', async () => {
    for (const path of ['/', '/api/calls', '/api/nothing']) {
      const {headers} = await ask(open, path);
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'(?!.*unsafe)/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });
});

describe('erasure', () => {
  test('a caller is forgotten by their telephone number where NUMBER_HASH_KEY is set', async () => {
    const forget = async (url: string, number: string) => {
      const headers = {'content-type': 'application/json', ...bearer(PROGRAMS.desk)};
      const response = await fetch(`${url}/api/forget-number`, {
        method: 'POST',
        headers,
        body: JSON.stringify({number}),
      });
      return {status: response.status, body: await response.json()};
    };
    expect(await forget(open.url, 'somebody')).toMatchObject({status: 400, body: {field: 'number'}});
    expect(await forget(open.url, '+14155550100')).toEqual({status: 200, body: {erased: 0, queued: 0}});
    const hash = createHmac('sha256', KEY).update('+14155550100').digest('hex').slice(0, 32);
    const caller = {hash, lastTwo: '00', number: null};
    await send(0, finishedCall({number: 8, startedAt: Date.now() + 60_000, summary: {caller}}));
    await until(
      () => ask(open, `/api/calls/${sidOf(8)}`),
      answer => answer.status === 200,
    );
    expect(await forget(open.url, '+14155550100')).toEqual({status: 200, body: {erased: 1, queued: 0}});

    // Records that nobody stores: one is refused, one comes in a week.
    const {hostname, port} = new URL(redis.url);
    const connection = {host: hostname, port: Number(port)};
    const queue = new Queue(CALLS_QUEUE, {connection, prefix: CALLS_QUEUE_PREFIX});
    ends.defer(() => queue.close());
    await queue.add(CALL_FINISHED, {nonsense: hash}, {attempts: 1_000});
    await queue.add(CALL_FINISHED, finishedCall({number: 9, summary: {caller}}), {delay: 604_800_000});
    await queue.add(CALL_FINISHED, finishedCall({number: 10}), {delay: 604_800_000});
    await until(
      () => queue.getFailedCount(),
      count => count === 1,
    );
    expect(await forget(open.url, '+14155550100')).toEqual({status: 200, body: {erased: 0, queued: 2}});
    expect(await queue.getDelayedCount()).toBe(1);
    const left = await everythingIn(redis.url);
    expect(left).toContain(sidOf(10));
    expect(left).not.toContain(hash);
  });
});

describe('live events', () => {
  test('an open page receives the state of the fleet, and each call as soon as it ends', async () => {
    const client = openRedis(redis.url, 'commands', createLog('test', {level: 'silent'}));
    ends.defer(() => client.disconnect());
    await new RedisFleet(client).announce('workers', {
      id: ProcessId.parse('worker-0001'),
      calls: 3,
      capacity: 200,
      state: 'ready',
      lagMs: 1.5,
      startedAt: FIRST,
    });
    const abort = new AbortController();
    const {body} = await fetch(`${open.url}/api/live`, {signal: abort.signal});
    let told = '';
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
    const hears = async (text: string) => {
      while (!told.includes(text)) told += (await reader.read()).value ?? '';
    };
    await hears('event: fleet');
    await hears('"workers":[{"id":"worker-0001","calls":3,"capacity":200,"state":"ready","url":null,"lagMs":1.5}]');
    await send(0, finishedCall({number: 7}));
    await hears('event: call');
    await hears(sidOf(7));
    abort.abort();
    await ask(open, `/api/calls/${sidOf(7)}`, bearer(PROGRAMS.desk), 'DELETE');
  });
});
