import type {CallEntry, Facts} from '@voicebridge/shared/call-directory/call-directory.ts';
import {logOfCall} from '@voicebridge/shared/observability/log.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerReply, WorkerRequest} from '@voicebridge/shared/protocol/worker-rpc.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallAssistants, Found} from '../assistants/call-assistants.ts';
import type {CallDeps} from '../call-session/call-deps.ts';
import {captured} from '../call-session/captured-call.ts';
import {keptAssistant, restoreCall} from '../journal/restore-call.ts';
import {CallSession} from '../call-session/call-session.ts';
import type {JournalSeal} from '../events/journal-seal.ts';
import type {ModelEvent, ModelSession, SessionSettings} from '../model/model-adapter.ts';
import {sessionSettings} from '../call-session/session-settings.ts';

export type TakeRequest = Extract<WorkerRequest, {type: 'take'}>;
export type Reply = Pick<WorkerReply, 'answer' | 'epoch' | 'settledMs' | 'digits'>;

/** A drained call moves only to a model session that is ready. It must be ready within this time. */
const MODEL_READY_WITHIN: Millis = 3_000;

export interface TakeResult {
  readonly reply: Reply;
  /** It listens to the caller; its model is to be started. */
  readonly session?: CallSession;
  /** The same, as soon as it is known who answers; undefined: the call cannot be gone on with. It never rejects. */
  readonly coming?: Promise<CallSession | undefined>;
}

/**
 * Takes a call, or replies that another worker owns it. The directory decides: of all workers that claim one epoch, one
 * wins. When the session is opened depends on the cause:
 * - `new`: before the claim, so that the model connects while Twilio still sets up the stream;
 * - `worker-drained`: before the claim, which waits until the session is ready, so that the caller does not wait for it;
 * - `worker-lost`: after the claim.
 * A call whose journal cannot be read, or whose stream cannot be listened to, is given back: the reply is `unknown` with
 * the epoch in which another worker can claim it.
 */
export async function takeCall(request: TakeRequest, assistants: CallAssistants, all: CallDeps): Promise<TakeResult> {
  const {cause, stream} = request;
  // Redis opens the way to the caller while it decides who gets the call: after a death, dozens of callers wait for both.
  const expected = cause === 'worker-lost' && stream ? all.channels.expectStream(stream.streamSid) : undefined;
  try {
    return await take(request, assistants, all);
  } finally {
    expected?.();
  }
}

async function take(request: TakeRequest, assistants: CallAssistants, all: CallDeps): Promise<TakeResult> {
  const deps = captured(all, request.callSid);
  const {directory, adapter, clock, worker} = deps;
  const seal = deps.sealOf(request.callSid);
  const facts = {...request.facts, ...(request.traceparent === undefined ? {} : {traceparent: request.traceparent})};
  // Several workers may be asked for the calls of a dead one, dozens at a time: only the winner opens a session.
  const found = request.cause === 'worker-lost' ? undefined : await assistantOf(request, assistants, {directory, seal});
  // The call stays where its tools can be run, until the drain ends.
  if (request.cause === 'worker-drained' && found?.first.lacksCode)
    return {reply: {answer: 'unknown', epoch: request.epoch}};
  const settings = found && settingsOf(found, facts);
  const preopened = settings && adapter.open(settings);
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
      assistant: found?.first.name ?? request.assistant,
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
  if (found?.later) return {reply: {answer: 'yes', epoch: call.epoch}, coming: begin(found, call, preopened, deps)};
  let session: CallSession | undefined;
  let known: Pick<WorkerReply, 'settledMs' | 'digits'> = {};
  try {
    const entries = seal.read(claim.journal);
    const restored = entries.length === 0 ? undefined : restoreCall(entries, clock.wall());
    const model = ready?.replay ?? preopened;
    const assistant =
      found?.first ?? (await assistants.ofKnown({assistant: call.assistant, kept: restored?.assistant}));
    session = new CallSession(deps, assistant, call, {model, seal, entries, restored, cause: request.cause});
    const {streamSid, settledMs, digits} = restored?.stream ?? {};
    if (streamSid === request.stream?.streamSid) known = {settledMs, digits};
    // Listen to the caller first: after a worker died, dozens of callers may be waiting.
    if (request.stream) await session.attach(request.stream.streamSid, request.stream.edge, call.epoch);
  } catch (thrown) {
    logOfCall(deps.log, call.callSid).error({err: thrown}, 'cannot go on with the call; it is given back');
    session?.release('it could not be taken');
    if (!session) await preopened?.[Symbol.asyncDispose]();
    return {reply: {answer: 'unknown', epoch: call.epoch}};
  }
  return {reply: {answer: 'yes', epoch: call.epoch, ...known}, session};
}

/** The assistant of a call before it is claimed. A call that another worker has keeps its own. */
async function assistantOf(
  {callSid, epoch, assistant, ring}: TakeRequest,
  assistants: CallAssistants,
  {directory, seal}: Pick<CallDeps, 'directory'> & {readonly seal: JournalSeal},
): Promise<Found> {
  if (epoch === 0) return assistants.ofNew({callSid, assistant, ring});
  const entries = seal.read(await directory.journal(callSid));
  return {first: await assistants.ofKnown({assistant, kept: keptAssistant(entries)})};
}

function settingsOf({first, later}: Found, facts: Facts): SessionSettings {
  const settings = sessionSettings(first, {facts});
  return later ? {...settings, later: later.then(assistant => sessionSettings(assistant, {facts}))} : settings;
}

/** Begins a new call when it is known who answers. Its model connects meanwhile; it is another one if that was chosen. */
async function begin(
  {first, later}: Found,
  call: CallEntry,
  preopened: ModelSession | undefined,
  deps: CallDeps,
): Promise<CallSession | undefined> {
  let model = preopened;
  try {
    const assistant = (await later) ?? first;
    if (assistant.model !== first.model) {
      await preopened?.[Symbol.asyncDispose]();
      model = deps.adapter.open(sessionSettings(assistant, call));
    }
    const seal = deps.sealOf(call.callSid);
    return new CallSession(deps, assistant, call, {model, seal, entries: [], restored: undefined, cause: 'new'});
  } catch (thrown) {
    logOfCall(deps.log, call.callSid).error({err: thrown}, 'cannot begin the call');
    // Whoever waits for the call must learn that it does not come.
    await model?.[Symbol.asyncDispose]().then(undefined, () => {});
    return undefined;
  }
}

/** Claims an orphaned call only to send its record. Undefined if the call has ended or another worker won. */
export async function claimOrphan(callSid: CallSid, deps: Pick<CallDeps, 'directory' | 'clock' | 'worker' | 'sealOf'>) {
  const {directory, clock, worker, sealOf} = deps;
  const call = await directory.read(callSid);
  if (!call || call.state === 'ended') return undefined;
  const claim = await directory.claim(callSid, {epoch: call.epoch, owner: worker, at: clock.wall()});
  return claim.won ? {call: claim.call, entries: sealOf(callSid).read(claim.journal)} : undefined;
}

/** Waits until a session is ready. `replay` is the same session; it repeats the events so far to its first listener. */
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
    hear: (bytes, from, to) => model.hear(bytes, from, to),
    setPaused: isPaused => model.setPaused(isPaused),
    onEvent(next) {
      listener = next;
      for (const event of received.splice(0)) next(event);
    },
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  };
  return {ok, replay};
}
