import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {identityOf} from './caller-identity.ts';

const digits = (min: number, max: number) =>
  fc.stringMatching(new RegExp(`^[1-9][0-9]{${min - 1},${max - 1}}$`)).filter(text => !isKeypadWord(text));
const isKeypadWord = (text: string) => /^1?(266696687|7378742833|2562533|8656696|86282452253)$/.test(text);
const withheld = fc.oneof(
  fc.constantFrom('anonymous', 'restricted', 'blocked', 'private', 'withheld', 'unavailable', 'unknown'),
  fc.constantFrom('266696687', '7378742833', '2562533', '8656696', '86282452253'),
  fc.constantFrom('', '0', '000', '0000000000'),
);
const anyCase = (text: fc.Arbitrary<string>) =>
  fc.tuple(text, fc.constantFrom('', 'lower', 'upper', 'capital')).map(([word, how]) => {
    if (how === 'upper') return word.toUpperCase();
    return how === 'capital' ? word.charAt(0).toUpperCase() + word.slice(1) : word;
  });
const host = fc.constantFrom('trunk.example.com', '203.0.113.9:5060', 'anonymous.example.com', 'EXAMPLE.com');
const params = fc.constantFrom('', ';transport=tls', ';user=phone;tgrp=7', '?X-Header=1', ';pstn-params=9082828088');
const scheme = fc.constantFrom('sip:', 'sips:', 'SIP:');

describe('a caller who withholds the number has no identity', () => {
  test('in whichever words and wherever they stand', () => {
    fc.assert(
      fc.property(anyCase(withheld), scheme, host, params, fc.constantFrom('', '+'), (word, sip, at, more, plus) => {
        expect(identityOf(word)).toBeUndefined();
        expect(identityOf(` ${word} `)).toBeUndefined();
        expect(identityOf(`${sip}${word}@${at}${more}`)).toBeUndefined();
        expect(identityOf(`"${word}" <${sip}${word}@${at}${more}>`)).toBeUndefined();
        expect(identityOf(`client:${word}`)).toBeUndefined();
        if (/^\d+$/.test(word)) expect(identityOf(`${plus}${word}`)).toBeUndefined();
      }),
    );
  });

  test.each([
    undefined,
    '+266696687',
    '+1266696687',
    '+7378742833',
    '+2562533',
    '+8656696',
    '+86282452253',
    'sip:anonymous@anonymous.invalid',
    'sip:+15550100001@anonymous.invalid',
    '"Anonymous" <sip:anonymous@anonymous.invalid>',
    'sip:203.0.113.9',
    'tel:anonymous',
  ])('%s', address => {
    expect(identityOf(address)).toBeUndefined();
  });
});

describe('a caller with a number is that number', () => {
  test('however it is written, and by whichever trunk it comes', () => {
    fc.assert(
      fc.property(digits(10, 15), scheme, host, params, (number, sip, at, more) => {
        const same = {kind: 'number', text: `+${number}`};
        expect(identityOf(`+${number}`)).toEqual(same);
        expect(identityOf(`+${number.slice(0, 1)} (${number.slice(1, 4)}) ${number.slice(4)}`)).toEqual(same);
        expect(identityOf(`tel:+${number}${more.startsWith(';') ? more : ''}`)).toEqual(same);
        expect(identityOf(`${sip}+${number}@${at}${more}`)).toEqual(same);
        expect(identityOf(`${sip}%2B${number}:secret@${at}${more}`)).toEqual(same);
        expect(identityOf(`"Ann" <${sip}+${number}@${at}${more}>`)).toEqual(same);
        expect(identityOf(`${sip}${number}@${at}${more}`)).toEqual({kind: 'number', text: number});
      }),
    );
  });
});

describe('a caller with a name keeps it', () => {
  test.each([
    ['sip:ann@example.com;transport=tls', 'sip:ann@example.com'],
    ['sips:ann:secret@EXAMPLE.com', 'sip:ann@example.com'],
    ['sip:1001@pbx.example.com', 'sip:1001@pbx.example.com'],
    ['client:ann', 'client:ann'],
  ])('%s', (address, text) => {
    expect(identityOf(address)).toEqual({kind: 'name', text});
  });

  test('and nothing that a carrier may send is an error', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary', maxLength: 80}), address => {
        expect(() => identityOf(address)).not.toThrow();
        expect(() => identityOf(`sip:${address}@x`)).not.toThrow();
      }),
    );
  });
});
