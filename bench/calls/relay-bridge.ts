/**
 * The floor of any bridge in Node: it parses nothing, finds the audio by its place in the text, and knows no turns, no
 * marks and no interruptions. Nobody could use it; it shows what sockets alone cost.
 *
 *   PORT=5050 OPENAI_REALTIME_URL=ws://… node bench/calls/relay-bridge.ts
 */
import express from 'express';
import {WebSocket, WebSocketServer} from 'ws';

const {PORT = '5050', OPENAI_REALTIME_URL = ''} = process.env;
const app = express();
app.use('/incoming-call', (request, response) => {
  const url = `wss://${request.headers.host}/media-stream`;
  response.type('text/xml').send(`<Response><Connect><Stream url="${url}" /></Connect></Response>`);
});
const server = app.listen(Number(PORT), '127.0.0.1');
const [PAYLOAD, DELTA] = ['"payload":"', '"delta":"'];

new WebSocketServer({server, path: '/media-stream'}).on('connection', twilio => {
  let tail = '"}}';
  const openai = new WebSocket(`${OPENAI_REALTIME_URL}?model=gpt-realtime`, {perMessageDeflate: false});
  openai.on('open', () => openai.send('{"type":"session.update","session":{"type":"realtime"}}'));
  openai.on('message', data => {
    const text = (data as Buffer).toString();
    if (!text.startsWith('{"type":"response.output_audio.delta"')) return;
    const from = text.indexOf(DELTA) + DELTA.length;
    twilio.send(`{"event":"media","media":{"payload":"${text.slice(from, text.indexOf('"', from))}${tail}`);
  });
  twilio.on('message', data => {
    const text = (data as Buffer).toString();
    const at = text.indexOf(PAYLOAD);
    if (at < 0) {
      const streamSid = /"streamSid":"(\w+)"/.exec(text)?.[1];
      if (streamSid !== undefined) tail = `"},"streamSid":"${streamSid}"}`;
      return;
    }
    const from = at + PAYLOAD.length;
    if (openai.readyState === WebSocket.OPEN)
      openai.send(`{"type":"input_audio_buffer.append","audio":"${text.slice(from, text.indexOf('"', from))}"}`);
  });
  twilio.on('close', () => openai.close());
  openai.on('error', error => console.error(String(error)));
});
process.once('SIGTERM', () => process.exit(0));
