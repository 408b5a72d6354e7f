import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {refuseUpgrade} from '@voicebridge/shared/service/http.ts';
import type {EdgeConfig} from '../../config.ts';
import type {Carrier} from '../carrier.ts';
import {AnyPhone} from './any-phone.ts';
import {TwilioReader} from './read-twilio.ts';
import {TwilioSockets} from './twilio-socket.ts';
import {upgradeVerifier} from './verify-upgrade.ts';

/** Twilio Media Streams; with TWILIO_VALIDATE=off any client that speaks Media Streams. */
export function twilioCarrier(config: EdgeConfig): Carrier<IncomingMessage, Duplex> {
  const sockets = new TwilioSockets(() => (config.TWILIO_VALIDATE ? new TwilioReader() : new AnyPhone()));
  const verify = upgradeVerifier(config);
  return {
    verifyUpgrade: verify,
    accept: (request, stream, head, opened) => sockets.accept(request, stream, head, opened),
    refuse: refuseUpgrade,
  };
}
