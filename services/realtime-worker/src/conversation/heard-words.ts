import type {Millis} from '@voicebridge/shared/time.ts';

/** How much of an item's audio was heard. */
interface Heard {
  readonly heardMs: Millis;
  readonly totalMs: Millis;
}

/** What a reader takes for one character: with its accents, and a flag or a family of emoji as one. */
const graphemes = new Intl.Segmenter(undefined, {granularity: 'grapheme'});
/** Characters that are one unit each: nothing to segment. */
const PLAIN = /^[\n -~]*$/;
/** A longer text is measured in units: its characters are too many to count between two frames. */
const COUNTED_UNITS = 4_000;

/** Written without blanks between words, as Japanese, Chinese and Thai are: a text may end behind any character. */
const WITHOUT_BLANKS =
  /^[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Yiii}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}\p{scx=Lana}\p{scx=Tale}\p{scx=Talu}\p{scx=Java}\p{scx=Bali}\p{Extended_Pictographic}\p{RI}]/u;
/** One of these takes as long to say as a syllable does, and a syllable as long as some letters. */
const SYLLABLE = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Yiii}]/gu;
const MS_PER_LETTER = 62;
const MS_PER_SYLLABLE = 3 * MS_PER_LETTER;

/**
 * The words that fit into the heard part of an item. Words are not aligned with audio, so in proportion: by characters,
 * and back to the last whole word where a script has blanks between them.
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

/** The last words of a text: so many units at most, by whole characters. */
export function lastWords(text: string, units: number): string {
  if (text.length <= units) return text;
  const start = characterStarts(text);
  let from = text.length - units;
  while (start(from) !== from) from += 1;
  return text.slice(from);
}

/** How long it takes to say a text, about. */
export function speakingMs(text: string): Millis {
  const syllables = text.match(SYLLABLE)?.length ?? 0;
  return syllables * MS_PER_SYLLABLE + (text.length - syllables) * MS_PER_LETTER;
}

/** Where so large a part of a text ends, by whole characters. */
function unitsOf(text: string, share: number): number {
  const units = Math.floor(text.length * share);
  if (PLAIN.test(text)) return units;
  if (text.length > COUNTED_UNITS) return characterStarts(text)(units);
  const starts = Array.from(graphemes.segment(text), ({index}) => index);
  return starts[Math.floor(starts.length * share)] ?? text.length;
}

/** Tells where the character begins that a unit belongs to. */
function characterStarts(text: string): (unit: number) => number {
  if (PLAIN.test(text)) return unit => unit;
  const segments = graphemes.segment(text);
  return unit => segments.containing(unit)?.index ?? text.length;
}

/** Whether a text may be cut between these two characters: never within a word. */
function mayEnd(before: string, after: string): boolean {
  return [before, after].some(character => /^\s/.test(character) || WITHOUT_BLANKS.test(character));
}
