import {randomBytes} from 'node:crypto';
import {msOfBase64, msOfBase64In} from '@voicebridge/shared/protocol/audio.ts';
import {FromAnyPhone, TwilioStreamSid} from './from-twilio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {isAt, MediaReader} from './media-reader.ts';
import {type Read, readAs, type Reader} from './read-twilio.ts';

type Fields = Readonly<Record<string, unknown>>;

const media = new MediaReader();

/**
 * Reads one socket of a client that speaks Media Streams without being Twilio: a test client, a softphone. Such clients
 * have ids of other shapes, write numbers as numbers and leave fields out. What can be derived is filled in; a message
 * that still does not fit is refused as it would be from Twilio. Only where nothing is validated.
 */
export class AnyPhone implements Reader {
  #stream: Buffer | undefined;
  #streamSid: TwilioStreamSid | undefined;
  readonly #clock = new PayloadClock();

  readAudio(bytes: Buffer): MediaReader | undefined {
    if (!this.#stream || !media.read(bytes) || !isAt(bytes, this.#stream, media.sidAt)) return undefined;
    if (!media.isOutbound) {
      media.timestamp = this.#clock.place(media.timestamp, msOfBase64In(bytes, media.from, media.to));
    }
    return media;
  }

  read(text: string): Read {
    const completed = this.#complete(text);
    const read = readAs(FromAnyPhone, completed ? JSON.stringify(completed) : text);
    if (!read.ok || read.message.event !== 'media' || read.message.media.track === 'outbound') return read;
    const {timestamp, payload} = read.message.media;
    const at = this.#clock.place(Number(timestamp), msOfBase64(payload));
    return {ok: true, message: {...read.message, media: {...read.message.media, timestamp: String(at)}}};
  }

  /** The message as Twilio would have sent it; undefined for a text that is no JSON object. */
  #complete(text: string): Fields | undefined {
    const raw = fieldsOf(jsonOf(text));
    if (!raw) return undefined;
    // A socket has one stream, so the name in a message does not matter.
    const {streamSid: _, sequenceNumber, ...rest} = raw;
    const message = {...rest, ...(isNumeral(sequenceNumber) ? {sequenceNumber} : {})};
    switch (raw['event']) {
      case 'start':
        return this.#start(raw, message);
      case 'media':
        return {...message, media: mediaOf(raw['media'])};
      case 'mark':
        return {...message, mark: withText(raw['mark'], 'name')};
      case 'dtmf':
        return {...message, dtmf: withText(raw['dtmf'], 'digit')};
      default:
        return message;
    }
  }

  #start(raw: Fields, message: Fields): Fields {
    const start = fieldsOf(raw['start']) ?? {};
    const name = textOf(start['streamSid'] ?? raw['streamSid']);
    // An id of Twilio's shape is unique. Any other may be the name of all streams of a client, so it gets a new id.
    this.#streamSid ??= TwilioStreamSid.safeParse(name).data ?? TwilioStreamSid.parse(newSid('MZ'));
    this.#stream = Buffer.from(this.#streamSid);
    return {
      ...message,
      streamSid: name,
      start: {
        streamSid: this.#streamSid,
        callSid: textOf(start['callSid'] ?? raw['callSid']) ?? newSid('CA'),
        customParameters: textsOf(start['customParameters']),
        ...formatOf(start['mediaFormat']),
      },
    };
  }
}

/**
 * Places frames on the clock of their stream. If a client sends no timestamps, or always the same one, each frame
 * begins where the one before ended.
 */
class PayloadClock {
  #beganAt: Millis = -1;
  #endsAt: Millis = 0;

  /** `named`: the timestamp that the client gave. Returns the one that counts, in whole milliseconds. */
  place(named: Millis, ms: Millis): Millis {
    const at = named > this.#beganAt ? named : this.#endsAt;
    this.#beganAt = at;
    this.#endsAt = at + ms;
    return Math.floor(at);
  }
}

/** A missing timestamp becomes 0, which `PayloadClock` never takes as a later time. */
function mediaOf(value: unknown): unknown {
  const media = fieldsOf(value);
  if (!media) return value;
  const {track, timestamp, payload} = media;
  const named = typeof timestamp === 'number' && timestamp >= 0 ? Math.round(timestamp) : timestamp;
  return {...(typeof track === 'string' ? {track} : {}), timestamp: isNumeral(named) ? named : 0, payload};
}

/** Every name of G.711 μ-law becomes Twilio's name. A field that is missing gets Twilio's value. */
function formatOf(value: unknown): Fields {
  const format = fieldsOf(value);
  if (!format) return {};
  const {encoding, sampleRate, channels} = format;
  const name = textOf(encoding) ?? 'pcmu';
  const mediaFormat = {
    encoding: /(mu-?law|ulaw|pcmu)/i.test(name) ? 'audio/x-mulaw' : name,
    sampleRate: Number(textOf(sampleRate) ?? 8_000),
    channels: Number(textOf(channels) ?? 1),
  };
  return {mediaFormat};
}

function withText(value: unknown, name: string): unknown {
  const fields = fieldsOf(value);
  return fields ? {...fields, [name]: textOf(fields[name])} : value;
}

function textsOf(value: unknown): Fields {
  const texts = Object.entries(fieldsOf(value) ?? {}).map(([name, text]) => [name, textOf(text)] as const);
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined));
}

/** A text, or a number or truth value as text; undefined for anything else. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isNumeral(value: unknown): boolean {
  return /^\d{1,15}$/.test(textOf(value) ?? '');
}

function fieldsOf(value: unknown): Fields | undefined {
  return isFields(value) ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function newSid(prefix: 'CA' | 'MZ'): string {
  return prefix + randomBytes(16).toString('hex');
}
