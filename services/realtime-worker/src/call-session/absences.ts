import {awayFacts, outcomeOf} from '@voicebridge/shared/protocol/away.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {CallEvent} from '../events/call-event.ts';
import type {CallJournal} from '../journal/call-journal.ts';
import type {CallDeps, OwnedCall} from './call-deps.ts';
import type {CallerStream} from './caller-stream.ts';
import {setIntent} from './set-intent.ts';

/** Pause before the directory is asked again. */
const LOOK_AGAIN: Millis = 250;

export interface AbsencesDeps {
  readonly call: OwnedCall;
  readonly deps: Pick<CallDeps, 'directory' | 'clock'>;
  readonly log: Log;
  readonly journal: CallJournal;
  readonly stream: CallerStream;
  /** The caller is in this absence, and the call goes on here. */
  readonly isWanted: (away: number) => boolean;
  readonly returned: (event: Extract<CallEvent, {type: 'returned'}>) => void;
}

/** Lets a caller go for a while, and finds out the outcome. The webhook and this worker meet in the directory. */
export class Absences {
  readonly #with: AbsencesDeps;

  constructor(deps: AbsencesDeps) {
    this.#with = deps;
  }

  /** Closes the stream, so that Twilio asks the webhook. Where the caller goes is written before. */
  async leave({order, away, until}: Extract<CallEffect, {do: 'away'}>): Promise<void> {
    const {call, deps, log, journal, stream, isWanted} = this.#with;
    const streamSid = stream.entry?.streamSid;
    const isInVain = () => !isWanted(away);
    if (streamSid === undefined) return;
    // The next owner must know of the absence before the caller is in it.
    await journal.written();
    const untilWall = deps.clock.wall() + (until - deps.clock.now());
    const facts = awayFacts({...order, away, streamSid}, untilWall);
    await setIntent('migrate', {callSid: call.callSid, journal, isOver: isInVain}, {...deps, log}, facts);
    if (isInVain()) return;
    log.info({away, kind: order.kind}, 'the caller goes away');
    stream.send({kind: 'close', why: 'migrate'});
  }

  /** The webhook wrote the outcome before it gave the caller another stream. */
  async lookUp(away: number): Promise<void> {
    const {call, deps, log, isWanted, returned} = this.#with;
    while (isWanted(away)) {
      const entry = await deps.directory.read(call.callSid).catch((thrown: unknown) => {
        log.warn({err: thrown}, 'cannot look up the outcome of an absence');
        return undefined;
      });
      if (!isWanted(away)) return;
      if (entry) return returned({type: 'returned', away, outcome: outcomeOf(entry, away) ?? 'unknown'});
      await sleep(deps.clock, LOOK_AGAIN);
    }
  }
}
