import {promisify} from 'node:util';
import {gunzip} from 'node:zlib';
import type {CaptureLine} from '@voicebridge/shared/capture/capture.ts';
import {readCapture} from '@voicebridge/shared/capture/read-capture.ts';
import {CAPTURES, readCaptureKey} from '@voicebridge/shared/recordings/capture-key.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';

const DAY = 86_400_000;
/** A capture that is larger is a matter for npm run replay. */
const AT_MOST_BYTES = 100_000_000;

/**
 * What was captured of a call, on one axis of time; undefined if nothing is in the store, or not both halves. A file that was
 * edited counts as none.
 */
export async function capturedLines(
  store: RecordingStore,
  {callSid, startedAt}: {readonly callSid: string; readonly startedAt: string},
): Promise<readonly CaptureLine[] | undefined> {
  const day = Date.parse(startedAt);
  // A call may be over midnight, and its worker may begin before its record does.
  const days = [-DAY, 0, DAY].map(away => new Date(day + away).toISOString().slice(0, 10));
  const found = await Promise.all(days.map(each => store.list(`${CAPTURES}${each}/${callSid}.`)));
  const keys = found.flat().filter(({key, bytes}) => readCaptureKey(key)?.callSid === callSid && bytes < AT_MOST_BYTES);
  const sections = (
    await Promise.all(
      keys.map(async ({key}) => {
        const body = await store.read(key, 0, Number.MAX_SAFE_INTEGER);
        const text = body && (await promisify(gunzip)(body, {maxOutputLength: 4 * AT_MOST_BYTES})).toString('utf8');
        return text === undefined ? [] : readCapture(text, key);
      }),
    )
  ).flat();
  const hasBoth = (['edge', 'worker'] as const).every(half => sections.some(section => section.half === half));
  if (!hasBoth) return undefined;
  const first = Math.min(...sections.map(({wall}) => wall));
  return sections.flatMap(({wall, lines}) => lines.map(line => ({...line, at: line.at + wall - first})));
}
