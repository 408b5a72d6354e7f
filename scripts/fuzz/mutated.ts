import fc from 'fast-check';

/** What breaks readers: ends of numbers and texts, prototypes, markup, other encodings. */
const HOSTILE = [
  '',
  '\0',
  '"',
  "'",
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '=',
  '&',
  '%',
  '%00',
  '+',
  '\r\n',
  '\n',
  '<',
  '>',
  '&lt;',
  ']]>',
  '<Dial>+1900</Dial>',
  '"/><Redirect>',
  'null',
  'true',
  '-1',
  '1e400',
  '1e-320',
  '9007199254740993',
  '4294967296',
  '0.5',
  '__proto__',
  'constructor',
  '"__proto__":{"a":1},',
  '\u2028',
  '\uFEFF',
  '\xff',
  '\x80',
  '{"a":'.repeat(50),
  '['.repeat(500),
  'x'.repeat(5_000),
  '9'.repeat(400),
] as const;

type Edit = readonly [what: number, at: number, length: number, text: string];

/** Made once: strings of any unit begin with a table of all units. */
const EDIT: fc.Arbitrary<Edit> = fc.tuple(
  fc.nat(5),
  fc.nat(10_000),
  fc.nat(20),
  fc.oneof({weight: 3, arbitrary: fc.constantFrom(...HOSTILE)}, fc.string({maxLength: 8, unit: 'binary'})),
);

/** Any text that was one of the samples before up to six edits. Each char is one byte, but for those of `HOSTILE`. */
export function mutated(samples: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(EDIT, {maxLength: 6}))
    .map(([sample, edits]) => edits.reduce(applyEdit, sample));
}

function applyEdit(text: string, [what, place, length, other]: Edit): string {
  const at = text.length === 0 ? 0 : place % (text.length + 1);
  const [before, part, after] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
  switch (what) {
    case 0:
      return before + other + part + after;
    case 1:
      return before + after;
    case 2:
      return before + other + after;
    case 3:
      return before + part + part + after;
    case 4:
      return after + part + before;
    default:
      // The next number becomes another one.
      return before + (part + after).replace(/-?\d+/, other || '0');
  }
}
