/**
 * The yardstick: a bridge in one process, written as the usual tutorials write it. One WebSocket in, one WebSocket out,
 * JSON.parse and JSON.stringify for every message, no Redis, no fencing, no record, nothing that survives the process.
 * What ours costs beyond this is the price of what it does beyond this.
 *
 *   PORT=5050 OPENAI_API_KEY=… OPENAI_REALTIME_URL=ws://… node bench/calls/plain-bridge.ts
 */
import express from 'express';
import {type RawData, WebSocket, WebSocketServer} from 'ws';

interface Message {
  readonly event?: string;
  readonly type?: string;
  readonly start?: {readonly streamSid: string};
  readonly media?: {readonly timestamp: string; readonly payload: string};
  readonly delta?: string;
  readonly item_id?: string;
}

const {PORT = '5050', OPENAI_API_KEY = '', OPENAI_REALTIME_URL = 'wss://api.openai.com/v1/realtime'} = process.env;
const app = express();
app.use('/incoming-call', (request, response) => {
  response
    .type('text/xml')
    .send(`<Response><Connect><Stream url="wss://${request.headers.host}/media-stream" /></Connect></Response>`);
});
const server = app.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on ${PORT}`));

new WebSocketServer({server, path: '/media-stream'}).on('connection', twilio => {
  let streamSid = '';
  let latestTimestamp = 0;
  let responseStartedAt: number | undefined;
  let lastItem: string | undefined;
  const marks: string[] = [];
  const openai = new WebSocket(`${OPENAI_REALTIME_URL}?model=gpt-realtime`, {
    headers: {authorization: `Bearer ${OPENAI_API_KEY}`},
  });
  const tellTwilio = (message: object) => twilio.send(JSON.stringify(message));
  const tellOpenAI = (message: object) => {
    if (openai.readyState === WebSocket.OPEN) openai.send(JSON.stringify(message));
  };

  openai.on('open', () => {
    const format = {type: 'audio/pcmu'};
    const audio = {input: {format, turn_detection: {type: 'server_vad'}}, output: {format, voice: 'alloy'}};
    tellOpenAI({
      type: 'session.update',
      session: {type: 'realtime', instructions: 'You are a helpful assistant.', audio},
    });
  });
  openai.on('message', data => {
    const event = read(data);
    if (event.type === 'response.output_audio.delta' && event.delta !== undefined) {
      tellTwilio({event: 'media', streamSid, media: {payload: event.delta}});
      responseStartedAt ??= latestTimestamp;
      lastItem = event.item_id;
      tellTwilio({event: 'mark', streamSid, mark: {name: 'responsePart'}});
      marks.push('responsePart');
    }
    if (event.type !== 'input_audio_buffer.speech_started' || marks.length === 0 || responseStartedAt === undefined)
      return;
    const heardMs = latestTimestamp - responseStartedAt;
    tellOpenAI({type: 'conversation.item.truncate', item_id: lastItem, content_index: 0, audio_end_ms: heardMs});
    tellTwilio({event: 'clear', streamSid});
    marks.length = 0;
    responseStartedAt = undefined;
  });
  twilio.on('message', data => {
    const message = read(data);
    if (message.event === 'start') streamSid = message.start?.streamSid ?? '';
    if (message.event === 'mark') marks.shift();
    if (message.event !== 'media' || !message.media) return;
    latestTimestamp = Number(message.media.timestamp);
    tellOpenAI({type: 'input_audio_buffer.append', audio: message.media.payload});
  });
  twilio.on('close', () => openai.close());
  openai.on('error', error => console.error(String(error)));
});
process.once('SIGTERM', () => server.close(() => process.exit(0)));

function read(data: RawData): Message {
  return JSON.parse((data as Buffer).toString()) as Message;
}
