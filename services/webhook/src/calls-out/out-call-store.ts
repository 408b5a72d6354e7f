import type {Millis} from '@voicebridge/shared/time.ts';
import type {OutCall} from './out-call.ts';

/** What others are told, in order for each call. */
export interface OutEvent {
  readonly id: string;
  readonly subject: string;
  readonly seq: number;
  readonly type: string;
  /** Unix milliseconds. */
  readonly at: Millis;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The calls that are to be made, known to all webhooks. Every method is one atomic step. */
export interface OutCallStore {
  /** Keeps a new call, unless there is one for this key already. Returns the one there is. */
  create(call: OutCall, key: string): Promise<OutCall>;
  read(id: string): Promise<OutCall | undefined>;
  /** Changes a call that still has this version. False: somebody else was faster. */
  swap(call: OutCall, version: number): Promise<boolean>;
  /** The calls at which somebody must look by now, those that wait longest first. */
  due(wall: Millis, atMost: number): Promise<readonly string[]>;
  /** The newest calls. */
  newest(atMost: number): Promise<readonly OutCall[]>;
  /** How many calls are being made or talked on at this moment. */
  busy(): Promise<number>;
  /** Takes the turn to make a call, of which there is one in `everyMs`. Returns `wall`, or when there is one again. */
  reserve(wall: Millis, everyMs: Millis): Promise<Millis>;
  /** Which call this call of the carrier's belongs to. */
  ownerOf(callSid: string): Promise<string | undefined>;
  /** Numbers that are never to be called, by their hash. */
  forbid(hash: string, isForbidden: boolean): Promise<void>;
  isForbidden(hash: string): Promise<boolean>;
  /** Hands an event to whoever tells others. The same event is told once, however often it is handed over. */
  tell(event: OutEvent): Promise<void>;
}
