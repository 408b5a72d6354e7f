import {once} from 'node:events';
import type {IncomingMessage} from 'node:http';
import {WebSocket, WebSocketServer} from 'ws';
import {z} from 'zod';
import type {SeenSession} from './evidence.ts';
import type {RehearsalModel} from './rehearsal-model.ts';

type SeenItem = SeenSession['items'][number];

const Item = z.looseObject({type: z.string()});
const Event = z.looseObject({type: z.string(), item: Item.optional(), transcript: z.string().optional()});

export interface RealModelOptions {
  /** A server of the Realtime protocol, such as wss://api.openai.com/v1/realtime. */
  readonly upstream: string;
  readonly apiKey: string;
}

/** Stands between the workers and a real model, passes every message on, and notes what is said and called. */
export async function watchRealModel({upstream, apiKey}: RealModelOptions): Promise<RehearsalModel> {
  const server = new WebSocketServer({host: '127.0.0.1', port: 0, perMessageDeflate: false});
  await once(server, 'listening');
  let items: SeenItem[] = [];
  let said: string[] = [];
  let tell: (line: string) => void = () => {};
  const note = (text: string) => {
    const {type, item, transcript} = Event.safeParse(JSON.parse(text)).data ?? {};
    if (type === 'response.output_audio_transcript.done' && transcript !== undefined) {
      said.push(transcript);
      tell(`assistant  ${transcript}`);
    }
    if (item === undefined || (type !== 'response.output_item.done' && type !== 'conversation.item.create')) return;
    if (type === 'response.output_item.done' && item.type === 'function_call')
      tell(`calls      ${String(item['name'])} ${String(item['arguments'])}`);
    items.push({type: item.type, tag: undefined, text: '', generatedMs: 0, toWire: () => item});
  };
  server.on('connection', (client, request) => relay(client, connect(upstream, request), note));
  const address = server.address();
  if (typeof address === 'string' || address === null) throw new Error('the server is not listening');
  return {
    url: `ws://127.0.0.1:${address.port}/v1/realtime`,
    apiKey,
    begin(_, teller) {
      [items, said, tell] = [[], [], teller];
      const seen = {items, said};
      return () => ({sessions: [{items: seen.items, refusals: []}], said: seen.said});
    },
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The same request, to the model: `?model=`, the key, and who calls. */
function connect(upstream: string, {url = '', headers}: IncomingMessage): WebSocket {
  const query = new URL(url, 'ws://localhost').search;
  const {authorization = '', 'openai-safety-identifier': caller} = headers;
  const own = typeof caller === 'string' ? {'openai-safety-identifier': caller} : {};
  return new WebSocket(`${upstream}${query}`, {headers: {authorization, ...own}, perMessageDeflate: false});
}

function relay(client: WebSocket, model: WebSocket, note: (text: string) => void): void {
  const early: string[] = [];
  const pass = (to: WebSocket) => (frame: WebSocket.RawData) => {
    const text = Buffer.isBuffer(frame) ? frame.toString() : '';
    note(text);
    if (to.readyState === WebSocket.OPEN) to.send(text);
    else if (to.readyState === WebSocket.CONNECTING) early.push(text);
  };
  client.on('message', pass(model));
  model.on('message', pass(client));
  model.on('open', () => {
    for (const text of early.splice(0)) model.send(text);
  });
  for (const [one, other] of [
    [client, model],
    [model, client],
  ] as const) {
    one.on('error', () => {}); // a close follows
    one.on('close', () => other.terminate());
  }
}
