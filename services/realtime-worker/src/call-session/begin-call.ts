import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import {openedFact} from '../journal/opened-fact.ts';
import type {CallDeps, CallStart} from './call-deps.ts';
import {countFact} from './call-metrics.ts';
import type {CallParts} from './wire-call.ts';

/** This worker has become the owner of a call: what everybody must know of that is written, and what goes on goes on. */
export function beginCall(call: CallEntry, {cause, restored}: CallStart, parts: CallParts, deps: CallDeps): void {
  const {core, journal, log, recording, speaking, spend, stream} = parts;
  const {clock, metrics, tap, worker} = deps;
  const {epoch} = call;
  tap?.began(call, speaking.current, cause, {
    wasGiven: restored?.captured ?? false,
    send: frame => stream.send(frame),
    agreed: () => journal.write({is: 'captured'}),
  });
  recording?.pause(core.isCollecting, clock.now());
  if (!restored) journal.write(openedFact(call, speaking.current));
  // The last owner died before it could write them.
  for (const fact of restored?.unwritten ?? []) {
    journal.write(fact);
    countFact(fact, metrics);
  }
  journal.write({is: 'owner', worker, epoch, cause});
  recording?.taken(restored?.recorded ?? false, clock.now(), restored?.stream?.streamSid);
  spend.begin();
  log.info({epoch, cause}, 'call taken');
}
