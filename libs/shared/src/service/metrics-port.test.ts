import {createServer} from 'node:http';
import {connect} from 'node:net';
import {once} from 'node:events';
import {text} from 'node:stream/consumers';
import {expect, onTestFinished, test} from 'vitest';
import {createMetrics} from '../observability/metrics.ts';
import {FakeClock} from '../testing/fake-clock.ts';
import {closeServer, healthServer, isFromHere, listen, refuseUpgrade} from './http.ts';
import {openMetricsPort, readersOnPort} from './metrics-port.ts';

const health = {notReady: () => undefined};

/** A process with these settings: what it answers at PORT, and at the port of its metrics. */
async function process(METRICS_PORT?: number) {
  const config = {METRICS_PORT, METRICS_HOST: '127.0.0.1'};
  const metrics = createMetrics('test');
  const server = healthServer(health, metrics, readersOnPort(config));
  const port = await listen(server, 0, 'PORT', '127.0.0.1');
  const own = await openMetricsPort(config, {health, metrics, clock: new FakeClock()});
  onTestFinished(async () => {
    await own[Symbol.asyncDispose]();
    await closeServer(server);
  });
  const ask = async (at: number | undefined, path: string, headers: Record<string, string> = {}) =>
    (await fetch(`http://127.0.0.1:${at}${path}`, {headers})).status;
  return {port, metricsPort: own.port, ask};
}

test('an operator on this machine reads the metrics on PORT, and nobody does through a proxy', async () => {
  const {port, metricsPort, ask} = await process();
  expect(metricsPort).toBeUndefined();
  expect(await ask(port, '/metrics')).toBe(200);
  expect(await ask(port, '/metrics', {'x-forwarded-for': '203.0.113.7'})).toBe(404);
  expect(await ask(port, '/readyz', {'x-forwarded-for': '203.0.113.7'})).toBe(200);
});

test('Prometheus reads the metrics on a port of their own, and then PORT shows them to nobody', async () => {
  const {port, metricsPort, ask} = await process(0);
  expect(metricsPort).not.toBe(port);
  expect(await ask(metricsPort, '/metrics', {'x-forwarded-for': '203.0.113.7'})).toBe(200);
  expect(await ask(metricsPort, '/readyz')).toBe(200);
  expect(await ask(port, '/metrics')).toBe(404);
  expect(await ask(port, '/readyz')).toBe(200);
});

test.each([
  ['from this machine', {}, '127.0.0.1', true],
  ['from this machine, over IPv6', {host: '[::1]:5050'}, '::1', true],
  ['from this machine, as a system with both prints it', {}, '::ffff:127.0.0.1', true],
  ['from the private network, where Docker puts everybody', {}, '172.17.0.1', false],
  ['from elsewhere', {}, '203.0.113.7', false],
  ['for a public name, as a proxy passes it on', {host: 'voice.example.com'}, '127.0.0.1', false],
  ['without a name', {host: ''}, '127.0.0.1', false],
  ['that a proxy has marked', {via: '1.1 proxy'}, '127.0.0.1', false],
  ['that a tunnel has marked', {'x-forwarded-proto': 'https'}, '127.0.0.1', false],
])('a request %s is told from others', (_, headers: Record<string, string>, remoteAddress, isHere) => {
  const request = {headers: {host: 'localhost:5050', ...headers}, socket: {remoteAddress}};
  expect(isFromHere(request as never)).toBe(isHere);
});

test('a stranger who is turned away and never closes keeps no connection', async () => {
  const server = createServer();
  const closed = Promise.withResolvers<void>();
  server.on('upgrade', (_request, connection) => {
    connection.once('close', closed.resolve);
    refuseUpgrade(connection, 403);
  });
  const port = await listen(server, 0, 'PORT', '127.0.0.1');
  onTestFinished(() => closeServer(server));
  const stranger = connect({port, host: '127.0.0.1', allowHalfOpen: true});
  await once(stranger, 'connect');
  stranger.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
  expect(await text(stranger)).toBe('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  await closed.promise;
  stranger.destroy();
});
