import type {Millis} from '@voicebridge/shared/time.ts';
import type {TimedSection} from './recorded-call.ts';

/** A while in which nothing passed between the edge and the worker, because Redis was away or a process stood still. */
export interface Outage {
  readonly from: Millis;
  readonly until: Millis;
}

/**
 * The outages of a recording, by what the worker knew of them: from when on what it sent did not arrive, and when the first of it
 * left that did.
 */
export function outagesIn({lines, until}: TimedSection): Outage[] {
  const outages: Outage[] = [];
  let from: Millis | undefined;
  for (const {at, socket, message} of lines) {
    if (socket !== 'call' || message['kind'] !== 'undelivered') continue;
    const {sinceMsAgo, leftMsAgo} = message;
    if (typeof sinceMsAgo === 'number') from ??= at - sinceMsAgo;
    else if (from !== undefined) {
      outages.push({from, until: Math.max(from, at - Number(leftMsAgo))});
      from = undefined;
    }
  }
  return from === undefined ? outages : [...outages, {from, until}];
}
