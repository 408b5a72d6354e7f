import {expect, test} from 'vitest';
import {readBridgeMessage} from './bridge-message.ts';

const streamSid = 'MZ00000000000000000000000000000001';
const audio = Buffer.from([0xff, 0x7f, 0x00, 0x80, 0xff]);
const media = {event: 'media', streamSid, media: {payload: audio.toString('base64')}};
const read = (message: unknown) =>
  readBridgeMessage(typeof message === 'string' ? message : JSON.stringify(message), streamSid);

test('media, mark and clear are understood', () => {
  expect(read(media)).toEqual({ok: true, message: {event: 'media', audio}});
  expect(read({event: 'mark', streamSid, mark: {name: 'x'}})).toEqual({ok: true, message: {event: 'mark', name: 'x'}});
  expect(read({event: 'clear', streamSid})).toEqual({ok: true, message: {event: 'clear'}});
});

test.each([
  ['no JSON', 'clear'],
  ['an array', [media]],
  ['an unknown event', {event: 'hush', streamSid}],
  ['an extra field', {...media, sequenceNumber: '1'}],
  ['an extra field inside', {...media, media: {...media.media, track: 'outbound'}}],
  ['a missing field', {event: 'media', streamSid}],
  ['a mark without its object', {event: 'mark', streamSid, name: 'x'}],
  ['a mark whose name is a number', {event: 'mark', streamSid, mark: {name: 1}}],
  ['the streamSid of another stream', {...media, streamSid: 'MZ00000000000000000000000000000002'}],
  ['the spelling stream_sid', {event: 'clear', stream_sid: streamSid}],
  ['an empty payload', {...media, media: {payload: ''}}],
  ['a payload that is not base64', {...media, media: {payload: '//9/!'}}],
  ['base64 without its padding', {...media, media: {payload: media.media.payload.replace(/=+$/, '')}}],
  ['base64 of the web kind', {...media, media: {payload: '__9_'}}],
  ['audio that was encoded twice', {...media, media: {payload: btoa(Buffer.alloc(160, 0xd5).toString('base64'))}}],
])('%s is ignored with error 31951', (_, message) => {
  expect(read(message)).toMatchObject({ok: false, code: 31951});
});

test('audio with a file header is played, and complained about', () => {
  const wav = Buffer.concat([Buffer.from('RIFF'), Buffer.alloc(40, 0xff)]);
  expect(read({...media, media: {payload: wav.toString('base64')}})).toMatchObject({
    ok: true,
    warning: expect.stringContaining('RIFF'),
  });
});
