import {createHash} from 'node:crypto';
import {isWithin, MANY_FACTS} from '@voicebridge/shared/protocol/json-bounds.ts';
import {z} from 'zod';
import type {Before, Definition} from './definition.ts';
import type {LoadedAssistant} from './load/read-folder.ts';
import {resolve} from './resolve.ts';
import {ResolvedAssistant} from './resolved.ts';
import type {Tool} from './tool.ts';
import {StoredTool, storedTool} from './stored-tool.ts';

/**
 * What is kept of a version in Redis: data alone. In its texts variables still stand as `{{name}}`, so that a version is
 * the same for all its calls, and calls can be compared by it.
 */
export const StoredVersion = z.object({
  assistant: ResolvedAssistant,
  /** By name. Undefined as a whole: the tools of an assistant that says nothing of tools. */
  tools: z.record(z.string(), z.union([StoredTool, z.literal(false)])),
  /** A hash of its code; null: it has none. */
  source: z.string().nullable(),
});
export type StoredVersion = z.infer<typeof StoredVersion>;

/** One version of an assistant. */
export interface Version {
  /** The hash of `stored`. */
  readonly hash: string;
  readonly stored: StoredVersion;
  /** What only a process that has read its file can do: run its tools, and ask `before`. */
  readonly code: {readonly tools: Readonly<Record<string, Tool>>; readonly before?: Before | undefined} | undefined;
}

/** The version of an assistant as its file is now. `base`: the assistant of the environment. */
export function versionOf(base: ResolvedAssistant, {name, definition, prompt, source}: LoadedAssistant): Version {
  return version({name, base, definition, prompt, source});
}

/** The version of an assistant without a file. */
export function plainVersion(assistant: ResolvedAssistant): Version {
  const stored = {assistant, tools: {}, source: null};
  return {hash: hashOf(stored), stored, code: {tools: {}}};
}

/** The same assistant with other words of a definition laid over it. */
export function overlaid({stored, code}: Version, definition: Definition): Version {
  const assistant = resolve(definition, {name: stored.assistant.name, base: stored.assistant});
  const own = {...stored, assistant};
  return {hash: hashOf(own), stored: own, code};
}

/** A version that was read from Redis; undefined if the text is none, or more than an assistant can be. Its tools in code cannot be run here. */
export function storedVersion(hash: string, text: string): Version | undefined {
  if (!isWithin(MANY_FACTS, text)) return undefined;
  try {
    const {data} = StoredVersion.safeParse(JSON.parse(text));
    return data && {hash, stored: data, code: undefined};
  } catch {
    return undefined;
  }
}

function version({
  name,
  base,
  definition,
  prompt,
  source,
}: {
  readonly name: string;
  readonly base: ResolvedAssistant;
  readonly definition: Definition;
  readonly prompt: string | undefined;
  readonly source: string | undefined;
}): Version {
  const written = Object.entries(definition.tools ?? {});
  const tools = written.map(([key, tool]) => [key, tool === false ? tool : storedTool(tool)] as const);
  const stored = {
    assistant: resolve(definition, {name, base, prompt}),
    tools: Object.fromEntries(tools),
    source: source ?? null,
  };
  const code = written.flatMap(([key, tool]) => (tool === false ? [] : [[key, tool] as const]));
  return {hash: hashOf(stored), stored, code: {tools: Object.fromEntries(code), before: definition.before}};
}

/** Sixteen digits: nobody has so many versions that two of them would be the same. */
function hashOf(stored: StoredVersion): string {
  return createHash('sha256').update(JSON.stringify(stored)).digest('hex').slice(0, 16);
}
