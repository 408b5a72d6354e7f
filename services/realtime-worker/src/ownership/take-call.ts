import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerReply, WorkerRequest} from '@voicebridge/shared/protocol/worker-rpc.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import type {CallDeps} from '../call-session/call-deps.ts';
import {restoreCall} from '../journal/restore-call.ts';
import {CallSession} from '../call-session/call-session.ts';
import {readJournal} from '../events/journal-entry.ts';
import type {ModelEvent, ModelSession} from '../model/model-adapter.ts';
import {sessionSettings} from '../call-session/session-settings.ts';

export type Take = Extract<WorkerRequest, {type: 'take'}>;
export type Reply = Pick<WorkerReply, 'answer' | 'epoch' | 'settledMs'>;

/** A call that moves without haste moves only to a session that is ready; no longer than this. */
const READY_WITHIN: Millis = 3_000;

export interface Taken {
  readonly reply: Reply;
  readonly session?: CallSession;
}

/**
 * Takes a call, or says who else has it. The directory decides: many may try, one wins. A new call answers at once and
 * its model session is opened while Twilio still sets the stream up; a call that a living worker hands over is only
 * claimed once the session is ready, so that the caller never waits for it; the call of a dead one is claimed first.
 */
export async function takeCall(ask: Take, assistant: Assistant, deps: CallDeps): Promise<Taken> {
  const {directory, adapter, clock, worker} = deps;
  const facts = {...ask.facts, ...(ask.traceparent === undefined ? {} : {traceparent: ask.traceparent})};
  // Several may be asked to take the call of a dead worker, and dozens of calls at once: only who wins opens a session.
  const early = ask.cause === 'worker-lost' ? undefined : adapter.open(sessionSettings(assistant, {facts}));
  const ready = early && ask.cause === 'worker-drained' ? await readyInTime(early, deps) : undefined;
  if (ready?.ok === false) {
    await early?.[Symbol.asyncDispose]();
    return {reply: {answer: 'unknown', epoch: ask.epoch}};
  }
  const claim = await directory
    .claim(ask.callSid, {
      epoch: ask.epoch,
      owner: worker,
      at: clock.wall(),
      assistant: ask.assistant,
      facts,
      ...(ask.ticket === undefined ? {} : {ticket: ask.ticket}),
    })
    .catch(async (thrown: unknown) => {
      await early?.[Symbol.asyncDispose]();
      throw thrown;
    });
  if (!claim.won) {
    await early?.[Symbol.asyncDispose]();
    return {reply: {answer: 'taken', epoch: claim.call?.epoch ?? ask.epoch}};
  }
  const {call} = claim;
  const entries = readJournal(claim.journal);
  const before = entries.length === 0 ? undefined : restoreCall(entries, clock.wall());
  const model = ready?.replay ?? early;
  const session = new CallSession(deps, assistant, call, {model, entries, before, cause: ask.cause});
  // First of all the caller is listened to. When a worker died there are dozens who wait for that.
  if (ask.stream) await session.attach(ask.stream.streamSid, ask.stream.edge, call.epoch);
  session.talk();
  const settledMs = before?.stream?.streamSid === ask.stream?.streamSid ? before?.stream?.settledMs : undefined;
  return {reply: {answer: 'yes', epoch: call.epoch, settledMs}, session};
}

/** A call whose owner died as the caller hung up: taken only to write its record. */
export async function claimOrphan(callSid: CallSid, deps: Pick<CallDeps, 'directory' | 'clock' | 'worker'>) {
  const {directory, clock, worker} = deps;
  const call = await directory.read(callSid);
  if (!call || call.state === 'ended') return undefined;
  const claim = await directory.claim(callSid, {epoch: call.epoch, owner: worker, at: clock.wall()});
  return claim.won ? {call: claim.call, entries: readJournal(claim.journal)} : undefined;
}

/** Waits for `ready` and gives back a session that says it again, to whoever listens next. */
async function readyInTime(model: ModelSession, {clock}: Pick<CallDeps, 'clock'>) {
  const heard: ModelEvent[] = [];
  const outcome = Promise.withResolvers<boolean>();
  let listener: ((event: ModelEvent) => void) | undefined;
  model.onEvent(event => {
    if (listener) return listener(event);
    heard.push(event);
    if (event.type === 'ready') outcome.resolve(true);
    if (event.type === 'lost') outcome.resolve(false);
  });
  const cancel = clock.after(READY_WITHIN, () => outcome.resolve(false));
  const ok = await outcome.promise;
  cancel();
  const replay: ModelSession = {
    send: command => model.send(command),
    onEvent(next) {
      listener = next;
      for (const event of heard.splice(0)) next(event);
    },
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  };
  return {ok, replay};
}
