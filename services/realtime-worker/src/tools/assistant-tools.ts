import type {Version} from '@voicebridge/assistant/version.ts';
import {hangUp} from './hang-up.ts';
import type {Tool} from './tool.ts';

/** What every assistant can do besides speaking, unless it says otherwise. */
export const assistantTools: readonly Tool[] = [hangUp];

/** What a version of an assistant can do besides speaking. */
export function toolsOf({stored}: Version): readonly Tool[] {
  return assistantTools.filter(({name}) => stored.tools[name] !== false);
}
