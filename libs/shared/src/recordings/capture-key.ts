import type {CallSid} from '../protocol/ids.ts';
import type {Millis} from '../time.ts';

/** A part of a captured call in the recordings' store, as its process wrote it. */
export interface StoredCapture {
  readonly key: string;
  readonly callSid: string;
  /** When it was begun: the day in UTC. */
  readonly day: string;
}

/** Everything that was captured stands under this. */
export const CAPTURES = 'captures/';

const KEY = /^captures\/(\d{4}-\d{2}-\d{2})\/([\w-]{1,80})\.(?:edge|worker)-[\w.-]+\.jsonl\.gz$/;

/** `process`: who wrote it, such as `edge-1f`. One process may write several parts of a call. */
export function captureKey(callSid: CallSid | string, process: string, begunWall: Millis): string {
  const begun = Math.round(begunWall);
  return `${CAPTURES}${new Date(begun).toISOString().slice(0, 10)}/${callSid}.${process}.${begun}.jsonl.gz`;
}

/** What is stored under this key; undefined if it is no capture. */
export function readCaptureKey(key: string): StoredCapture | undefined {
  const [, day, callSid] = KEY.exec(key) ?? [];
  return day === undefined || callSid === undefined ? undefined : {key, callSid, day};
}
