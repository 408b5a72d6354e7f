import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {heardWords, lastWords, speakingMs} from './heard-words.ts';

const half = {heardMs: 500, totalMs: 1_000};
const TEXTS = {
  Japanese: '営業時間は午前九時から午後五時までです。',
  'Japanese with a blank': 'ご案内します。 営業時間は午前九時から午後五時までです。',
  Chinese: '我们每天从上午九点营业到下午五点，周末休息。',
  Thai: 'ร้านของเราเปิดตั้งแต่เก้าโมงเช้าถึงห้าโมงเย็น',
  Khmer: 'យើងបើកពីម៉ោងប្រាំបួនព្រឹកដល់ម៉ោងប្រាំល្ងាច',
  Lao: 'ພວກເຮົາເປີດແຕ່ເກົ້າໂມງເຊົ້າຫາຫ້າໂມງແລງ',
  Burmese: 'ကျွန်ုပ်တို့သည်မနက်ကိုးနာရီမှညနေငါးနာရီအထိဖွင့်သည်',
  Tibetan: 'ང་ཚོ་ཞོགས་པ་ཆུ་ཚོད་དགུ་ནས་ཕྱི་དྲོ་ལྔ་བར་སྒོ་ཕྱེས།',
};
/** Letters, blanks and marks of all kinds, whole and torn. */
const OTHERS = [
  'a',
  'word',
  ' ',
  ' ',
  '\n',
  '\r\n',
  '.',
  'é',
  'e\u0301',
  '👍🏽',
  '👨‍👩‍👧',
  '🇯🇵',
  '🇩',
  '\ud83d',
  '½',
  'क्षि',
  '각',
];
const characters = (text: string) => Array.from(new Intl.Segmenter('en').segment(text), ({segment}) => segment);

describe('heardWords', () => {
  test('all words were heard if the item was not truncated', () => {
    expect(heardWords('We are open from five.', undefined)).toBe('We are open from five.');
    expect(heardWords('We are open.', {heardMs: 900, totalMs: 900})).toBe('We are open.');
  });

  test('the heard words fit into the heard audio and end with a whole word', () => {
    const text = 'We are open from five to eleven.';
    expect(heardWords(text, half)).toBe('We are open from');
    expect(heardWords(text, {heardMs: 360, totalMs: 1_000})).toBe('We are open');
    expect(heardWords('Nós estamos à disposição até às onze.', half)).toBe('Nós estamos à');
    expect(heardWords('우리는 매일 아홉 시부터 다섯 시까지 영업합니다.', half)).toBe('우리는 매일 아홉 시부터');
  });

  test('no words were heard if the audio ended before the first word did', () => {
    expect(heardWords('Incomprehensibilities', half)).toBe('');
    expect(heardWords('We are open', {heardMs: 0, totalMs: 1_000})).toBe('');
    expect(heardWords('We are open', {heardMs: 0, totalMs: 0})).toBe('');
  });

  test.each(Object.entries(TEXTS))(
    'the heard words may end after any character in %s, which has no blanks between words',
    (_, text) => {
      const all = characters(text);
      for (const [share, heardMs] of [0.25, 0.5, 0.75].map(part => [part, part * 1_000] as const)) {
        const expected = all.slice(0, Math.floor(all.length * share)).join('');
        expect(heardWords(text, {heardMs, totalMs: 1_000})).toBe(expected.trimEnd());
      }
    },
  );

  test('a foreign word stays whole among characters without blanks', () => {
    expect(heardWords('このiPhoneは', {heardMs: 600, totalMs: 1_000})).toBe('この');
    expect(heardWords('このiPhoneは', {heardMs: 900, totalMs: 1_000})).toBe('このiPhone');
  });

  test('the heard words never end within an emoji, a flag or an accent', () => {
    const family = '👨‍👩‍👧‍👦';
    expect(heardWords(`${family}${family}`, half)).toBe(family);
    expect(heardWords('🇯🇵🇩🇪🇫🇷', {heardMs: 400, totalMs: 1_000})).toBe('🇯🇵');
    expect(heardWords('か\u3099き\u3099', half)).toBe('か\u3099');
  });

  const pieces = fc.constantFrom(...characters(Object.values(TEXTS).join('')), ...OTHERS);
  const anyText = fc.oneof(
    fc.string({unit: 'grapheme'}),
    fc.string({unit: 'binary'}),
    fc.array(pieces, {maxLength: 60}).map(all => all.join('')),
  );

  test('the heard words are a prefix of whole characters and grow with the heard audio', () => {
    fc.assert(
      fc.property(
        anyText,
        fc.integer({min: 1, max: 5_000}),
        fc.nat(5_000),
        fc.nat(5_000),
        (text, totalMs, one, two) => {
          const [less, more] = [Math.min(one, two), Math.max(one, two)].map(heardMs =>
            heardWords(text, {heardMs, totalMs}),
          );
          expect(text.startsWith(more ?? '')).toBe(true);
          expect(more?.startsWith(less ?? '')).toBe(true);
          expect(
            characters(text)
              .join('|')
              .startsWith(characters(more ?? '').join('|')),
          ).toBe(true);
          expect(heardWords(text, {heardMs: 0, totalMs})).toBe('');
          expect(heardWords(text, {heardMs: totalMs, totalMs})).toBe(text);
        },
      ),
      {numRuns: 2_000},
    );
  });

  test.each([
    ['in a script without blanks', Object.values(TEXTS).join('').repeat(300), 0.49],
    ['of accented words', 'wörter '.repeat(8_000), 0.49],
    ['of one word', 'é'.repeat(50_000), 0],
  ])('the heard words of a very long text %s are found in time', (_, text, share) => {
    const words = heardWords(text, half);
    expect(text.startsWith(words)).toBe(true);
    expect(words.length / text.length).toBeGreaterThanOrEqual(share);
    expect(words.length / text.length).toBeLessThanOrEqual(0.5);
  });
});

test('the last words of a text begin with a whole character', () => {
  expect(lastWords('We are open', 4)).toBe('open');
  expect(lastWords('short', 200)).toBe('short');
  expect(lastWords('👨‍👩‍👧👍', 4)).toBe('👍');
});

test('a character that is a syllable takes longer to say than a letter', () => {
  expect(speakingMs('open')).toBe(4 * 62);
  expect(speakingMs('営業時間')).toBe(4 * 186);
});
