import {styleText} from 'node:util';
import type {Reply} from '../../simulators/openai/src/answering/model-script.ts';
import type {Evidence} from './evidence.ts';
import type {Failure} from './judge.ts';
import {percentile95} from './judge.ts';

/** What the scripted model is about to do. */
export function replyLines(reply: Reply): string[] {
  return reply.flatMap(part => {
    if ('call' in part) return [`calls      ${part.call.name} ${JSON.stringify(part.call.arguments)}`];
    return 'say' in part && typeof part.say !== 'string' ? [`assistant  ${part.say.text}`] : [];
  });
}

/** How a rehearsal went, in a line, and a few more for each thing that was not as expected. */
export function verdictLines(file: string, evidence: Evidence, failures: readonly Failure[]): string[] {
  const p95 = percentile95(evidence.turnGapsMs);
  const figures = [
    `${(evidence.lastedMs / 1_000).toFixed(1)} s`,
    ...(evidence.firstWordMs === undefined ? [] : [`first word after ${Math.round(evidence.firstWordMs)} ms`]),
    ...(p95 === undefined ? [] : [`answers within ${Math.round(p95)} ms (p95 of ${evidence.turnGapsMs.length})`]),
    ...(evidence.interruptions === 0 ? [] : [`interruptions: ${evidence.interruptions}`]),
    `ended by the ${evidence.endedBy}`,
  ].join(', ');
  if (failures.length === 0) return [styleText('green', `ok  ${file}: ${figures}`)];
  return [
    styleText('red', `x   ${file}: ${figures}`),
    ...failures.flatMap(({expected, came}) => [`    expected  ${expected}`, `    came      ${came}`]),
  ];
}
