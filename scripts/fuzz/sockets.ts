import {once} from 'node:events';
import {connect} from 'node:net';
import fc from 'fast-check';
import {MemoryMediaBus} from '@voicebridge/shared/bus/memory-media-bus.ts';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {MemoryFleet} from '@voicebridge/shared/fleet/memory-fleet.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {systemClock as clock} from '@voicebridge/shared/time.ts';
import {EdgeEnv} from '../../services/media-edge/src/config.ts';
import {startMediaEdge} from '../../services/media-edge/src/start-media-edge.ts';
import {ScriptedWorker} from '../../services/media-edge/src/testing/scripted-worker.ts';
import {
  newCallSid,
  newTicket,
  PUBLIC_URL,
  TOKEN,
  TwilioClient,
} from '../../services/media-edge/src/testing/twilio-client.ts';
import {EDGE, TestDeployment} from '../../services/webhook/src/testing/test-deployment.ts';
import {readTwiml} from '../../simulators/twilio/src/twiml/twiml.ts';
import {mutated} from './mutated.ts';
import {SAMPLES} from './samples.ts';

export interface Sockets {
  readonly rows: readonly {
    readonly what: string;
    readonly sent: number;
    readonly answers: ReadonlyMap<string | number, number>;
    readonly problems: number;
  }[];
  readonly problems: readonly string[];
}

/** An answer that takes longer than this is one that does not come. */
const HANGS_MS = 12_000;
const MESSAGES_A_SOCKET = 10;

/**
 * A webhook and an edge on loopback, with a worker that answers, get so many inputs: half of them signed posts, a quarter
 * handshakes, and a quarter messages on sockets that were let in.
 */
export async function overSockets(inputs: number, seed: number): Promise<Sockets> {
  const problems: string[] = [];
  const rows = [
    await posts(Math.ceil(inputs / 2), seed, problems),
    await handshakes(Math.ceil(inputs / 4), seed, problems),
    await messages(Math.ceil(inputs / 4), seed, problems),
  ];
  return {rows, problems};
}

const inputsOf = (samples: readonly string[], count: number, seed: number) =>
  fc.sample(mutated(samples), {numRuns: count, seed});

/** Counts answers and problems of one kind. */
function tally(what: string, problems: string[]) {
  const before = problems.length;
  const answers = new Map<string | number, number>();
  return {
    answer: (answer: string | number) => void answers.set(answer, (answers.get(answer) ?? 0) + 1),
    row: (sent: number) => ({what, sent, answers, problems: problems.length - before}),
  };
}

async function posts(count: number, seed: number, problems: string[]) {
  const {answer, row} = tally('signed posts to the webhook', problems);
  await using deployment = new TestDeployment();
  await deployment.webhook();
  await deployment.worker({capacity: 1_000_000});
  const bodies = inputsOf(SAMPLES.forms, count, seed);
  const paths = ['/incoming-call', '/after-stream', '/call-status', '/stream-status'];
  for (const [index, body] of bodies.entries()) {
    const params = Object.fromEntries(new URLSearchParams(body));
    const path = paths[index % paths.length] ?? '';
    const began = performance.now();
    const {status, type, text} = await deployment.ask(path, params);
    answer(status);
    if (performance.now() - began > HANGS_MS) problems.push(`${path} took too long for ${JSON.stringify(body)}`);
    if (status >= 500) problems.push(`${path} answers ${status} to ${JSON.stringify(body)}`);
    if (status !== 200 || !type.includes('xml')) continue;
    const {verbs, problems: wrong} = readTwiml(text);
    const leadsAway = verbs.some(
      verb => verb.verb === 'Dial' || (verb.verb === 'Connect' && !verb.stream.url.startsWith(`${EDGE}/`)),
    );
    if (wrong.length > 0 || leadsAway) problems.push(`${path} answers other TwiML to ${JSON.stringify(body)}: ${text}`);
  }
  return row(count);
}

async function openEdge(stack: AsyncDisposableStack) {
  const bus = new MemoryMediaBus(clock);
  const directory = new MemoryCallDirectory(clock);
  const fleet = new MemoryFleet(clock);
  const env = {
    PORT: '0',
    PUBLIC_EDGE_URL: PUBLIC_URL,
    TWILIO_AUTH_TOKEN: TOKEN,
    REDIS_URL: 'redis://unused',
    HOST: '127.0.0.1',
  };
  const log = createLog('fuzz', {level: 'silent'});
  const edge = stack.use(
    await startMediaEdge(loadConfig(EdgeEnv, env), {bus, directory, fleet, clock, log, random: Math.random}),
  );
  const worker = stack.use(await ScriptedWorker.start({bus, directory, fleet, clock}));
  const call = async () => {
    const [callSid, ticket] = [newCallSid(), newTicket()];
    await worker.own(callSid, ticket);
    await directory.putTicket(ticket, {callSid, epoch: 1});
    const caller = TwilioClient.signed(edge.port, ticket, callSid);
    const status = await caller.answered;
    if (status === 101) caller.start();
    return {caller, status};
  };
  return {edge, call};
}

const HANDSHAKE = [
  'GET /media-stream/0123456789abcdef0123456789abcdef HTTP/1.1\r\nHost: edge.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Twilio-Signature: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n',
  'GET /livez HTTP/1.1\r\nHost: edge.test\r\n\r\n',
];

async function handshakes(count: number, seed: number, problems: string[]) {
  const {answer, row} = tally('handshakes at the edge', problems);
  await using stack = new AsyncDisposableStack();
  const {edge, call} = await openEdge(stack);
  const texts = inputsOf(HANDSHAKE, count, seed);
  const one = async (text: string) => {
    const socket = connect(edge.port, '127.0.0.1');
    let said = '';
    socket.on('data', data => (said += data.toString('latin1')));
    socket.on('error', () => {});
    socket.setTimeout(HANGS_MS, () => {
      problems.push(`a handshake is never answered: ${JSON.stringify(text)}`);
      socket.destroy();
    });
    socket.end(text, 'latin1');
    await once(socket, 'close');
    const status = /^HTTP\/1\.1 (\d{3})/.exec(said)?.[1] ?? 'closed';
    answer(status);
    if (status === '101') problems.push(`a handshake without a ticket is let in: ${JSON.stringify(text)}`);
  };
  for (let from = 0; from < count; from += 50) await Promise.all(texts.slice(from, from + 50).map(one));
  const {caller, status} = await call();
  if (status !== 101) problems.push(`afterwards an honest handshake is answered with ${status}`);
  caller.socket.terminate();
  return row(count);
}

async function messages(count: number, seed: number, problems: string[]) {
  const {answer, row} = tally('messages on sockets of the edge', problems);
  await using stack = new AsyncDisposableStack();
  const {call} = await openEdge(stack);
  const {caller: neighbour} = await call();
  const texts = inputsOf(SAMPLES.phone, count, seed);
  for (let from = 0; from < count; from += MESSAGES_A_SOCKET) {
    const {caller, status} = await call();
    if (status !== 101) {
      problems.push(`an honest handshake beside it is answered with ${status}`);
      break;
    }
    for (const text of texts.slice(from, from + MESSAGES_A_SOCKET)) caller.send(text);
    caller.socket.close();
    const hangs = setTimeout(() => {
      problems.push(`a socket is never closed after ${JSON.stringify(texts.slice(from, from + MESSAGES_A_SOCKET))}`);
      caller.socket.terminate();
    }, HANGS_MS);
    answer(await caller.closed);
    clearTimeout(hangs);
    neighbour.speak();
  }
  if (neighbour.socket.readyState !== neighbour.socket.OPEN) problems.push('the call beside it was ended');
  neighbour.socket.terminate();
  return row(count);
}
