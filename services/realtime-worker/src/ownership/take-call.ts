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

export type TakeRequest = Extract<WorkerRequest, {type: 'take'}>;
export type Reply = Pick<WorkerReply, 'answer' | 'epoch' | 'settledMs'>;

/** A call that moves without haste moves only to a session that is ready; no longer than this. */
const MODEL_READY_WITHIN: Millis = 3_000;

export interface TakeResult {
  readonly reply: Reply;
  readonly session?: CallSession;
}

/**
 * Takes a call, or says who else has it. The directory decides: many may try, one wins. A new call answers at once and
 * its model session is opened while Twilio still sets the stream up; a call that a living worker hands over is only
 * claimed once the session is ready, so that the caller never waits for it; the call of a dead one is claimed first.
 */
export async function takeCall(request: TakeRequest, assistant: Assistant, deps: CallDeps): Promise<TakeResult> {
  const {directory, adapter, clock, worker} = deps;
  const facts = {...request.facts, ...(request.traceparent === undefined ? {} : {traceparent: request.traceparent})};
  // Several may be asked to take the call of a dead worker, and dozens of calls at once: only who wins opens a session.
  const preopened = request.cause === 'worker-lost' ? undefined : adapter.open(sessionSettings(assistant, {facts}));
  const ready = preopened && request.cause === 'worker-drained' ? await waitUntilReady(preopened, deps) : undefined;
  if (ready?.ok === false) {
    await preopened?.[Symbol.asyncDispose]();
    return {reply: {answer: 'unknown', epoch: request.epoch}};
  }
  const claim = await directory
    .claim(request.callSid, {
      epoch: request.epoch,
      owner: worker,
      at: clock.wall(),
      assistant: request.assistant,
      facts,
      ...(request.ticket === undefined ? {} : {ticket: request.ticket}),
    })
    .catch(async (thrown: unknown) => {
      await preopened?.[Symbol.asyncDispose]();
      throw thrown;
    });
  if (!claim.won) {
    await preopened?.[Symbol.asyncDispose]();
    return {reply: {answer: 'taken', epoch: claim.call?.epoch ?? request.epoch}};
  }
  const {call} = claim;
  const entries = readJournal(claim.journal);
  const restored = entries.length === 0 ? undefined : restoreCall(entries, clock.wall());
  const model = ready?.replay ?? preopened;
  const session = new CallSession(deps, assistant, call, {model, entries, restored, cause: request.cause});
  // First of all the caller is listened to. When a worker died there are dozens who wait for that.
  if (request.stream) await session.attach(request.stream.streamSid, request.stream.edge, call.epoch);
  session.startModel();
  const settledMs = restored?.stream?.streamSid === request.stream?.streamSid ? restored?.stream?.settledMs : undefined;
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
async function waitUntilReady(model: ModelSession, {clock}: Pick<CallDeps, 'clock'>) {
  const received: ModelEvent[] = [];
  const outcome = Promise.withResolvers<boolean>();
  let listener: ((event: ModelEvent) => void) | undefined;
  model.onEvent(event => {
    if (listener) return listener(event);
    received.push(event);
    if (event.type === 'ready') outcome.resolve(true);
    if (event.type === 'lost') outcome.resolve(false);
  });
  const cancel = clock.after(MODEL_READY_WITHIN, () => outcome.resolve(false));
  const ok = await outcome.promise;
  cancel();
  const replay: ModelSession = {
    send: command => model.send(command),
    onEvent(next) {
      listener = next;
      for (const event of received.splice(0)) next(event);
    },
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  };
  return {ok, replay};
}
