import type {ToolArguments} from '../events/tool-outcome.ts';

/** Arguments as a text that is the same for the same values, in whatever order the model wrote them. */
export function canonical(args: ToolArguments): string {
  return JSON.stringify(sorted(args));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, sorted(each)] as const);
  return Object.fromEntries(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
