import type {SwitchTool} from '@voicebridge/assistant/switch-tool.ts';
import type {ToolArguments} from '../events/tool-outcome.ts';
import type {SwitchingTool} from './tool.ts';

/** Gives the call to another assistant. */
export function switchTool(name: string, {about, to}: SwitchTool): SwitchingTool {
  const targetOf = ({assistant}: ToolArguments) => to.find(each => each === assistant);
  return {
    name,
    description: about,
    parameters: {
      type: 'object',
      properties: {assistant: {type: 'string', enum: to}},
      required: ['assistant'],
      additionalProperties: false,
    },
    runs: 'switch',
    check: args => (targetOf(args) === undefined ? `assistant: must be ${to.join(' or ')}` : undefined),
    targetOf,
  };
}
