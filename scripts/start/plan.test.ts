import {describe, expect, test} from 'vitest';
import {BLOCKED_PORTS} from '@voicebridge/shared/blocked-ports.ts';
import type {Env} from '@voicebridge/shared/config.ts';
import {furtherPorts, instructions, planProcesses as plan, type Counts} from './plan.ts';

const KEY = {OPENAI_API_KEY: 'sk-test'};
const ONE = {edges: 1, workers: 1};
const FREE = [5101, 5102, 5104, 5105, 5106, 5107];

const planProcesses = (env: Env, counts: Counts, free: readonly number[] = FREE) => plan(env, counts, free);

describe('a newcomer', () => {
  test('with only an OpenAI key gets one of each service, and is warned', () => {
    const {processes, warnings} = planProcesses(KEY, ONE);
    expect(processes.map(({name, port}) => `${name} ${port}`)).toEqual([
      'analytics 5053',
      'worker-1 5052',
      'edge-1 5051',
      'webhook 5050',
    ]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('TWILIO_AUTH_TOKEN');
  });

  test('without a key is told which variable, where to get one, and what works without', () => {
    expect(() => planProcesses({}, ONE)).toThrow(
      /OPENAI_API_KEY is not set.*https:\/\/platform\.openai\.com.*npm run demo/s,
    );
  });

  test('is told to open one tunnel before Twilio can call, and what to paste then', () => {
    const text = instructions(planProcesses(KEY, ONE)).join('\n');
    expect(text).toContain('Twilio cannot reach http://127.0.0.1:5050 yet');
    expect(text).toContain('ngrok http 5050');
    expect(text).toContain('http://127.0.0.1:5050/incoming-call, HTTP POST');
  });

  test('who opened one tunnel has the webhook and every edge behind it', () => {
    const plan = planProcesses({...KEY, PUBLIC_WEBHOOK_URL: 'https://abc.ngrok-free.app/'}, {edges: 2, workers: 1});
    expect(plan.frontDoor).toEqual({port: 5050, webhookPort: 5101, edgePorts: [5051, 5102]});
    for (const {env, service} of plan.processes) {
      if (service === 'media-edge' || service === 'webhook') {
        expect(env['PUBLIC_EDGE_URL']).toBe('wss://abc.ngrok-free.app');
        expect(env['PUBLIC_WEBHOOK_URL']).toBe('https://abc.ngrok-free.app');
      }
    }
    const text = instructions(plan).join('\n');
    expect(text).not.toContain('tunnel');
    expect(text).toContain('https://abc.ngrok-free.app/incoming-call, HTTP POST');
  });

  test('whose address is none is told so once', () => {
    expect(() => planProcesses({...KEY, PUBLIC_WEBHOOK_URL: 'abc.ngrok-free.app'}, ONE)).toThrow(
      /^PUBLIC_WEBHOOK_URL must be a URL that starts with https:\/\/$/,
    );
  });
});

describe('an operator', () => {
  test('who runs more edges and workers finds each on a port of its own', () => {
    const {processes, edgeUrls} = planProcesses(KEY, {edges: 2, workers: 3});
    const ports = processes.map(({port}) => port);
    expect(ports).toEqual([5053, 5052, 5101, 5102, 5051, 5104, 5050]);
    expect(edgeUrls).toEqual(['ws://127.0.0.1:5051', 'ws://127.0.0.1:5104']);
  });

  test('who names a port above 5100 keeps it for what it was named for', () => {
    const {processes} = planProcesses({...KEY, EDGE_PORT: '5101'}, {edges: 2, workers: 1});
    expect(processes.filter(({service}) => service === 'media-edge').map(({port}) => port)).toEqual([5101, 5102]);
  });

  test('finds no process on a port that browsers and fetch refuse, however many there are', () => {
    const counts = {edges: 99, workers: 99};
    const free = Array.from({length: furtherPorts(counts)}, (_, n) => 5101 + n);
    const all = planProcesses({...KEY, PUBLIC_WEBHOOK_URL: 'https://example.com'}, counts, free).processes;
    expect(all.map(({port}) => port).filter(port => port === 0 || BLOCKED_PORTS.has(port))).toEqual([]);
    expect(new Set(all.map(({port}) => port)).size).toBe(200);
  });

  test('who puts the dashboard where no browser can open it is told so', () => {
    expect(() => planProcesses({...KEY, ANALYTICS_PORT: '6000'}, ONE)).toThrow(
      'ANALYTICS_PORT 6000 is one that browsers refuse to open',
    );
  });

  test('who has one public address for all edges gives it once', () => {
    const env = {...KEY, PUBLIC_EDGE_URL: 'wss://edge.example.com/', PUBLIC_WEBHOOK_URL: 'https://example.com'};
    const plan = planProcesses(env, {edges: 2, workers: 1});
    expect(plan.edgeUrls).toEqual(['wss://edge.example.com']);
    expect(plan.frontDoor).toBeUndefined();
    const edges = plan.processes.filter(({service}) => service === 'media-edge');
    expect(edges.map(edge => edge.env['PUBLIC_EDGE_URL'])).toEqual([
      'wss://edge.example.com',
      'wss://edge.example.com',
    ]);
    expect(instructions(plan).join('\n')).not.toContain('tunnel');
  });

  test('who set the token has signatures checked, and no warning', () => {
    const {processes, warnings} = planProcesses({...KEY, TWILIO_AUTH_TOKEN: 'token'}, ONE);
    expect(warnings).toEqual([]);
    expect(processes.every(({env}) => env['TWILIO_VALIDATE'] === 'on')).toBe(true);
  });

  test('who gave two services one port is told which variables to change', () => {
    const env = {...KEY, EDGE_PORT: '6000', WORKER_PORT: '6000', WEBHOOK_PORT: 'http'};
    expect(() => planProcesses(env, ONE)).toThrow(
      'worker-1 and edge-1 would share port 6000: change WORKER_PORT or EDGE_PORT',
    );
    expect(() => planProcesses(env, ONE)).toThrow('WEBHOOK_PORT must be a port');
    const behind = {...KEY, EDGE_PORT: '5050', PUBLIC_WEBHOOK_URL: 'https://example.com'};
    expect(() => planProcesses(behind, ONE)).toThrow('front door and edge-1 would share port 5050');
  });
});
