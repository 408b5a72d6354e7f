import {z} from 'zod';
import {Definition, off, toolName} from '../definition.ts';
import {WrittenTool} from './written-tool.ts';

/** An assistant as a YAML file defines it. It becomes the same value as one in code. */
export const YamlDefinition = Definition.extend({
  tools: z
    .record(toolName, z.union([WrittenTool, off.transform(() => false as const)]))
    .optional()
    .describe('what it can do besides speaking; `hang_up: off` takes that away'),
});
