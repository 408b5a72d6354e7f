import {describe, expect, test} from 'vitest';
import {BLOCKED_PORTS} from '@voicebridge/shared/config/blocked-ports.ts';
import type {Env} from '@voicebridge/shared/config/config.ts';
import {
  behindTunnel,
  furtherPorts,
  instructions,
  planProcesses as plan,
  readSettings,
  withoutSettings,
  type Counts,
  type Plan,
} from './plan.ts';

const KEY = {OPENAI_API_KEY: 'sk-test'};
const SIGNED = {...KEY, TWILIO_AUTH_TOKEN: 'a-token'};
const ONE = {edges: 1, workers: 1};
const FREE = [5101, 5102, 5104, 5105, 5106, 5107];

const planProcesses = (env: Env, counts: Counts, free: readonly number[] = FREE) =>
  plan(readSettings(env), counts, free);

/** What an operator is told who cannot start with this. */
function refusal(env: Env): string {
  try {
    planProcesses(env, ONE);
    return 'nothing';
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : '';
  }
}

/** The processes that get this variable, and its value. */
function reached(processes: Plan['processes'], name: string) {
  return Object.fromEntries(processes.flatMap(({name: who, env}) => (name in env ? [[who, env[name]]] : [])));
}

describe('a newcomer', () => {
  test('who only talks in the browser is not warned of calls that cannot come', () => {
    expect(planProcesses({...KEY, BROWSER_PHONE: 'on'}, ONE).warnings).toEqual([]);
    const open = {...KEY, BROWSER_PHONE: 'on', PUBLIC_WEBHOOK_URL: 'https://voice.example.com', TWILIO_VALIDATE: 'off'};
    expect(planProcesses(open, ONE).warnings.join()).toContain('TWILIO_AUTH_TOKEN');
  });

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
    const plan = planProcesses({...SIGNED, PUBLIC_WEBHOOK_URL: 'https://abc.ngrok-free.app/'}, {edges: 2, workers: 1});
    expect(plan.frontDoor).toEqual({port: 5050, host: undefined, webhookPort: 5101, edgePorts: [5051, 5102]});
    for (const {env, service} of plan.processes) {
      if (service === 'media-edge' || service === 'webhook') {
        expect(env['PUBLIC_EDGE_URL']).toBe('wss://abc.ngrok-free.app');
        if (service === 'webhook') expect(env['PUBLIC_WEBHOOK_URL']).toBe('https://abc.ngrok-free.app');
      }
    }
    const text = instructions(plan).join('\n');
    expect(text).not.toContain('tunnel');
    expect(text).toContain('https://abc.ngrok-free.app/incoming-call, HTTP POST');
  });

  test('whose address is none is told so once', () => {
    const message = refusal({...SIGNED, PUBLIC_WEBHOOK_URL: 'abc.ngrok-free.app'});
    expect(message).toMatch(
      /^the environment needs one change:\n {2}PUBLIC_WEBHOOK_URL must be a URL that starts with /,
    );
    expect(message).not.toContain('ngrok');
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
    const all = planProcesses({...SIGNED, PUBLIC_WEBHOOK_URL: 'https://example.com'}, counts, free).processes;
    expect(all.map(({port}) => port).filter(port => port === 0 || BLOCKED_PORTS.has(port))).toEqual([]);
    expect(new Set(all.map(({port}) => port)).size).toBe(200);
  });

  test('who puts the dashboard where no browser can open it is told so', () => {
    expect(() => planProcesses({...KEY, ANALYTICS_PORT: '6000'}, ONE)).toThrow(
      'ANALYTICS_PORT is one that browsers refuse to open',
    );
  });

  test('who gives the metrics a port finds those of each process on the next one', () => {
    const {processes} = planProcesses({...KEY, METRICS_PORT: '9464'}, {edges: 2, workers: 1});
    expect(reached(processes, 'METRICS_PORT')).toEqual({
      analytics: '9464',
      'worker-1': '9465',
      'edge-1': '9466',
      'edge-2': '9467',
      webhook: '9468',
    });
  });

  test('who has one public address for all edges gives it once', () => {
    const env = {...SIGNED, PUBLIC_EDGE_URL: 'wss://edge.example.com/', PUBLIC_WEBHOOK_URL: 'https://example.com'};
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
    const {processes, warnings} = planProcesses(SIGNED, ONE);
    expect(warnings).toEqual([]);
    expect(reached(processes, 'TWILIO_VALIDATE')).toEqual({'edge-1': 'on', webhook: 'on'});
  });

  test('who gave two services one port is told which variables to change', () => {
    expect(refusal({...KEY, EDGE_PORT: '6000', WORKER_PORT: '6000'})).toBe(
      'worker-1 and edge-1 would share port 6000: change WORKER_PORT or EDGE_PORT',
    );
    const behind = {...SIGNED, EDGE_PORT: '5050', PUBLIC_WEBHOOK_URL: 'https://example.com'};
    expect(refusal(behind)).toContain('edge-1 and the front door would share port 5050');
  });

  test('who mistyped values of several processes is told all of them, once and together, and no value', () => {
    const env = {
      ...SIGNED,
      MAX_CALLS: 'abc', // of the edge and the worker
      OVERLOAD: 'foo',
      BARGE_IN: 'soft',
      RETENTION_DAYS_CALLS: 'x',
      WEBHOOK_PORT: 'http',
      SYSTEM_MESAGE: 'a secret of mine',
    };
    const message = refusal(env);
    expect(message).toContain('the environment needs 5 changes:');
    for (const problem of [
      'MAX_CALLS must be a whole number from 1 to 100000',
      'OVERLOAD must be say, hold, dial or redirect',
      'BARGE_IN must be immediate or resume',
      'RETENTION_DAYS_CALLS must be a whole number from 0 to 36500',
      'WEBHOOK_PORT must be a port, 1 to 65535',
      'SYSTEM_MESAGE: did you mean SYSTEM_MESSAGE?',
    ])
      expect(message.split(problem)).toHaveLength(2);
    for (const value of ['abc', 'foo', 'soft', 'secret', 'a-token']) expect(message).not.toContain(value);
  });

  test('who misspelt a name is told so, and starts', () => {
    expect(planProcesses({...SIGNED, SYSTEM_MESAGE: 'Hello', HOME: '/root'}, ONE).warnings).toEqual([
      'SYSTEM_MESAGE: did you mean SYSTEM_MESSAGE?',
    ]);
  });

  test('finds each secret only in the processes that need it', () => {
    const env = {
      ...SIGNED,
      DATABASE_URL: 'postgres://user:password@127.0.0.1/calls',
      DASHBOARD_PASSWORD: 'a long password',
      NUMBER_HASH_KEY: 'a key of sixteen or more',
      GITHUB_TOKEN: 'of another program',
      PGPASSWORD: 'password',
    };
    const {processes} = planProcesses(env, ONE);
    const who = (name: string) => Object.keys(reached(processes, name));
    expect(who('OPENAI_API_KEY')).toEqual(['worker-1']);
    expect(who('TWILIO_AUTH_TOKEN')).toEqual(['edge-1', 'webhook']);
    expect(who('DATABASE_URL')).toEqual(['analytics']);
    expect(who('PGPASSWORD')).toEqual(['analytics']);
    expect(who('DASHBOARD_PASSWORD')).toEqual(['analytics']);
    expect(who('NUMBER_HASH_KEY')).toEqual(['analytics', 'webhook']);
    expect(who('GITHUB_TOKEN')).toEqual([]);
    expect(who('LOG_LEVEL')).toEqual([]);
    expect(who('OTEL_EXPORTER_OTLP_HEADERS')).toEqual([]);
  });

  test('who has a collector of traces has its key in every process', () => {
    const {processes} = planProcesses({...SIGNED, OTEL_EXPORTER_OTLP_HEADERS: 'key=1'}, ONE);
    expect(Object.keys(reached(processes, 'OTEL_EXPORTER_OTLP_HEADERS'))).toHaveLength(4);
  });
});

describe('a newcomer who has a tunnel opened', () => {
  test('has everything behind it, and nothing to paste where the number is set up', () => {
    const given = behindTunnel(readSettings(SIGNED), 'https://abc.trycloudflare.com');
    const opened = plan(given, ONE, FREE);
    expect(opened.webhookUrl).toBe('https://abc.trycloudflare.com');
    expect(opened.frontDoor?.port).toBe(5050);
    expect(instructions(opened, {isSetUp: true})).toEqual(['What happened in the calls: http://127.0.0.1:5053/']);
  });

  test('leaves public addresses out, and needs the token as with any other', () => {
    const url = 'https://abc.trycloudflare.com';
    const other = readSettings({...SIGNED, PUBLIC_WEBHOOK_URL: 'https://example.com'});
    expect(() => behindTunnel(other, url)).toThrow('leave PUBLIC_WEBHOOK_URL out');
    expect(() => plan(behindTunnel(readSettings(KEY), url), ONE, FREE)).toThrow('TWILIO_AUTH_TOKEN is not set');
  });

  test('gives no secret to the program that opens it', () => {
    expect(withoutSettings({...SIGNED, OPENAI_API_KEY_FILE: '/key', HOME: '/root', NGROK_AUTHTOKEN: 'theirs'})).toEqual(
      {
        HOME: '/root',
        NGROK_AUTHTOKEN: 'theirs',
      },
    );
  });
});

describe('a stranger', () => {
  const PUBLIC = {PUBLIC_WEBHOOK_URL: 'https://abc.ngrok-free.app'};

  test.each([PUBLIC, {PUBLIC_EDGE_URL: 'wss://edge.example.com'}, {PUBLIC_WEBHOOK_URL: 'http://192.168.1.5:5050'}])(
    'finds nothing open at %j while nothing proves that it is Twilio who calls',
    address => {
      const message = refusal({...KEY, ...address});
      expect(message).toContain('TWILIO_AUTH_TOKEN is not set');
      expect(message).toContain('https://console.twilio.com');
      expect(message).toContain('TWILIO_VALIDATE=off');
    },
  );

  test('reaches loopback at most where it is written down that nothing is to be proved', () => {
    const {processes, frontDoor, warnings} = planProcesses({...KEY, ...PUBLIC, TWILIO_VALIDATE: 'off'}, ONE);
    expect(frontDoor?.host).toBe('127.0.0.1');
    expect(reached(processes, 'HOST')).toEqual({'worker-1': '127.0.0.1', 'edge-1': '127.0.0.1', webhook: '127.0.0.1'});
    expect(warnings.join()).toContain('on loopback only');
  });

  test('reaches the front door, and no process behind it', () => {
    const {processes, frontDoor} = planProcesses({...SIGNED, ...PUBLIC, HOST: '127.0.0.1'}, ONE);
    expect(frontDoor).toHaveProperty('host', undefined); // every address
    expect(Object.values(reached(processes, 'HOST'))).toEqual(Array.from({length: 4}, () => '127.0.0.1'));
  });
});
