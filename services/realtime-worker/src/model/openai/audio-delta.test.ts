import fc from 'fast-check';
import {expect, test} from 'vitest';
import {audioDelta, isBase64, mendedBase64} from './audio-delta.ts';

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const AUDIO = 'response.output_audio.delta';
const base64 = fc.uint8Array({minLength: 1, maxLength: 400}).map(bytes => Buffer.from(bytes).toString('base64'));
const odd = fc.string({
  unit: fc.constantFrom('A', 'b', '9', '+', '/', '=', '-', '_', ' ', '\n', 'é', '"', '\\', '*'),
  maxLength: 24,
});

test('a text is base64 if it has whole groups of its characters only, padded at the end', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        base64,
        odd,
        fc.tuple(base64, odd).map(parts => parts.join('')),
      ),
      text => {
        expect(isBase64(text)).toBe(text.length % 4 === 0 && BASE64.test(text));
      },
    ),
    {numRuns: 2_000},
  );
  expect([isBase64('A'.repeat(200_000)), isBase64(`${'A'.repeat(199_996)}A*AA`)]).toEqual([true, false]);
});

test('the audio of a message is what JSON has in it, wherever it stands, and what is no base64 is left to JSON', () => {
  const value = fc.oneof(base64, odd, fc.constantFrom('', 7, null, {delta: 'AAAA'}, ['delta']));
  const field = fc.tuple(
    fc.constantFrom('event_id', 'response_id', 'item_id', 'delta', 'type', 'x"delta":"', 'text'),
    value,
  );
  fc.assert(
    fc.property(
      fc.array(field, {maxLength: 6}),
      fc.constantFrom(AUDIO, 'error'),
      fc.nat({max: 3}),
      (fields, type, cut) => {
        const written = fields.map(([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each)}`);
        const whole = `{${[`"type":"${type}"`, ...written].join(',')}}`;
        const text = cut === 3 ? whole.slice(0, -2) : whole;
        const taken = audioDelta(text);
        if (!taken) return;
        expect({...(taken.raw as object), delta: taken.payload}).toEqual(JSON.parse(text));
        expect(isBase64(taken.payload)).toBe(true);
      },
    ),
    {numRuns: 2_000},
  );
});

test('the audio of a usual message is taken out', () => {
  const event = {
    type: AUDIO,
    event_id: 'e1',
    response_id: 'r1',
    item_id: 'i1',
    output_index: 0,
    delta: 'AAAA',
    more: {n: 1},
  };
  expect(audioDelta(JSON.stringify(event))).toEqual({raw: {...event, delta: ''}, payload: 'AAAA'});
});

test('audio is the same without its padding, in lines, or in the letters of addresses; anything else is none', () => {
  fc.assert(
    fc.property(fc.uint8Array({minLength: 1, maxLength: 400}), bytes => {
      const audio = Buffer.from(bytes);
      const whole = audio.toString('base64');
      const others = [whole, whole.replace(/=+$/, ''), whole.replace(/(.{7})/g, '$1\r\n'), audio.toString('base64url')];
      for (const text of others) expect(mendedBase64(text)).toBe(whole);
    }),
  );
  expect(['A', '*', 'AA*A', 'AAAAA', '<audio>', 'ÄÄÄÄ'].map(mendedBase64)).toEqual(Array(6).fill(undefined));
});
