import {hangUp} from './hang-up.ts';
import type {Tool} from './tool.ts';

/** Everything that the assistant can do besides speaking. A new tool is a file beside this one, and a line here. */
export const assistantTools: readonly Tool[] = [hangUp];
