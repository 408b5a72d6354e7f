import {setTimeout as sleep} from 'node:timers/promises';
import {sid} from '../../simulators/twilio/src/sid.ts';
import {WebSocket} from 'ws';
import {StreamMessages} from '../../simulators/twilio/src/media/stream-messages.ts';
import {floodingModel, type ModelFlood} from './flooding-model.ts';
import {ringing, sign, SignedBridge} from './signed-bridge.ts';
import {megabytes, table} from './table.ts';

const LASTS = 12_000;

/** One call with a model that sends `bytes` as fast as it can. */
export async function modelFloods(bytes: number): Promise<string> {
  const rows: (string | number)[][] = [];
  for (const what of ['audio', 'words'] as const) rows.push(await oneFlood(what, bytes));
  const heads = [
    'one call, a model with',
    'taken from it',
    'sessions',
    'worker memory, most',
    'edge memory, most',
    'at the phone',
  ];
  return table(heads, rows);
}

async function oneFlood(what: ModelFlood, bytes: number): Promise<(string | number)[]> {
  await using model = await floodingModel(what, bytes);
  await using bridge = await SignedBridge.start(model.url);
  const callSid = sid('CA');
  const url = await bridge.admit(ringing(callSid));
  const socket = new WebSocket(url, {perMessageDeflate: false, headers: sign(url, {})});
  let got = 0;
  socket.on('error', () => {}).on('message', data => (got += (data as Buffer).length));
  await new Promise(resolve => socket.once('open', resolve));
  const messages = new StreamMessages({accountSid: sid('AC'), callSid, streamSid: sid('MZ'), customParameters: {}});
  socket.send(messages.connected());
  socket.send(messages.start());
  let frame = 0;
  const quiet = Buffer.alloc(160, 0xff).toString('base64');
  const speaking = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.send(messages.media(frame + 1, frame * 20, quiet));
    frame += 1;
  }, 20);
  const [worker, edge] = [await bridge.costOf('worker'), await bridge.costOf('edge')];
  let [mostWorker, mostEdge] = [0, 0];
  const end = performance.now() + LASTS;
  while (performance.now() < end) {
    await sleep(100);
    mostWorker = Math.max(mostWorker, (await bridge.costOf('worker')).rssBytes - worker.rssBytes);
    mostEdge = Math.max(mostEdge, (await bridge.costOf('edge')).rssBytes - edge.rssBytes);
  }
  clearInterval(speaking);
  socket.close(1000);
  const name = `${megabytes(bytes)} of ${what}`;
  return [
    name,
    megabytes(model.state.sent),
    model.state.sessions,
    `+${megabytes(mostWorker)}`,
    `+${megabytes(mostEdge)}`,
    megabytes(got),
  ];
}
