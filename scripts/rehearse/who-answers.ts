import type {Definition} from '@voicebridge/assistant/definition.ts';
import {AssistantsFolder, numbersOf} from '@voicebridge/assistant/load/read-folder.ts';
import type {NamedRehearsal} from './read-call-files.ts';

/** Called where an assistant answers all numbers. */
const ANY_NUMBER = '+15550100002';

/** Called by an assistant that makes calls. */
const SOMEBODY = '+15550100099';

/** A rehearsal and the number that it calls. */
export interface Part extends NamedRehearsal {
  readonly to: string;
}

/** Which number each rehearsal calls, or what is wrong: with an assistant, or with a rehearsal of none. */
export async function whoAnswers(
  folder: string,
  rehearsals: readonly NamedRehearsal[],
): Promise<{
  readonly parts: readonly Part[];
  /** The environment variables that its tools send as secrets. */
  readonly secrets: readonly string[];
  readonly problems: readonly string[];
}> {
  using assistants = new AssistantsFolder(folder);
  const read = await assistants.read();
  const problems = [...read.problems];
  const parts: Part[] = [];
  for (const named of rehearsals) {
    const loaded = read.assistants.find(({name}) => name === named.assistant);
    const [number] = loaded === undefined ? [] : numbersOf(loaded.definition);
    const usual = named.rehearsal.callOut ? SOMEBODY : number === '*' ? ANY_NUMBER : number;
    const to = named.rehearsal.to ?? usual;
    if (loaded === undefined && read.problems.length === 0)
      problems.push(`${named.file} is for an assistant ${named.assistant}, and there is none`);
    else if (loaded !== undefined && to === undefined)
      problems.push(
        `${named.file} is for an assistant that answers no number: give it \`answers\`, or say in \`to\` the number of one that passes callers on to it`,
      );
    else if (to !== undefined) parts.push({...named, to});
  }
  const secrets = read.assistants.flatMap(({definition}) => Object.values(definition.tools ?? {}).flatMap(secretsOf));
  return {parts, secrets, problems};
}

function secretsOf(tool: NonNullable<Definition['tools']>[string]): string[] {
  if (tool === false || (tool.kind !== 'http' && tool.kind !== 'mcp')) return [];
  const inHeaders = Object.values(tool.headers ?? {}).flatMap(value => (typeof value === 'string' ? [] : [value.env]));
  return tool.kind === 'mcp' ? [...inHeaders, ...(tool.env ?? [])] : inHeaders;
}
