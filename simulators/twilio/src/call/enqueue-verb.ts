import {sid} from '../sid.ts';
import {type CallFlowDeps, type Step, type VerbOf, wait} from './call-flow-deps.ts';
import {goOn, type Next} from './next.ts';
import type {Person} from './person.ts';
import {waits} from './waiting.ts';

/** `<Enqueue>`: the caller waits in a queue. */
export async function enqueue(
  verb: VerbOf<'Enqueue'>,
  {url, signal}: Step,
  deps: CallFlowDeps,
): Promise<Next | undefined> {
  const {settings, handedTo, serves, call} = deps;
  handedTo(`Enqueue: ${verb.queue}`);
  const server = serves(verb.queue);
  if (server) return queue(verb, server, {url, signal}, deps);
  const {result, ms} = settings.enqueueOutcome;
  await wait(deps, ms, signal);
  return goOn(verb, url, {
    QueueResult: result,
    QueueSid: sid('QU'),
    QueueTime: String(Math.round(ms / 1000)),
    CallSid: call.callSid,
  });
}

/** The caller waits until somebody takes them, or what they hear there makes them leave. */
async function queue(
  verb: VerbOf<'Enqueue'>,
  server: Person,
  {url, signal}: Step,
  deps: CallFlowDeps,
): Promise<Next | undefined> {
  const {clock, call} = deps;
  const from = clock.now();
  const ended = (QueueResult: string) =>
    goOn(verb, url, {
      QueueResult,
      QueueSid: sid('QU'),
      QueueTime: String(Math.round((clock.now() - from) / 1000)),
      CallSid: call.callSid,
    });
  if (server.does === 'be-busy') return ended('queue-full');
  if (server.does === 'fail') return ended('system-error');
  const isTaken = server.does === 'answer' ? wait(deps, server.after, signal).then(() => true) : undefined;
  const waiting = new AbortController();
  const stop = () => waiting.abort();
  signal.addEventListener('abort', stop, {once: true});
  const left = leavesQueue(verb, {url, signal: waiting.signal}, deps).then(() => false);
  const taken = await Promise.race([left, ...(isTaken ? [isTaken] : [])]);
  waiting.abort();
  if (signal.aborted) return undefined;
  if (!taken) return ended('leave');
  if (server.does === 'answer') await wait(deps, server.talks, signal);
  return ended('bridged');
}

/** Resolves when a document makes the caller leave the queue. */
async function leavesQueue(
  {waitUrl, method}: VerbOf<'Enqueue'>,
  {url, signal}: Step,
  deps: CallFlowDeps,
): Promise<void> {
  if (waitUrl === undefined)
    return await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), {once: true}));
  const source = {url: new URL(waitUrl, url).href, method, params: {QueueTime: '0'}, mayLeave: true};
  return await waits(source, deps, signal);
}
