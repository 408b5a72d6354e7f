import {bytesOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import {isWithin, MANY_FACTS} from '@voicebridge/shared/protocol/json-bounds.ts';

/** How servers begin the message. */
const BEGINNING = '{"type":"response.output_audio.delta"';
const KEY = '"delta":"';
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** What each character of ASCII is in base64. */
const [OTHER, SPACE, PADDING, DIGIT] = [0, 1, 2, 3];
const KINDS = Uint8Array.from({length: 128}, (_, code) => {
  const character = String.fromCharCode(code);
  if (/\s/.test(character)) return SPACE;
  if (character === '=') return PADDING;
  return /[\w+/-]/.test(character) ? DIGIT : OTHER;
});
/** Ten seconds of audio. A longer text is checked character by character. */
const scratch = Buffer.allocUnsafeSlow(80_000);

/** A message with audio: the rest of the event, and its audio as base64. */
export interface AudioDelta {
  readonly raw: unknown;
  readonly payload: string;
}

/**
 * Takes the audio out of a message before the rest is parsed as JSON: it is 90 % of what a model's server sends,
 * and has nothing in it that JSON would have to unescape. Undefined for every other message, which is then read like any
 * event.
 */
export function audioDelta(text: string): AudioDelta | undefined {
  if (!text.startsWith(BEGINNING)) return undefined;
  const from = text.indexOf(KEY) + KEY.length;
  const to = text.indexOf('"', from);
  if (from < KEY.length || to <= from || text.includes('"delta"', to)) return undefined;
  const payload = text.slice(from, to);
  if (!isBase64(payload)) return undefined;
  const rest = text.slice(0, from) + text.slice(to);
  if (!isWithin(MANY_FACTS, rest)) return undefined;
  try {
    const raw: unknown = JSON.parse(rest);
    return isWithoutAudio(raw) ? {raw, payload} : undefined;
  } catch {
    return undefined;
  }
}

/** The audio was taken out of the event itself, and not of something in it. */
function isWithoutAudio(raw: unknown): boolean {
  if (typeof raw !== 'object' || raw === null || !('type' in raw) || !('delta' in raw)) return false;
  return raw.type === 'response.output_audio.delta' && raw.delta === '';
}

/** Whether a text is base64 in whole groups of four characters. Decoding it tells that faster than looking at each. */
export function isBase64(text: string): boolean {
  if (text.length % 4 !== 0) return false;
  if (text.length > scratch.length) return BASE64.test(text);
  // The decoder skips what is no base64, and takes the two characters of the variant for addresses.
  if (text.includes('-') || text.includes('_')) return false;
  return scratch.write(text, 'base64') === bytesOfBase64(text);
}

/** The same audio as base64 in whole groups: some servers leave its padding out, break its lines or write it as in addresses. */
export function mendedBase64(text: string): string | undefined {
  if (isBase64(text)) return text;
  // To replace each character in eight megabytes of text takes seconds. The decoder reads all these variants.
  return isLooseBase64(text) ? Buffer.from(text, 'base64').toString('base64') : undefined;
}

/** Whether a text is base64 with any spaces in it, in either alphabet, and with its padding or without. */
function isLooseBase64(text: string): boolean {
  let [count, isPadded] = [0, false];
  for (let at = 0; at < text.length; at += 1) {
    const kind = KINDS[text.charCodeAt(at)] ?? OTHER;
    if (kind === SPACE) continue;
    if (kind === PADDING) isPadded = true;
    else if (kind === OTHER || isPadded) return false;
    else count += 1;
  }
  return count % 4 !== 1;
}
