import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CallFacts} from './call-facts.ts';
import {type Callee, HUMAN} from './callee.ts';
import type {CallProgress, ToldMachine} from './call-progress.ts';

/** A call that the account makes, before anything is said on it. */
export interface Outgoing {
  readonly callee: Callee;
  /** How long it may ring. */
  readonly timeout: Millis;
  readonly machine: ToldMachine | undefined;
}

export interface RingCalleeDeps extends Outgoing {
  readonly call: CallFacts;
  readonly progress: Pick<CallProgress, 'tell' | 'tellMachine'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Aborted when the call is over: nothing is detected after that. */
  readonly over: AbortSignal;
}

/** Detection that need not wait for the end of an announcement is done early. */
const EARLY_MS = 2_000;

/** Rings whoever was called. Resolves with `answered`, or with how the call ends. */
export async function ringCallee(deps: RingCalleeDeps): Promise<'answered' | 'busy' | 'no-answer' | 'failed'> {
  const {callee, timeout, call, progress, clock, signal} = deps;
  progress.tell('initiated');
  if (callee.does === 'fail') {
    await sleep(clock, callee.after, signal);
    return 'failed';
  }
  call.status = 'ringing';
  progress.tell('ringing');
  if (callee.does === 'be-silent' || callee.after > timeout) {
    await sleep(clock, timeout, signal);
    return 'no-answer';
  }
  await sleep(clock, callee.after, signal);
  if (callee.does === 'be-busy') return 'busy';
  if (signal.aborted) return 'no-answer';
  call.status = 'in-progress';
  progress.tell('answered');
  void detect(deps);
  return 'answered';
}

async function detect({callee, machine, progress, clock, over}: RingCalleeDeps): Promise<void> {
  if (!machine || callee.does !== 'answer') return;
  const {as, after} = callee.detected ?? HUMAN;
  const isEarly = machine.mode === 'Enable' && as.startsWith('machine_');
  const at = isEarly ? Math.min(after, EARLY_MS) : after;
  await sleep(clock, at, over);
  if (!over.aborted) progress.tellMachine(machine, isEarly ? 'machine_start' : as, at);
}
