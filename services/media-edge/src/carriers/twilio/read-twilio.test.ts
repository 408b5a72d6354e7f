import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {FromTwilio} from './from-twilio.ts';
import {parse} from '@voicebridge/shared/protocol/parse.ts';
import {MediaReader} from './media-reader.ts';
import {type Read, TwilioReader} from './read-twilio.ts';

const fast = new MediaReader();
const readTwilio = (text: string): Read => new TwilioReader().read(text);

const STREAM = `MZ${'0123456789abcdef'.repeat(2)}`;
const CALL = `CA${'0123456789abcdef'.repeat(2)}`;
const payload = Buffer.alloc(160, 0xff).toString('base64');

/** A `media` message with everything in the places where Twilio puts it. */
const media = (
  sequence: string,
  chunk: string,
  timestamp: string,
  payload: string,
  streamSid = STREAM,
  track = 'inbound',
) =>
  `{"event":"media","sequenceNumber":"${sequence}","media":{"track":"${track}","chunk":"${chunk}","timestamp":"${timestamp}","payload":"${payload}"},"streamSid":"${streamSid}"}`;

const usual = media('2', '1', '155', payload);

/** Texts as captured, and texts that differ from them in one place. */
const corpus: readonly string[] = [
  usual,
  media('3', '2', '175', ''),
  media('3', '2', '175', 'AA=='),
  media('3', '2', '175', 'AAA='),
  media('3', '2', '175', 'A==='),
  media('3', '2', '175', 'AA='),
  media('3', '2', '175', 'AAAAA'),
  media('3', '2', '175', 'AA==AA=='),
  media('3', '2', '175', 'AA-_'),
  media('3', '2', '175', 'AA A'),
  media('3', '2', '175', 'AA\\/A'),
  media('3', '2', '175', 'AAA"'),
  media('', '2', '175', payload),
  media('-3', '2', '175', payload),
  media('3', '2.5', '175', payload),
  media('3', '2', '1e3', payload),
  media('3', '2', '1234567890123456', payload),
  media('3', '2', '175', payload, 'MZ12'),
  media('3', '2', '175', payload, CALL),
  media('3', '2', '175', payload, STREAM.toUpperCase()),
  media('3', '2', '175', payload, STREAM, 'outbound'),
  media('3', '2', '175', payload, STREAM, ''),
  media('3', '2', '175', payload, STREAM, 'in bound'),
  media('3', '2', '175', payload, STREAM, '"'),
  `${usual} `,
  ` ${usual}`,
  `${usual}\n`,
  `${usual}${usual}`,
  usual.slice(0, -1),
  usual.replace('"event":"media",', ''),
  usual.replace('"chunk":"1",', ''),
  usual.replace('"chunk":"1"', '"chunk":1'),
  usual.replace(':', ': '),
  usual.replace('"media":{', '"media":{"extra":1,'),
  usual.replace('"media":{', '"media":[{'),
  usual.replace(`,"streamSid":"${STREAM}"`, ''),
  usual.replace('"event":"media"', '"event":"medium"'),
  usual.replace('"event":"media"', '"event":null'),
  `{"streamSid":"${STREAM}",${usual.slice(1)}`,
  '',
  'null',
  '[]',
  '7',
  'hello',
  '{"event":"connected","protocol":"Call","version":"1.0.0"}',
  `{"event":"mark","sequenceNumber":"4","streamSid":"${STREAM}","mark":{"name":"1:200"}}`,
];

/** Any text that looks nearly like a `media` message. */
const nearly = fc
  .tuple(
    fc.oneof(fc.nat().map(String), fc.string({maxLength: 18})),
    fc.oneof(fc.nat().map(String), fc.string({maxLength: 18})),
    fc.oneof(fc.nat().map(String), fc.string({maxLength: 18})),
    fc.oneof(fc.base64String({maxLength: 400}), fc.string()),
    fc.oneof(fc.constant(STREAM), fc.stringMatching(/^MZ[0-9a-fA-F]{30,33}$/)),
    fc.oneof(fc.constant('inbound'), fc.string({maxLength: 8})),
  )
  .map(parts => media(...parts));

/** A message, then one character of it replaced, removed or doubled. */
const mutated = fc
  .tuple(nearly, fc.nat(), fc.oneof(fc.constant(''), fc.string({minLength: 1, maxLength: 2})))
  .map(([text, at, by]) => {
    const place = at % text.length;
    return text.slice(0, place) + by + text.slice(place + 1);
  });

/** The fast reader leaves a message alone, or reads it as the schema does. */
function agree(text: string): void {
  const bytes = Buffer.from(text);
  if (!fast.read(bytes)) return;
  const parsed = parse(FromTwilio, text);
  expect(parsed).toMatchObject({ok: true, message: {event: 'media'}});
  if (!parsed.ok || parsed.message.event !== 'media') return;
  const {media, sequenceNumber, streamSid} = parsed.message;
  expect({
    sequence: fast.sequence,
    timestamp: fast.timestamp,
    isOutbound: fast.isOutbound,
    payload: bytes.toString('latin1', fast.from, fast.to),
    streamSid: bytes.toString('latin1', fast.sidAt, fast.sidAt + 34),
  }).toEqual({
    sequence: Number(sequenceNumber),
    timestamp: Number(media.timestamp),
    isOutbound: media.track === 'outbound',
    payload: media.payload,
    streamSid,
  });
}

describe('the fast reader and the schema', () => {
  test('read every text that Twilio sent or might send in the same way', () => {
    for (const text of corpus) {
      agree(text);
      const read = readTwilio(text);
      expect(read.ok).toBe(parse(FromTwilio, text).ok);
    }
  });

  test('read generated messages in the same way', () => {
    fc.assert(fc.property(nearly, agree), {numRuns: 2_000});
    fc.assert(fc.property(mutated, agree), {numRuns: 2_000});
  });

  test('leave the messages that come fifty times a second to the fast reader alone', () => {
    expect(fast.read(Buffer.from(usual))).toBe(true);
    expect(fast).toMatchObject({sequence: 2, timestamp: 155, isOutbound: false});
    expect(fast.read(Buffer.from(media('2', '1', '155', payload, STREAM, 'outbound')))).toBe(true);
    expect(fast.isOutbound).toBe(true);
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), fc.base64String({maxLength: 2_000}), (a, b, c, payload) => {
        expect(fast.read(Buffer.from(media(String(a), String(b), String(c), payload)))).toBe(true);
      }),
    );
  });
});

describe('a socket reads audio in its bytes', () => {
  const start = (streamSid: string) => JSON.stringify({event: 'start', start: {streamSid, callSid: CALL}});
  const foreign = STREAM.replace('0', '1');

  test('once its stream is known, and of this stream only', () => {
    const reader = new TwilioReader();
    expect(reader.readAudio(Buffer.from(usual))).toBeUndefined();
    reader.read(start(STREAM));
    expect(reader.readAudio(Buffer.from(usual))).toMatchObject({sequence: 2, timestamp: 155});
    expect(reader.readAudio(Buffer.from(media('3', '2', '175', payload, foreign)))).toBeUndefined();
    reader.read(start(foreign));
    expect(reader.readAudio(Buffer.from(usual))).toBeDefined();
  });
});

describe('a message that cannot be used', () => {
  test('is no fault of the peer when its event is unknown, because Twilio may add events', () => {
    expect(readTwilio('{"event":"transcript","text":"x"}')).toMatchObject({ok: false, reason: 'unknownEvent'});
  });

  test('is a fault when its event is known and its shape is not, and the reason holds no value of the message', () => {
    const read = readTwilio(
      `{"event":"dtmf","streamSid":"${STREAM}","dtmf":{"track":"inbound_track","digit":"secret"}}`,
    );
    expect(read).toMatchObject({ok: false, reason: 'unexpectedShape'});
    expect(JSON.stringify(read)).not.toContain('secret');
  });

  test('has a reason of its own when it is not JSON', () => {
    expect(readTwilio('{"event":')).toMatchObject({ok: false, reason: 'notJson'});
    expect(readTwilio('[1]')).toMatchObject({ok: false, reason: 'unexpectedShape'});
    expect(readTwilio('{"event":7}')).toMatchObject({ok: false, reason: 'unexpectedShape'});
  });
});
