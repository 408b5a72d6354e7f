import type {Millis} from '@voicebridge/shared/time.ts';
import type {FloorEffect} from './floor-events.ts';
import type {PlaybackLedger} from '../playback/playback-ledger.ts';
import {splitFirst, type Piece} from '../playback/playout-timeline.ts';

/**
 * A piece of audio goes to the caller's phone, with a mark behind it. Where it meets an empty buffer there is a mark in
 * front of it too, and its first 105 ms go apart, so that an early interruption can be located.
 */
export function sendAudio(piece: Piece, ledger: PlaybackLedger, at: Millis): FloorEffect[] {
  if (piece.payload === '') return []; // an earlier owner of the call has sent it
  const opening = ledger.opening(at);
  const effects: FloorEffect[] = opening === undefined ? [] : [{do: 'mark', mark: opening}];
  for (const part of opening === undefined ? [piece] : splitFirst(piece)) {
    const {itemId, responseId, itemFrom, payload} = part;
    const mark = ledger.sent(part, at);
    effects.push({do: 'say', payload, mark, itemId, responseId, itemFrom, itemMs: itemFrom + part.ms});
  }
  return effects;
}
