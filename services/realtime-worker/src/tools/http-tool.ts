import {requestOf, resultOf} from '@voicebridge/assistant/http/http-tool.ts';
import type {StoredTool} from '@voicebridge/assistant/stored-tool.ts';
import type {ToolArguments} from '../events/tool-outcome.ts';
import {inWords, parametersOf, rulesOf} from './own-tool.ts';
import type {BackgroundTool, ToolJob} from './tool.ts';

/** A tool that asks a server. A GET may be repeated unless the tool says otherwise. */
export function httpTool(
  name: string,
  tool: Extract<StoredTool, {kind: 'http'}>,
  variables: Readonly<Record<string, string>>,
): BackgroundTool {
  const {about, parameters, method, pick, repeatable = method === 'GET'} = tool;
  return {
    ...rulesOf({...tool, repeatable}),
    name,
    description: about,
    parameters: parametersOf(parameters),
    async run(args: ToolArguments, {key, secrets, signal, send}: ToolJob) {
      const {ok, output} = resultOf(await send(requestOf(tool, args, {key, variables, secrets, signal})), pick);
      return {kind: ok ? 'output' : 'failed', output: inWords(output)};
    },
  };
}
