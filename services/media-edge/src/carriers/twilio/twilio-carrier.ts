import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import type {EdgeConfig} from '../../config.ts';
import type {Carrier} from '../carrier.ts';
import {AnyPhone} from './any-phone.ts';
import {TwilioReader} from './read-twilio.ts';
import {TwilioSockets} from './twilio-socket.ts';
import {verifyUpgrade} from './verify-upgrade.ts';

/** Twilio Media Streams; with TWILIO_VALIDATE=off any client that speaks Media Streams. */
export function twilioCarrier(config: EdgeConfig): Carrier<IncomingMessage, Duplex> {
  const sockets = new TwilioSockets(() => (config.TWILIO_VALIDATE ? new TwilioReader() : new AnyPhone()));
  return {
    verifyUpgrade: (request, hasRoom) => verifyUpgrade(request, config, hasRoom),
    accept: (request, stream, head, opened) => sockets.accept(request, stream, head, opened),
    refuse: (stream, status) => sockets.refuse(stream, status),
  };
}
