import type {CaptureLine} from '@voicebridge/shared/capture/capture.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CarrierEvent} from '../../services/media-edge/src/carriers/carrier.ts';
import type {ModelEvent} from '../../services/realtime-worker/src/model/model-adapter.ts';
import type {RecordedCall} from './recorded-call.ts';
import {isKnownOutside} from './recorded-outside.ts';

/** Something in a capture that this version cannot play: it was written by another one. */
export interface UnknownEvent {
  readonly at: Millis;
  /** Its name, as the capture has it. */
  readonly what: string;
}

const OF_PHONE: Readonly<Record<CarrierEvent['kind'] | 'audio' | 'closed', true>> = {
  connected: true,
  started: true,
  markReturned: true,
  digit: true,
  stopped: true,
  unreadable: true,
  audio: true,
  closed: true,
};

const OF_MODEL: Readonly<Record<ModelEvent['type'], true>> = {
  audio: true,
  audioEnded: true,
  callerSpoke: true,
  callerStopped: true,
  callerWords: true,
  hostedAway: true,
  hostedCalled: true,
  hostedEnded: true,
  itemAdded: true,
  lost: true,
  mended: true,
  notTranscribed: true,
  ready: true,
  refused: true,
  responseEnded: true,
  responseStarted: true,
  toolCalled: true,
  turnCommitted: true,
  words: true,
};

/** The first event of a call that this version cannot play. What follows from it cannot be compared. */
export function firstUnknown({edges, workers}: RecordedCall): UnknownEvent | undefined {
  const unknown = [...edges, ...workers].flatMap(({lines}) => lines.find(line => !isKnown(line)) ?? []);
  const [first] = unknown.toSorted((a, b) => a.at - b.at);
  return first && {at: first.at, what: `${first.socket}: ${nameOf(first)}`};
}

function isKnown(line: CaptureLine): boolean {
  if (line.direction === 'out') return true;
  switch (line.socket) {
    case 'phone':
      return Object.hasOwn(OF_PHONE, nameOf(line));
    case 'model':
      return Object.hasOwn(OF_MODEL, nameOf(line));
    case 'call':
      return isKnownOutside(line.message['kind']);
    case 'tool':
      return 'outcome' in line.message || 'threw' in line.message;
    default:
      return line.socket satisfies never;
  }
}

function nameOf({socket, message}: CaptureLine): string {
  const {kind, event} = message;
  const name = socket === 'model' ? (event as {readonly type?: unknown} | undefined)?.type : kind;
  return typeof name === 'string' ? name.slice(0, 60) : 'an event without a name';
}
