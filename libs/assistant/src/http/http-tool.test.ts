import {secretsOf, withoutSecrets} from './hidden-secrets.ts';
import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterEach, expect, test} from 'vitest';
import {z} from 'zod';
import {assistant, Definition} from '../definition.ts';
import {YamlDefinition} from '../load/yaml-definition.ts';
import {http, requestOf, resultOf} from './http-tool.ts';
import {isPrivate, sender} from './send-request.ts';

const call = {key: 'CA1:c1', variables: {'caller.number': '+47 1'}, signal: new AbortController().signal};
const input = z.object({city: z.string(), people: z.number()});
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  closers.push(() => server.close());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const send = sender(name => (name === 'TOKEN' ? 's3cret' : undefined));
const ask = (url: string, more: object = {}) =>
  send({...requestOf({...http.get({about: 'Asks.', input, url}), ...more}, {}, call), allowPrivate: true, ...more});

test('arguments and variables are escaped in a URL, and what it does not name goes into the query or the body', () => {
  const url = 'https://shop.example/{city}/{{caller.number}}';
  const args = {city: 'a/b?c', people: 4};
  const get = requestOf(http.get({about: 'Asks.', input, url}), args, call);
  expect(get.url).toBe('https://shop.example/a%2Fb%3Fc/%2B47%201?people=4');
  const post = requestOf(http.post({about: 'Books.', input, url}), args, call);
  expect(post).toMatchObject({body: '{"people":4}', headers: {'idempotency-key': 'CA1:c1'}});
});

test('a URL whose host could be chosen by a caller is refused, and so is a secret that is written out', () => {
  const of = (tool: object) =>
    Definition.safeParse(
      assistant({tools: {ask: {...http.get({about: 'Asks.', input, url: 'https://a.example'}), ...tool}}}),
    );
  expect(of({}).success).toBe(true);
  for (const url of [
    'https://{city}.example',
    'file:///etc/passwd',
    'https://user:pass@a.example',
    'https://{{host}}/',
  ])
    expect(of({url}).success, url).toBe(false);
  expect(of({headers: {authorization: {env: 'TOKEN'}}}).success).toBe(true);
  expect(of({headers: {authorization: {env: 'lower case'}}}).success).toBe(false);
});

test('a picked field of the answer is the result; a web page, an error and a missing field are failures', () => {
  const answer = (body: string, status = 200, type = 'application/json') => resultOf({status, type, body}, 'a.b');
  expect(answer('{"a":{"b":[1]}}')).toEqual({ok: true, output: [1]});
  expect(answer('{"a":{}}')).toMatchObject({ok: false});
  expect(answer('{"a":{}}', 500)).toMatchObject({ok: false, output: expect.stringContaining('500')});
  expect(answer('<html>', 200, 'text/html')).toMatchObject({ok: false});
  expect(resultOf({status: 204, type: '', body: ''}, undefined)).toEqual({ok: true, output: 'Done.'});
});

test('a megabyte of brackets is never parsed: with a field to pick it is a failure, and without one it is a text', () => {
  const deep = `{"a":${'['.repeat(500_000)}${']'.repeat(500_000)}}`;
  const wide = `{"a":[${'{"b":1},'.repeat(100_000)}0]}`;
  for (const body of [deep, wide]) {
    const answer = {status: 200, type: 'application/json', body};
    expect(resultOf(answer, 'a')).toEqual({ok: false, output: expect.stringContaining('too many or too deep')});
    expect(resultOf(answer, undefined)).toEqual({ok: true, output: body});
  }
  const hundreds = JSON.stringify({a: Array.from({length: 3_000}, (_, n) => ({table: n, free: true}))});
  expect(resultOf({status: 200, type: 'application/json', body: hundreds}, 'a')).toMatchObject({ok: true});
});

test('a secret comes from the environment, and does not follow a redirect to another server', async () => {
  const seen: (string | undefined)[] = [];
  const other = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end('there');
  });
  const first = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(302, {location: other}).end();
  });
  const headers = {authorization: {env: 'TOKEN'}};
  expect(await ask(first, {headers})).toMatchObject({status: 200, body: 'there'});
  expect(seen).toEqual(['s3cret', undefined]);
  await expect(ask(first, {headers: {authorization: {env: 'MISSING'}}})).rejects.toThrow('MISSING is not set');
});

test('what a server answers is without our key, though it repeats it', async () => {
  const url = await serve((request, response) => {
    response.end(JSON.stringify({error: `the key ${request.headers.authorization} is not good`, hint: 's3cret?'}));
  });
  const headers = {authorization: {env: 'TOKEN', prefix: 'Bearer '}};
  const {body} = await ask(url, {headers});
  expect(JSON.parse(body)).toEqual({error: 'the key Bearer [secret] is not good', hint: '[secret]?'});
});

test.each([
  [
    'as JSON writes it',
    'ab+/c=12"',
    String.raw`{"error":"ab\u002B\/c\u003d12\" is wrong"}`,
    '{"error":"[secret] is wrong"}',
  ],
  ['as addresses write it', 'ab+/c=12"', 'see /keys?key=ab%2B%2fc%3D12%22&x=1', 'see /keys?key=[secret]&x=1'],
  ['short, and alone', 'k7q', String.raw`{"error":"bad key:\nk7q"}`, String.raw`{"error":"bad key:\n[secret]"}`],
  ['short, and a part of a word, which it may be by chance', 'k7q', 'the ship ak7qb', 'the ship ak7qb'],
])('a secret that a server repeats is taken out %s', (_, secret, text, without) => {
  expect(withoutSecrets(text, [secret])).toBe(without);
});

test('a token that is repeated without its scheme is taken out, and so is the password of a user', () => {
  const values: Record<string, string> = {
    TOKEN: 'Bearer abc-123-def',
    USER: Buffer.from('shop:open sesame').toString('base64'),
  };
  const headers = {authorization: {env: 'TOKEN'}, 'x-user': {env: 'USER', prefix: 'Basic '}};
  const secrets = secretsOf(headers, name => values[name]);
  expect(withoutSecrets('abc-123-def and shop:open sesame and "open sesame"', secrets)).toBe(
    '[secret] and [secret] and "[secret]"',
  );
});

test('a megabyte of what is nearly a secret is looked through in a moment', () => {
  const secret = 'kC6S2fHx+9/Yz0bQ7rT1mWvA4dE8gJ3nL5pU='.repeat(2);
  const began = performance.now();
  for (const text of [secret.slice(0, -1).repeat(14_000), '%'.repeat(1_000_000), '\\'.repeat(1_000_000)])
    expect(withoutSecrets(text, [secret])).toBe(text);
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('digits that a caller entered are in the body of a POST, never in a URL, and go to no other server', async () => {
  const seen: string[] = [];
  const other = await serve((request, response) => {
    request.on('data', (part: Buffer) => seen.push(`other ${part.toString()}`));
    request.on('end', () => response.end());
  });
  const first = await serve((request, response) => {
    request.on('data', (part: Buffer) => seen.push(part.toString()));
    request.on('end', () => response.writeHead(307, {location: other}).end());
  });
  const tool = {...http.post({about: 'Checks.', input, url: first}), secrets: ['pin'], allowPrivate: true};
  const request = requestOf(tool, {city: 'Bern'}, {...call, secrets: {pin: '1234'}});
  await expect(send(request)).rejects.toThrow('redirects to another one');
  expect(seen).toEqual(['{"city":"Bern","pin":"1234"}']);
  const asGet = {...http.get({about: 'Checks.', input, url: first}), secrets: ['pin']};
  expect(Definition.safeParse({tools: {asGet}}).error?.issues).toMatchObject([{path: ['tools', 'asGet', 'secrets']}]);
});

test('a secret is referred to with what stands before it, and is refused where it is written out', async () => {
  const seen: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end();
  });
  const authorization = {env: 'TOKEN', prefix: 'Bearer '};
  await ask(url, {headers: {authorization}});
  expect(seen).toEqual(['Bearer s3cret']);
  for (const wrong of [{url: `${url}/?token=abc`}, {headers: {'x-api-key': 'abc'}}, {headers: {cookie: 'a=b'}}])
    expect(Definition.safeParse({tools: {ask: {...http.get({about: 'Asks.', input, url}), ...wrong}}}).success).toBe(
      false,
    );
});

test('a tool in YAML is the same as one in code', () => {
  const written = {
    kind: 'http',
    about: 'Asks.',
    url: 'https://a.example/{city}',
    input: {city: {pattern: '^B'}, people: {type: 'integer', min: 1, max: 9, optional: true}, day: {format: 'date'}},
  };
  const {tools} = YamlDefinition.parse({tools: {ask: written, hang_up: 'off'}});
  expect([tools?.['hang_up'], tools?.['ask']]).toMatchObject([false, {kind: 'http', method: 'GET', url: written.url}]);
  const ask = tools?.['ask'];
  const accepts = (args: object) => ask && ask.kind === 'http' && ask.input.safeParse(args).success;
  expect(accepts({city: 'Bern', day: '2030-01-02'})).toBe(true);
  for (const args of [
    {city: 'Oslo', day: '2030-01-02'},
    {city: 'Bern', day: 'x'},
    {city: 'Bern', day: '2030-01-02', people: 10},
  ])
    expect(accepts(args)).toBe(false);
});

test('an answer of 50 MB is not read to its end', async () => {
  let sent = 0;
  const url = await serve((_, response) => {
    const more = (): void => {
      while (sent < 50_000_000) {
        sent += 65_536;
        if (response.write(Buffer.alloc(65_536))) continue;
        response.once('drain', more);
        return;
      }
      response.end();
    };
    more();
  });
  await expect(ask(url)).rejects.toThrow('longer than 65536 bytes');
  expect(sent).toBeLessThan(20_000_000);
});

test('addresses of this machine and of private networks are refused unless allowed, also after a redirect', async () => {
  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '192.168.0.1',
    '192.0.2.1',
    '203.0.113.9',
    '::ffff:0:127.0.0.1',
    '2001:db8::1',
    '100::1',
    '::ffff:10.0.0.1',
    '::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
    'fec0::1',
  ])
    expect(isPrivate(address), address).toBe(true);
  for (const address of ['93.184.215.14', '2606:4700::1111', '2001:4860:4860::8888', '192.0.3.1'])
    expect(isPrivate(address), address).toBe(false);
  let asked = 0;
  const url = await serve((_, response) => {
    asked += 1;
    response.end('no');
  });
  await expect(ask(url, {allowPrivate: false})).rejects.toThrow('private');
  await expect(ask(url.replace('127.0.0.1', 'localhost'), {allowPrivate: false})).rejects.toThrow('private');
  await expect(ask('http://[::1]:9/', {allowPrivate: false})).rejects.toThrow('private');
  expect(asked).toBe(0);
});

test('a server that redirects without end is given up', async () => {
  const url = await serve((_, response) => response.writeHead(307, {location: '/again'}).end());
  await expect(ask(url)).rejects.toThrow('redirects without end');
});

test('a server that redirects to no address is told in one sentence', async () => {
  const url = await serve((_request, response) => void response.writeHead(302, {location: 'http://[::1'}).end());
  await expect(ask(url)).rejects.toThrow('redirects to an address that is none');
});

test('the body of a redirect, which may have no end, is not read', async () => {
  const closed = Promise.withResolvers<void>();
  const url = await serve((request, response) => {
    if (request.url === '/there') response.end('here');
    else
      response
        .on('close', () => closed.resolve())
        .writeHead(302, {location: '/there'})
        .write('x');
  });
  expect(await ask(`${url}/`)).toMatchObject({status: 200, body: 'here'});
  await closed.promise;
});
