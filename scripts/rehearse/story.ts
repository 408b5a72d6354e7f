import {styleText} from 'node:util';
import type {Reply} from '../../simulators/openai/src/answering/model-script.ts';
import type {LogLine} from '../../tools/local-stack/log-line.ts';
import type {CallerDoes} from './call-file.ts';
import type {Evidence, ToolCalled} from './evidence.ts';
import type {Failure} from './judge.ts';
import {percentile95} from './judge.ts';

/** What the scripted model is about to do. */
export function replyLines(reply: Reply): string[] {
  return reply.flatMap(part => {
    if ('call' in part) return [`calls      ${part.call.name} ${JSON.stringify(part.call.arguments)}`];
    return 'say' in part && typeof part.say !== 'string' ? [`assistant  ${part.say.text}`] : [];
  });
}

/** Says of each `presses` of the file, at the first of its keys, which keys they are. */
export function keysStory(does: readonly CallerDoes[]): (digit: string) => string | undefined {
  const entries = does.flatMap(one => ('presses' in one ? [one.presses] : []));
  let left = 0;
  return digit => {
    const isFirst = left === 0;
    const keys = isFirst ? (entries.shift() ?? digit) : '';
    left += keys.length - 1;
    return isFirst ? `presses    ${keys}` : undefined;
  };
}

/** What a line about a tool says of the reason. */
const REASONS = ['code', 'message', 'detail', 'timeoutMs'];

/** What a worker says of a tool that failed, for the builder who wonders why. */
export function toolWarning({json}: LogLine): string | undefined {
  if (typeof json?.['tool'] !== 'string' || (json['level'] !== 'warn' && json['level'] !== 'error')) return undefined;
  const reasons = REASONS.flatMap(name => (json[name] === undefined ? [] : [`${name} ${textOf(json[name])}`]));
  // Where in the builder's own code; of ours or of Node, the reason is enough.
  const [frame = ''] = textOf(json['stack'] ?? '').split('\n');
  const own = /[/\\](libs|services|node_modules)[/\\]|\(node:|^$/.test(frame) ? [] : [frame.trim()];
  return `worker     ${json['tool']}: ${textOf(json['msg'])} (${[...reasons, ...own].join(', ')})`;
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** The most that is shown of a result, in characters. */
const SHOWN = 200;

/** What the model was told by each tool: a tool that failed is seen even where nothing is expected of it. */
export function resultLines(tools: readonly ToolCalled[]): string[] {
  return tools.map(({name, result}) => {
    const text = result?.replaceAll(/\s+/g, ' ') ?? 'no result';
    return `        result     ${name} ${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}`;
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
