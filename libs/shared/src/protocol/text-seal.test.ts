import fc from 'fast-check';
import {expect, test} from 'vitest';
import {FleetKey} from './fleet-key.ts';

const [OLD, NEW, FOREIGN] = ['0'.repeat(64), '1'.repeat(64), '2'.repeat(64)];
const sealOf = (keys: readonly string[], place = 'call 1') => new FleetKey(keys, () => 0).textSeal(place);
const sealed = (text: string, keys = [NEW], place?: string) => sealOf(keys, place).seal(text) ?? '';

test('any text comes back as it was, and stands nowhere in what is stored', () => {
  fc.assert(
    fc.property(fc.string({unit: 'binary'}), text => {
      const stored = sealed(text);
      expect(stored).toMatch(/^[\w+/]+=*$/);
      expect(sealOf([NEW]).open(stored)).toBe(text.toWellFormed());
      if (text.length > 6) expect(stored).not.toContain(text);
    }),
  );
});

test('one text is stored in another way each time: nobody sees who said the same', () => {
  expect(new Set(Array.from({length: 100}, () => sealed('4111 1111'))).size).toBe(100);
});

test('keys rotate: each key that is listed opens, the first seals', () => {
  const before = sealed('before', [OLD]);
  const during = sealed('during', [NEW, OLD]);
  expect(sealOf([OLD, NEW]).open(before)).toBe('before');
  expect(sealOf([OLD, NEW]).open(during)).toBe('during');
  expect(sealOf([NEW, OLD]).open(before)).toBe('before');
  expect(sealOf([NEW]).open(during)).toBe('during');
  expect(sealOf([NEW]).open(before)).toBeUndefined();
});

test('what another fleet has sealed, or belongs to another call, is not opened', () => {
  expect(sealOf([NEW]).open(sealed('words', [FOREIGN]))).toBeUndefined();
  expect(sealOf([NEW], 'call 2').open(sealed('words'))).toBeUndefined();
});

test('whoever changes a byte, cuts or adds, has written nothing', () => {
  const stored = sealed('the caller pressed 4 1 1 1');
  fc.assert(
    fc.property(fc.nat(stored.length - 2), fc.constantFrom('A', 'B', ''), (at, other) => {
      const changed = stored.slice(0, at) + other + stored.slice(at + 1);
      fc.pre(changed !== stored);
      expect(sealOf([NEW]).open(changed)).toBeUndefined();
    }),
  );
  for (const text of ['', 'A', 'not sealed at all', stored + stored]) expect(sealOf([NEW]).open(text)).toBeUndefined();
});

test('without a key that all processes have, nothing is sealed; what is sealed already can be read', () => {
  expect(sealOf([]).seal('words')).toBeUndefined();
  expect(sealOf([]).open(sealed('words'))).toBeUndefined();
  expect(sealOf([NEW, 'unsigned']).seal('words')).toBeUndefined();
  expect(sealOf([NEW, 'unsigned']).open(sealed('words'))).toBe('words');
});
