import type {Millis} from '@voicebridge/shared/time.ts';
import type {Expectations} from './call-file.ts';
import type {Evidence, ToolCalled} from './evidence.ts';

/** An expectation that was not met. */
export interface Failure {
  readonly expected: string;
  readonly came: string;
}

/** What was expected of a call and did not come; empty if all is well. */
export function judge(expects: Expectations, evidence: Evidence): Failure[] {
  const {tools, transfers, turnGapsMs, heard, endedBy, faults} = evidence;
  const failures: Failure[] = faults.map(came => ({expected: 'nothing that a peer refuses', came}));
  const expect = (isMet: boolean, expected: string, came: string) => {
    if (!isMet) failures.push({expected, came});
  };
  // Nobody waits for the result of a transfer whose caller a person took: the assistant is out of the call.
  const isTaken = transfers.some(({outcome}) => outcome === 'accepted');
  const isDone = (tool: ToolCalled) => isAnswered(tool) || (isTaken && tool === tools.at(-1));
  for (const [name, wanted] of Object.entries(expects.tool)) {
    const calls = tools.filter(tool => tool.name === name);
    if (wanted === false) expect(calls.length === 0, `no call of ${name}`, told(calls));
    else if (wanted === true) expect(calls.some(isDone), `a call of ${name}, and its result`, told(tools));
    else {
      const isMet = calls.some(call => isDone(call) && holds(call.args, wanted));
      expect(isMet, `a call of ${name} with ${JSON.stringify(wanted)}, and its result`, told(tools));
    }
  }
  for (const [name, pattern] of Object.entries(expects.result)) {
    const calls = tools.filter(tool => tool.name === name);
    const isMet = calls.some(({result}) => result !== undefined && matches(pattern, result));
    expect(isMet, `a result of ${name} that matches ${String(pattern)}`, told(calls));
  }
  for (const pattern of expects.heard)
    expect(matches(pattern, heard), `the caller hears ${String(pattern)}`, heard === '' ? 'silence' : `“${heard}”`);
  for (const [index, {to, outcome}] of expects.transferred.entries()) {
    const came = transfers[index];
    const isMet = came?.to === to && (outcome === undefined || came.outcome === outcome);
    const were = transfers.map(each => `${each.to}: ${each.outcome}`).join('; ');
    expect(
      isMet,
      `the caller is sent to ${to}${outcome === undefined ? '' : `: ${outcome}`}`,
      were || 'no telephone rang',
    );
  }
  const {turnGapP95Ms: most} = expects;
  if (most !== undefined) {
    const p95 = percentile95(turnGapsMs);
    const came = p95 === undefined ? 'no answer at all' : `${Math.round(p95)} ms, of ${turnGapsMs.length} answers`;
    expect(p95 !== undefined && p95 <= most, `answers within ${most} ms (p95)`, came);
  }
  if (expects.endedBy !== undefined) {
    expect(endedBy === expects.endedBy, `the ${expects.endedBy} ends the call`, `the ${endedBy} ended it`);
  }
  return failures;
}

/** The smallest value that 95 of 100 values do not exceed. */
export function percentile95(values: readonly Millis[]): Millis | undefined {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1];
}

/** Whether a value has all that another one says; what it has besides does not matter. */
export function holds(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return value === wanted;
  if (typeof value !== 'object' || value === null || Array.isArray(value) !== Array.isArray(wanted)) return false;
  return Object.entries(wanted).every(([key, part]) => holds((value as Record<string, unknown>)[key], part));
}

function isAnswered({result}: ToolCalled): boolean {
  return result !== undefined;
}

/** A global pattern remembers where it stopped, which nobody means here. */
function matches(pattern: RegExp, text: string): boolean {
  return text.search(pattern) >= 0;
}

function told(calls: readonly ToolCalled[]): string {
  if (calls.length === 0) return 'no tool was called';
  return calls.map(({name, args, result}) => `${name} ${JSON.stringify(args)} → ${result ?? 'no result'}`).join('; ');
}
