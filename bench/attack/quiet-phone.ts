import {once} from 'node:events';
import {WebSocket} from 'ws';
import {StreamMessages} from '../../simulators/twilio/src/media/stream-messages.ts';
import {sid} from '../../simulators/twilio/src/sid.ts';
import {ringing, sign, type SignedBridge} from './signed-bridge.ts';

const QUIET = Buffer.alloc(160, 0xff).toString('base64');

/** A caller who was admitted and says nothing, 50 frames a second. */
export interface QuietPhone extends AsyncDisposable {
  /** Bytes that came from the edge. */
  readonly got: number;
  readonly isOpen: boolean;
}

/** `reads`: whether the phone takes what the edge sends. */
export async function quietPhone(bridge: SignedBridge, {reads = true, call = ringing()} = {}): Promise<QuietPhone> {
  const callSid = call.CallSid;
  const url = await bridge.admit(call);
  const socket = new WebSocket(url, {perMessageDeflate: false, headers: sign(url, {})});
  let got = 0;
  socket.on('error', () => {}).on('message', data => (got += (data as Buffer).length));
  await once(socket, 'open');
  const messages = new StreamMessages({accountSid: sid('AC'), callSid, streamSid: sid('MZ'), customParameters: {}});
  socket.send(messages.connected());
  socket.send(messages.start());
  if (!reads) socket.pause();
  let frame = 0;
  const speaking = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.send(messages.media(frame + 1, frame * 20, QUIET));
    frame += 1;
  }, 20);
  return {
    get got() {
      return got;
    },
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(speaking);
      socket.terminate();
      await bridge.over(callSid);
    },
  };
}
