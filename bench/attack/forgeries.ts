import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import {WebSocket} from 'ws';
import {StreamMessages} from '../../simulators/twilio/src/media/stream-messages.ts';
import {sid} from '../../simulators/twilio/src/sid.ts';
import {costOf} from '../load/process-cost.ts';
import {Tape} from '../load/tape.ts';
import {quietPhone} from './quiet-phone.ts';
import {ringing, sign, signatureOf, type SignedBridge} from './signed-bridge.ts';
import {type Forgery, handshake, post, sendAll} from './strangers.ts';
import {table} from './table.ts';

const REPLAYS = 450;
const WARM_UP = 1_000;
const EXPIRED = 1_000;
const CROSSED = 50;

/** Forged and repeated requests at both doors. Each kind is sent alone, so that its cost is known. */
export async function forgeries(
  bridge: SignedBridge,
  count: number,
  progress: (text: string) => void,
): Promise<string> {
  const {edgeUrl, webhookUrl, webhookPort} = bridge;
  const edgePort = bridge.system.edgePort;
  await bridge.load.dial(webhookUrl, 4); // code is slow while it is cold
  await bridge.load.hangUp();
  const each = Math.ceil(count / 9);
  const ticket = () => `/media-stream/${randomBytes(16).toString('hex')}`;
  const bad = () => randomBytes(20).toString('base64');

  // One whole call, of which a stranger has seen everything.
  const seen = ringing();
  const streamUrl = await bridge.admit(seen);
  const path = new URL(streamUrl).pathname;
  const seenHandshake = handshake(path, signatureOf(streamUrl));
  await sendAll([{what: 'the handshake itself', port: edgePort, text: seenHandshake}]);
  const live = ringing();
  const liveUrl = await bridge.admit(live);
  const seenPost = post('/incoming-call', seen, signatureOf(webhookUrl, seen));
  await bridge.over(seen.CallSid);
  await sleep(1_500);

  const expired = (await bridge.passes(Math.min(each, EXPIRED))).map(pass => handshake(pass.path, pass.signature));
  await bridge.expireTickets();
  let asked = 0;
  const nextExpired = () => expired[(asked += 1) % expired.length] ?? '';

  const kinds: {what: string; at: 'edge' | 'webhook'; times: number; text: () => string}[] = [
    {what: 'handshake, no signature', at: 'edge', times: each, text: () => handshake(ticket())},
    {what: 'handshake, wrong signature', at: 'edge', times: each, text: () => handshake(ticket(), bad())},
    {
      what: 'handshake, signature of another ticket',
      at: 'edge',
      times: each,
      text: () => handshake(ticket(), signatureOf(liveUrl)),
    },
    {
      what: 'handshake, signed, ticket never given out',
      at: 'edge',
      times: each,
      text: () => signedUnknown(ticket()),
    },
    {what: 'handshake, signed, ticket expired', at: 'edge', times: each, text: nextExpired},
    {what: 'handshake seen before, again', at: 'edge', times: REPLAYS, text: () => seenHandshake},
    {what: 'another path', at: 'edge', times: each, text: () => handshake('/nothing')},
    {what: 'post, no signature', at: 'webhook', times: each, text: () => post('/incoming-call', ringing())},
    {what: 'post, wrong signature', at: 'webhook', times: each, text: () => post('/incoming-call', ringing(), bad())},
    {
      what: 'post, signature of another call',
      at: 'webhook',
      times: each,
      text: () => post('/incoming-call', ringing(), signatureOf(webhookUrl, live)),
    },
    {what: 'post seen before, its call over', at: 'webhook', times: REPLAYS, text: () => seenPost},
  ];
  function signedUnknown(unknown: string): string {
    return handshake(unknown, signatureOf(edgeUrl + unknown));
  }

  const portOf = (at: 'edge' | 'webhook') => (at === 'edge' ? edgePort : webhookPort);
  progress(`${WARM_UP} of each kind to warm up`);
  // Code is slow while it is cold, and an attack that matters does not end there.
  for (const {what, at, text} of kinds)
    await sendAll(Array.from({length: WARM_UP}, () => ({what, port: portOf(at), text: text()})));

  const rows: (string | number)[][] = [await bareNode(each)];
  for (const {what, at, times, text} of kinds) {
    const port = portOf(at);
    const all = Array.from({length: times}, (): Forgery => ({what, port, text: text()}));
    const [sessions, keys, before] = [bridge.load.model.sessions, await bridge.keys(), await bridge.costOf(at)];
    const answers = await sendAll(all);
    const after = await bridge.costOf(at);
    const told = [...(answers.get(what) ?? [])].map(([status, n]) => `${n} × ${status}`).join(', ');
    const cpu = Math.round(((after.cpuMs - before.cpuMs) / times) * 1_000);
    progress(`${what}: ${told}`);
    rows.push([what, told, bridge.load.model.sessions - sessions, (await bridge.keys()) - keys, `${cpu} µs`]);
  }
  rows.push(await crossed(bridge));
  await bridge.over(live.CallSid);
  bridge.load.tape = new Tape();
  await bridge.load.dial(webhookUrl, 5);
  const {refused} = bridge.load.tape;
  await bridge.load.hangUp();
  await bridge.over(sid('CA'));
  const heads = ['request', 'answers', 'sessions opened', 'keys of calls written', 'processor time each'];
  return `${table(heads, rows)}\n\nHonest callers afterwards: ${5 - refused} of 5 connected.`;
}

/** What Node itself needs for a connection, a request and an answer, on this machine at this moment. */
async function bareNode(times: number): Promise<(string | number)[]> {
  const script = `require('node:http').createServer((_, answer) => answer.writeHead(404, {connection: 'close'}).end())
    .listen(0, '127.0.0.1', function () { process.send(this.address().port); });`;
  const server = spawn(process.execPath, ['-e', script], {stdio: ['ignore', 'ignore', 'inherit', 'ipc']});
  const [port] = (await once(server, 'message')) as [number];
  const what = 'a Node server that answers 404 and nothing else, for comparison';
  const ask = (count: number) => sendAll(Array.from({length: count}, () => ({what, port, text: handshake('/')})));
  await ask(WARM_UP);
  const before = await costOf([server.pid ?? 0]);
  await ask(times);
  const after = await costOf([server.pid ?? 0]);
  server.kill();
  return [what, `${times} × 404`, 0, 0, `${Math.round(((after.cpuMs - before.cpuMs) / times) * 1_000)} µs`];
}

/** Sockets with a ticket of their own call, whose first message names somebody else's. */
async function crossed(bridge: SignedBridge): Promise<(string | number)[]> {
  const victim = ringing();
  await using phone = await quietPhone(bridge, {call: victim});
  const own = await Promise.all(Array.from({length: CROSSED}, async () => bridge.admit()));
  await sleep(1_000);
  const [sessions, keys, before] = [bridge.load.model.sessions, await bridge.keys(), await bridge.costOf('edge')];
  const codes = await Promise.all(own.map(url => startOf(victim.CallSid, url)));
  const after = await bridge.costOf('edge');
  const told = [...Map.groupBy(codes, code => code)].map(([code, all]) => `${all.length} × ${code}`).join(', ');
  const cpu = Math.round(((after.cpuMs - before.cpuMs) / CROSSED) * 1_000);
  const opened = bridge.load.model.sessions - sessions;
  const written = (await bridge.keys()) - keys;
  const what = `start of another call${phone.isOpen ? ', which goes on' : ', which is lost'}`;
  return [what, told, opened, written, `${cpu} µs`];
}

/** With which code the edge closes a socket that says it is for this call. */
async function startOf(callSid: string, url: string): Promise<number> {
  const socket = new WebSocket(url, {perMessageDeflate: false, headers: sign(url, {})});
  socket.on('error', () => {});
  const closed = once(socket, 'close') as Promise<[number]>;
  await once(socket, 'open');
  const messages = new StreamMessages({accountSid: sid('AC'), callSid, streamSid: sid('MZ'), customParameters: {}});
  socket.send(messages.connected());
  socket.send(messages.start());
  return (await closed)[0];
}
