import type {IncomingMessage} from 'node:http';
import {parse} from 'node:querystring';

/** The parameters of a form; a name that came more than once has a list. */
export type Form = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A request whose form was read. */
export interface WithForm {
  body?: Form;
}

/**
 * The limits of a form. Twilio's add-ons send more than a hundred parameters, one of them up to 36 kB long, which URL
 * encoding makes three times as long.
 */
const BYTES_AT_MOST = 256 * 1_024;
const PARAMETERS_AT_MOST = 1_000;
const TOO_LARGE = 413;
const COMPRESSED = 415;

/**
 * Reads the form of a request: none if there is none. `done` gets it, or the HTTP status of a request that is not read any
 * further, or is never called if the request breaks off. No compressed form is unpacked: Twilio sends none, and strangers
 * would have a whole disk unpacked from a line.
 */
export function readForm(request: IncomingMessage, done: (form: Form | undefined, status?: number) => void): void {
  const {'content-type': type = '', 'content-encoding': encoding, 'content-length': length} = request.headers;
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) return done({});
  if (encoding !== undefined && encoding !== 'identity') return done(undefined, COMPRESSED);
  if (Number(length) > BYTES_AT_MOST) return done(undefined, TOO_LARGE);
  const chunks: Buffer[] = [];
  let bytes = 0;
  const take = (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= BYTES_AT_MOST) return;
    request.off('data', take).off('end', end);
    done(undefined, TOO_LARGE);
  };
  const end = () => {
    const [first = Buffer.alloc(0)] = chunks;
    const text = (chunks.length > 1 ? Buffer.concat(chunks) : first).toString();
    const form = parse(text, '&', '=', {maxKeys: PARAMETERS_AT_MOST + 1});
    if (text.split('&', PARAMETERS_AT_MOST + 1).length > PARAMETERS_AT_MOST) done(undefined, TOO_LARGE);
    else done(form);
  };
  request.on('data', take).once('end', end);
}
