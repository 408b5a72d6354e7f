import {type DigitsTool, entryRuleOf} from '@voicebridge/assistant/digits-tool.ts';
import type {KeypadTool} from './tool.ts';

/** Collects digits that the caller enters on the keypad. */
export function digitsTool(name: string, tool: DigitsTool): KeypadTool {
  return {
    name,
    description: tool.about,
    parameters: {type: 'object', properties: {}, additionalProperties: false},
    runs: 'on-keys',
    as: tool.as,
    tells: tool.tells,
    rule: entryRuleOf(tool),
  };
}
