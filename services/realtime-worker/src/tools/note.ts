import {noteMistake, noteParameters, type NoteTool} from '@voicebridge/assistant/note-tool.ts';
import {Notes} from '@voicebridge/shared/cdr/call-record.ts';
import {wrongArguments} from './tool-failure.ts';
import type {ImmediateTool} from './tool.ts';

/** Keeps facts of a call as fields of its record. */
export function noteTool(name: string, tool: NoteTool): ImmediateTool {
  return {
    name,
    description: tool.about,
    parameters: noteParameters(tool),
    runs: 'at-once',
    run(args) {
      const mistake = noteMistake(tool, args);
      if (mistake !== undefined) return wrongArguments(name, mistake);
      return {kind: 'output', output: 'Noted.', notes: Notes.parse(args)};
    },
  };
}
