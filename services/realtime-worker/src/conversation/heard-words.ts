import type {Millis} from '@voicebridge/shared/time.ts';

/** How much of an item's audio was heard. */
interface Heard {
  readonly heardMs: Millis;
  readonly totalMs: Millis;
}

/** Splits text into characters as a reader sees them: with accents, and an emoji sequence as one. */
const graphemes = new Intl.Segmenter(undefined, {granularity: 'grapheme'});
/** Printable ASCII: each character is one code unit, so segmentation is not needed. */
const PLAIN = /^[\n -~]*$/;
/** A longer text is measured in code units: counting its characters would take too long between two frames. */
const COUNTED_UNITS = 4_000;

/** Scripts without blanks between words (Japanese, Chinese, Thai and others): a text may end after any character. */
const WITHOUT_BLANKS =
  /^[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Yiii}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}\p{scx=Lana}\p{scx=Tale}\p{scx=Talu}\p{scx=Java}\p{scx=Bali}\p{Extended_Pictographic}\p{RI}]/u;
/** A character of these scripts takes as long to say as a syllable, about three letters. */
const SYLLABLE = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Yiii}]/gu;
const MS_PER_LETTER = 62;
const MS_PER_SYLLABLE = 3 * MS_PER_LETTER;

/**
 * The words that fit into the heard part of an item. The model does not align words with audio, so the text is cut in
 * proportion to the audio, by characters, and back to the last whole word in scripts with blanks.
 */
export function heardWords(text: string, heard: Heard | undefined): string {
  if (!heard) return text;
  if (heard.heardMs <= 0) return '';
  if (heard.heardMs >= heard.totalMs) return text;
  const startAt = characterStarts(text);
  let end = unitsOf(text, heard.heardMs / heard.totalMs);
  while (end > 0 && !mayEnd(text.slice(startAt(end - 1), end), text.slice(end, end + 2))) end = startAt(end - 1);
  return text.slice(0, end).trimEnd();
}

/** The end of a text: at most `units` code units, beginning with a whole character. */
export function lastWords(text: string, units: number): string {
  if (text.length <= units) return text;
  const start = characterStarts(text);
  let from = text.length - units;
  while (start(from) !== from) from += 1;
  return text.slice(from);
}

/** About how long it takes to say a text, in milliseconds. */
export function speakingMs(text: string): Millis {
  const syllables = text.match(SYLLABLE)?.length ?? 0;
  return syllables * MS_PER_SYLLABLE + (text.length - syllables) * MS_PER_LETTER;
}

/** The code unit at which this share (0 to 1) of a text ends, at a whole character. */
function unitsOf(text: string, share: number): number {
  const units = Math.floor(text.length * share);
  if (PLAIN.test(text)) return units;
  if (text.length > COUNTED_UNITS) return characterStarts(text)(units);
  const starts = Array.from(graphemes.segment(text), ({index}) => index);
  return starts[Math.floor(starts.length * share)] ?? text.length;
}

/** A function that finds where the character of a code unit begins. */
function characterStarts(text: string): (unit: number) => number {
  if (PLAIN.test(text)) return unit => unit;
  const segments = graphemes.segment(text);
  return unit => segments.containing(unit)?.index ?? text.length;
}

/** Whether a text may be cut between these two characters without splitting a word. */
function mayEnd(before: string, after: string): boolean {
  return [before, after].some(character => /^\s/.test(character) || WITHOUT_BLANKS.test(character));
}
