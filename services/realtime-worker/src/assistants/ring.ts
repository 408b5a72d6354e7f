import type {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import type {RingingCall} from '@voicebridge/assistant/definition.ts';
import {
  BadRingAnswer,
  checkBefore,
  checkRingAnswer,
  type RingAnswer,
  textsOf,
} from '@voicebridge/assistant/ring-answer.ts';
import {overlaid, type Version} from '@voicebridge/assistant/version.ts';
import type {RingAsked} from '@voicebridge/shared/cdr/call-record.ts';
import {tellMessage} from '@voicebridge/shared/observability/tell-error.ts';
import {type Log, logOfCall} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {NewCall} from './call-assistants.ts';

/** Asks RING_URL about a call. Rejects if that gives no answer. */
export type AskRingUrl = (call: RingingCall) => Promise<unknown>;

export interface RingDeps {
  readonly askUrl?: AskRingUrl | undefined;
  /** How long both questions may take together. The model's session is opened meanwhile. */
  readonly budgetMs: Millis;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'ringTotal' | 'ringSeconds'>;
  readonly log: Log;
}

/** Who answers a call, and with which variables of its own. */
export interface Rung {
  readonly version: Version;
  readonly given: Readonly<Record<string, string>>;
  /** The outcome of asking, if anything was asked. */
  readonly ring?: RingAsked;
}

/** Whether anything is to be asked before this assistant answers a call. */
export function isAsked({askUrl}: Pick<RingDeps, 'askUrl'>, {code}: Version): boolean {
  return askUrl !== undefined || code?.before !== undefined;
}

/**
 * Asks at ring time who answers and what fills in the variables: RING_URL first, then `before` of the assistant that is
 * to answer. Whatever goes wrong, the call is answered by `version` as its file is. Never rejects.
 */
export async function askAtRing(version: Version, call: NewCall, catalogue: Catalogue, deps: RingDeps): Promise<Rung> {
  const {clock, budgetMs, metrics} = deps;
  const log = logOfCall(deps.log, call.callSid);
  const began = clock.now();
  const over = new AbortController();
  const late = Promise.withResolvers<'late'>();
  const cancel = clock.after(budgetMs, () => {
    late.resolve('late');
    over.abort();
  });
  const asked = ask(version, ringing(call, over.signal), catalogue, deps).catch((thrown: unknown) => {
    if (over.signal.aborted) return 'late' as const;
    const outcome = thrown instanceof BadRingAnswer ? 'invalid' : 'failed';
    log.warn(
      {assistant: version.stored.assistant.name, why: tellMessage(thrown), outcome},
      'the answer at ring time cannot be used; the assistant answers as its file is',
    );
    return outcome;
  });
  const answer = await Promise.race([asked, late.promise]);
  cancel();
  const outcome = typeof answer === 'string' ? answer : ('answered' as const);
  const ring: RingAsked = {outcome, ms: Math.round(clock.now() - began)};
  metrics.ringTotal.inc({outcome});
  metrics.ringSeconds.observe(ring.ms / 1_000);
  if (answer === 'late') log.warn({budgetMs, outcome}, 'no answer at ring time; the assistant answers as its file is');
  return typeof answer === 'string' ? {version, given: {}, ring} : {...answer, ring};
}

async function ask(version: Version, call: RingingCall, catalogue: Catalogue, {askUrl}: RingDeps): Promise<Rung> {
  const names = catalogue.versions.map(({stored}) => stored.assistant.name);
  let rung: Rung = {version, given: {}};
  if (askUrl) rung = follow(rung, checkRingAnswer((await askUrl(call)) ?? {}, names), catalogue);
  const {before} = rung.version.code ?? {};
  // Whom `before` names is not asked again: two that name each other would never end.
  return before ? follow(rung, checkBefore(await before(call), names), catalogue) : rung;
}

function follow({version, given}: Rung, {assistant, variables, overrides}: RingAnswer, catalogue: Catalogue): Rung {
  const chosen = assistant === undefined ? version : (catalogue.named(assistant) ?? version);
  return {
    version: overrides === undefined ? chosen : overlaid(chosen, overrides),
    given: {...given, ...textsOf(variables)},
  };
}

function ringing({callSid, ring}: NewCall, signal: AbortSignal): RingingCall {
  const {direction = 'inbound', caller, callee, parameters = {}} = ring ?? {};
  return {callSid, direction, caller, callee, parameters, signal};
}
