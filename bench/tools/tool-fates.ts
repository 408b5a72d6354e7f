import type {Seen} from './witness.ts';

/** What one session of the model knows of tools. */
export interface SessionTools {
  /** The ids of the tool calls in its conversation. */
  readonly calls: readonly string[];
  readonly results: readonly {readonly callId: string; readonly text: string}[];
  /** It ended while the caller was on the line: its worker had died. */
  readonly isBrokenOff: boolean;
}

/** What became of the tool calls that a model made. */
export interface ToolFates {
  readonly calls: number;
  /** Calls that may not run twice and did run, and of those the ones that the server was asked for more than once. */
  readonly once: number;
  readonly doubled: number;
  /** Calls that may run again, and of those the ones that did. */
  readonly repeatable: number;
  readonly repeated: number;
  /** The model has the server's answer; was told that it is not known; was told that the caller spoke; was told something else. */
  readonly told: number;
  readonly unknown: number;
  readonly cancelled: number;
  readonly failed: number;
  /** Nothing ran, and the session that asked ended with its worker, which had written nothing of it: nobody waits. */
  readonly unbegun: number;
  /** Nothing was told, and nobody is left to be told: we had ended the phone call, which is a fault of its own. */
  readonly over: number;
  /** The model was told nothing, although the tool ran or the session lives. */
  readonly lost: number;
  /** Which those are, as `callSid callId`, for whoever looks for them in the logs. */
  readonly lostIds: readonly string[];
  /** Told more than once in a session, or differently in two. */
  readonly toldTwice: number;
}

/**
 * Compares what the model asked for and was told with what the server was asked, by the ids of the tool calls. `broken`: the
 * phone calls that we ended.
 */
export function toolFates(
  sessions: readonly SessionTools[],
  seen: ReadonlyMap<string, Seen>,
  broken: ReadonlySet<string> = new Set(),
): ToolFates {
  const told = new Map<string, {session: number; text: string}[]>();
  for (const [session, {results}] of sessions.entries())
    for (const {callId, text} of results) told.set(callId, [...(told.get(callId) ?? []), {session, text}]);
  const living = new Set(sessions.flatMap(({isBrokenOff, calls}) => (isBrokenOff ? [] : calls)));
  const ids = [...new Set([...sessions.flatMap(({calls}) => calls), ...seen.keys()])];
  const all = ids.map(callId => {
    const of = seen.get(callId);
    const isOver = of !== undefined && broken.has(of.callSid);
    return fateOf(callId, told.get(callId) ?? [], of, {isLiving: living.has(callId), isOver});
  });
  const count = (is: (fate: (typeof all)[number]) => boolean) => all.filter(is).length;
  return {
    calls: all.length,
    once: count(({method}) => method === 'POST'),
    doubled: count(({method, requests}) => method === 'POST' && requests > 1),
    repeatable: count(({method}) => method === 'GET'),
    repeated: count(({method, requests}) => method === 'GET' && requests > 1),
    told: count(({is}) => is === 'told'),
    unknown: count(({is}) => is === 'unknown'),
    cancelled: count(({is}) => is === 'cancelled'),
    failed: count(({is}) => is === 'failed'),
    unbegun: count(({is}) => is === 'unbegun'),
    over: count(({is}) => is === 'over'),
    lost: count(({is}) => is === 'lost'),
    lostIds: ids.flatMap((id, at) => (all[at]?.is === 'lost' ? [`${seen.get(id)?.callSid ?? 'unknown'} ${id}`] : [])),
    toldTwice: count(({isTwice}) => isTwice),
  };
}

function fateOf(
  callId: string,
  told: readonly {readonly session: number; readonly text: string}[],
  seen: Seen | undefined,
  {isLiving, isOver}: {readonly isLiving: boolean; readonly isOver: boolean},
) {
  const texts = new Set(told.map(({text}) => text));
  const [text] = texts;
  return {
    method: seen?.method,
    requests: seen?.spans.length ?? 0,
    is: text === undefined ? untold(seen !== undefined || isLiving, isOver) : isOf(callId, text),
    isTwice: texts.size > 1 || told.length > new Set(told.map(({session}) => session)).size,
  };
}

function untold(isWaitedFor: boolean, isOver: boolean): 'unbegun' | 'over' | 'lost' {
  if (!isWaitedFor) return 'unbegun';
  return isOver ? 'over' : 'lost';
}

function isOf(callId: string, text: string): 'told' | 'unknown' | 'cancelled' | 'failed' {
  if (text.includes(callId)) return 'told';
  if (text.includes('not known')) return 'unknown';
  return text.includes('caller spoke') ? 'cancelled' : 'failed';
}
