import type {Version} from '@voicebridge/assistant/version.ts';
import {hangUp} from './hang-up.ts';
import {ownTool} from './own-tool.ts';
import type {Tool} from './tool.ts';

/** What every assistant can do besides speaking, unless it says otherwise. */
export const assistantTools: readonly Tool[] = [hangUp];

/**
 * What a version of an assistant can do besides speaking, on a call with these variables. Where its code is not known, its
 * tools in code are missing.
 */
export function toolsOf({stored, code}: Version, variables: Readonly<Record<string, string>> = {}): readonly Tool[] {
  const own = Object.entries(code?.tools ?? {}).flatMap(([name, tool]) =>
    tool.kind === 'code' ? [ownTool(name, tool, variables)] : [],
  );
  const brought = assistantTools.filter(
    ({name}) => stored.tools[name] !== false && !own.some(tool => tool.name === name),
  );
  return [...brought, ...own];
}
