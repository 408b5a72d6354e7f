import {expect, test} from 'vitest';
import * as ws from 'ws';
import {appendFrame} from './append-frame.ts';

// Its types do not name it.
const {Receiver} = ws as unknown as {Receiver: new (options: object) => NodeJS.WritableStream};

test('caller audio is one frame with the event that JSON would make of it, whatever its length', () => {
  const lengths = [216, 216, 4, 0, 216, 80, 65_484, 65_492, 90_000, 4_000];
  const told: string[] = [];
  const server = new Receiver({isServer: true});
  server.on('message', (data: Buffer, isBinary: boolean) => told.push(`${isBinary}: ${data.toString()}`));
  const payloads = lengths.map(length => 'Az+/'.repeat(length / 4));
  for (const payload of payloads) server.write(appendFrame(Buffer.from(`---${payload}---`), 3, 3 + payload.length));
  expect(told).toEqual(payloads.map(audio => `false: ${JSON.stringify({type: 'input_audio_buffer.append', audio})}`));
});

test('no two frames have the same mask', () => {
  const masks = Array.from({length: 5_000}, () =>
    appendFrame(Buffer.from('AAAA'), 0, 4).subarray(2, 6).toString('hex'),
  );
  expect(new Set(masks).size).toBeGreaterThan(4_990);
});
